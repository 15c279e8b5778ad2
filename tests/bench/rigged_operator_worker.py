"""A worker that times operators like `tflint.bench.operator_worker`, but does as the seed says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence

from tflint.execution.frames import Array, Json

# What it does, by the number of threads that it is asked to run with: the request has no other
# room for it.
CRASHES_AT_1, CRASHES_ALWAYS, NONSENSE, HANGS, REFUSES, DIES_AT_ONCE, DIES_AT_THE_END = range(1, 8)


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    task = request["threads"]
    if task == REFUSES:
        yield {"refused": "no kernel\x1b[31m for you"}, ()
        return
    if task == DIES_AT_ONCE:
        _crash()
    yield {"whole_ns": [4000.0, 4000.0], "call_ns": [500.0]}, ()
    for operator in request["operators"]:
        yield {"begun": operator}, ()
        if task == CRASHES_ALWAYS or (task == CRASHES_AT_1 and operator == 1):
            _crash()
        if task == HANGS:
            time.sleep(600)
        if task == NONSENSE:
            yield {"operator": operator, "ns": "much", "whole_ns": [None, float("nan")]}, ()
            continue
        yield {"operator": operator, "ns": 1000.0 * (operator + 1)}, ()
        if task == DIES_AT_THE_END:
            _crash()


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
