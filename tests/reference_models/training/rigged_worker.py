"""A worker that does, in the place of TensorFlow, what the experiment of its job asks for."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tflint.execution.frames import Array, Json
from tflint_reference_models.training.job import NETWORK


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Say what it is at, then come to the end that is asked for."""
    yield {"event": "progress", "text": "epoch 1 of 9\x1b[2J"}, ()
    what, folder = request["experiment"], Path(request["state"])
    with (folder / "calls").open("a") as stream:
        stream.write("x")
    if what == "hangs":
        time.sleep(600)
    if what in ("killed", "crashed"):
        os.kill(os.getpid(), signal.SIGKILL if what == "killed" else signal.SIGSEGV)
    if what == "raises":
        raise RuntimeError("not today\x1b[2J")
    if what == "starved":
        print("tcmalloc: Cannot allocate memory", file=sys.stderr)
        os.abort()
    if what in ("refused", "failed", "memory"):
        yield {"event": what, "reason": f"it is {what}\x1b[2J"}, ()
        return
    if what != "leaves nothing":
        (folder / NETWORK).write_bytes(b"a network")
    yield {"event": "trained", "threshold": 0.25, "parameters": 7}, ()
