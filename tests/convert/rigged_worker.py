"""A worker that does, in the place of TensorFlow, what the name of its file asks for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tflint.convert.request import Attempt, Network, Port, Rebuilt, Support
from tflint.convert.tensorflow import worker
from tflint.execution.frames import Array, Json
from tflint.fix.proof.samples import Samples


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Say what it is at, then come to the end that is asked for."""
    yield {"event": "progress", "text": "converting"}, ()
    path = Path(request["origin"]["path"])
    what = path.stem
    if what == "hangs":
        (path.parent / "started").touch()
        time.sleep(600)
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "memory":
        held = [np.zeros(1 << 26) for _ in range(1 << 12)]
        yield {"event": "progress", "text": str(len(held))}, ()
    if what == "raises":
        raise RuntimeError("a defect \x1b[31m of tflint")
    if what == "works":
        yield _converted(path.parent / "rigged")
    if what == "refused":
        yield {"event": "refused", "reason": "it holds no \x1b[31m network"}, ()


def _converted(folder: Path) -> tuple[Json, Sequence[Array]]:
    """What a test has put into a folder: a model, inputs of the original, and its answers."""
    network = Network(
        "keras 3",
        (Port("x", (None, 1, 8, 8), "float32", (0, 2, 3, 1)),),
        (Port("y", (None, 3), "float32"),),
        (Rebuilt("channels_last", ("conv",)),),
    )
    samples = Samples((np.load(folder / "x.npy"),), source="16 samples", is_random=True)
    model, answers = (folder / "model.tflite").read_bytes(), np.load(folder / "y.npy")
    return worker._converted(network, (Attempt(Support.BUILTIN),), model, None, samples, (answers,))
