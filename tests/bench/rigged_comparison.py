"""A worker for two models in turns that ends as its request says: of which model, and how."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence

import numpy as np

from tflint.execution.frames import Array, Json

# How the process ends is what the first value of the first input of a model says.
CRASH_IN_TRIAL, HANG_IN_TRIAL, REFUSE, NO_MEMORY, CRASH_LATER = 1, 2, 3, 4, 5


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    inputs = arrays[2:]
    for which in (0, 1):
        yield {"trying": which}, ()
        end = int(inputs[which].flat[0])
        if end == CRASH_IN_TRIAL:
            os.kill(os.getpid(), signal.SIGSEGV)
        if end == HANG_IN_TRIAL:
            time.sleep(600)
        if end == REFUSE:
            yield {"refused": "not\ntoday", "model": which}, ()
            return
        if end == NO_MEMORY:
            yield {"failed": "it has no memory left", "model": which}, ()
            return
    for load in range(6):
        if load == 3 and any(int(values.flat[0]) == CRASH_LATER for values in inputs):
            os.kill(os.getpid(), signal.SIGSEGV)
        blocks = np.full((3, 8), 1000.0)
        yield (
            {"loads": 6, "runs": [30, 30]},
            (blocks, np.array([5e5, 5e5]), np.array([2e3, 2e3])),
        )
