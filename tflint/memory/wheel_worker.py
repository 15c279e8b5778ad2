"""The process that runs the wheel: jobs as JSON on standard input, a JSON line for each."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from typing import IO, Any

_LINE = re.compile(r"(?:Arena allocation (\w+)|'(.+?)' used) (\d+) bytes")


def main() -> None:
    """Measure each job's model."""
    request = json.load(sys.stdin)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        for path, room, estimate in request["jobs"]:
            with open(path, "rb") as file:
                model = file.read()
            guess = estimate if request["smallest"] else None
            print(json.dumps(_measure(model, room, log, guess)), flush=True)


def _measure(model: bytes, room: int, log: IO[bytes], guess: int | None) -> dict[str, Any]:
    _take(log)
    if not _allocates(model, room, report=True):
        return {"ran": False, "log": _take(log)}
    found = _LINE.findall(_take(log))
    parts = {part: int(size) for part, _, size in found if part}
    return {
        "ran": True,
        "nonpersistent_bytes": parts["head"],
        "persistent_bytes": parts["tail"],
        "by_type": {kind: int(size) for _, kind, size in found if kind},
        "min_arena_bytes": None if guess is None else _smallest(model, parts["total"], room, guess),
    }


def _smallest(model: bytes, used: int, room: int, guess: int) -> int:
    """The smallest arena: the guess if that is right, else by bisection over multiples of 16."""
    if guess % 16 == 0 and used <= guess <= room and _survives(model, guess):
        if not _survives(model, guess - 16):
            return guess
        room = guess - 16
    low, high = used // 16, room // 16  # `high` is known to do
    while low < high:
        middle = (low + high) // 2
        if _survives(model, 16 * middle):
            high = middle
        else:
            low = middle + 1
    return 16 * high


def _survives(model: bytes, arena_bytes: int) -> bool:
    """Whether it allocates, tried in a child: kernels write to memory that they did not get."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if _allocates(model, arena_bytes) else 1
        finally:
            # Nothing that the parent has open is the child's to close.
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _allocates(model: bytes, arena_bytes: int, *, report: bool = False) -> bool:
    from tflite_micro import runtime

    try:
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
    except (RuntimeError, ValueError, MemoryError):
        return False
    if report:
        interpreter.print_allocations()
    return True


def _take(log: IO[bytes]) -> str:
    """What was printed since the last time."""
    log.seek(0)
    text = log.read().decode(errors="replace")
    log.seek(0)
    log.truncate()
    return text


if __name__ == "__main__":
    main()
