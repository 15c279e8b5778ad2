"""A worker that does what the first byte of the model says: hangs, crashes, talks nonsense..."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from tflint.execution.frames import Array, Json

GOOD = {
    "stage": "times",
    "init_ns": 300_000,
    "first_ns": 20_000,
    "stamp_ns": 100.0,
    "cores": None,
    "most_seconds": 60.0,
    "waiting": 0.0,
    "interruptions": 0,
    "throttled": 0,
}
TASKS = (
    "hang",
    "crash",
    "exit",
    "leave early",
    "memory",
    "no arrays",
    "words",
    "not a number",
    "negative",
    "nothing",
    "list",
    "other stage",
    "good",
    "slow",
    "busy",
    "busy once",
    "skewed",
    "throttled",
    "moved",
)


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """`seed` of the request is the number of the task among `TASKS`, `file` one to remember by."""
    task = TASKS[request["seed"]]
    warmup, runs = np.full(20, 5_100), np.full(request["runs"], 5_100)
    yield {"stage": "first"}, ()
    if task == "hang":
        time.sleep(600)
    if task == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "exit":
        print("farewell", file=sys.stderr)
        sys.exit(3)
    if task == "leave early":
        return
    if task == "memory":
        yield {"failed": "it has no memory left"}, ()
        return
    if task == "no arrays":
        yield GOOD, ()
    if task == "words":
        yield {**GOOD, "init_ns": "long"}, (warmup, runs)
    if task == "not a number":
        yield {**GOOD, "stamp_ns": float("nan")}, (warmup, runs)
    if task == "negative":
        yield {**GOOD, "init_ns": -1}, (warmup, runs)
    if task == "nothing":
        yield GOOD, (warmup, runs[:0])
    if task == "list":
        yield {**GOOD, "waiting": [1]}, (warmup, runs)
    if task == "other stage":
        yield {"stage": ["times"]}, (warmup, runs)
    if task == "good":
        yield GOOD, (warmup, runs)
    if task == "slow":
        yield GOOD, (warmup[:0], runs[:3])
    if task == "busy":
        yield {**GOOD, "waiting": 0.38, "interruptions": 12}, (warmup, runs)
    if task == "busy once":
        is_first = not os.path.exists(request["file"])
        open(request["file"], "w").close()
        yield {**GOOD, "waiting": 0.5 if is_first else 0.0}, (warmup, runs)
    if task == "skewed":
        runs[::20] = 200_100
        yield GOOD, (warmup, runs)
    if task == "throttled":
        yield {**GOOD, "throttled": 2}, (warmup, runs)
    if task == "moved":
        yield {**GOOD, "cores": [0, 1]}, (warmup, runs)
