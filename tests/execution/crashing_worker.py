"""LiteRT's worker, but for inputs that begin with 13: those take it down."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence

from tflint.execution import litert_worker
from tflint.execution.frames import Array, Json


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    for number, run in enumerate(request["runs"]):
        if any(arrays[index].flat[0] == 13 for index in run["inputs"]):
            os.kill(os.getpid(), signal.SIGSEGV)
        for head, found in litert_worker.answer({"runs": [run]}, arrays):
            yield {**head, "run": number}, found
