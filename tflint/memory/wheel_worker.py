"""The process that runs the wheel: each job's model is an array of bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log

_LINE = re.compile(r"(?:Arena allocation (\w+)|'(.+?)' used) (\d+) bytes")


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Measure each job's model."""
    for (room, estimate), model in zip(request["jobs"], arrays, strict=True):
        guess = estimate if request["smallest"] else None
        yield _measure(model.tobytes(), room, guess), ()


def _measure(model: bytes, room: int, guess: int | None) -> Json:
    take_log()
    if not _allocates(model, room, report=True):
        return {"ran": False, "log": take_log()}
    found = _LINE.findall(take_log())
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
