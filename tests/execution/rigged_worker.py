"""A worker that does what its request says: hangs, crashes, floods..."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence

import numpy as np

from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    yield {"pid": os.getpid()}, ()
    task = request["task"]
    if task == "spin":
        while True:
            pass
    if task == "spin in C":
        sum(iter(int, 1))  # Never ends, and never lets go of Python's lock.
    if task == "sleep":
        time.sleep(600)
    if task == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "memory":
        np.ones(1 << 40, np.uint8)
    if task == "raise":
        raise RuntimeError("not today")
    if task == "flood the log":
        for _ in range(1000):
            os.write(2, b"x" * 65536)
    if task == "flood the outputs":
        while True:
            yield {}, [np.zeros(1 << 20, np.uint8)]
    if task == "print":
        print("noise", flush=True)
        os.write(1, b'{"arrays": []}\n')
    if task == "log":
        take_log()
        os.write(2, b"first")
        first = take_log()
        os.write(2, b"second")
        yield {"logs": [first, take_log()]}, ()
    if task == "in turn":
        for number in range(3):
            yield {"number": number}, ()
            time.sleep(0.5)
    if task == "leave a child" and os.fork() == 0:
        time.sleep(600)
    if task == "leave a child that left":
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.setsid()
            os.write(writing, b"x")
            time.sleep(15)
            os._exit(0)
        os.read(reading, 1)
    if task == "write a file":
        with open(request["path"], "wb") as file:
            file.write(bytes(32 << 20))
    if task == "where":
        import json

        yield {"json": json.__file__}, ()
    yield {"done": True}, list(arrays)
