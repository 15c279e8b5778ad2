"""A graph of any length in the columns that a picture has room for."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.memory.arena import Arena, Buffer
from tflint.memory.profile import alive_bytes


@dataclass(frozen=True, slots=True)
class Column:
    """Scopes `first` to `last`, drawn as `shown`, the one of them with most alive."""

    first: int
    last: int
    shown: int


def columns(arena: Arena, most: int) -> list[Column]:
    """At most so many columns, each of equally many scopes (the last may have fewer)."""
    alive = alive_bytes(arena)
    scopes = len(alive)
    each = -(-scopes // max(most, 1))
    found = []
    for first in range(0, scopes, each):
        last = min(first + each, scopes) - 1
        shown = max(range(first, last + 1), key=lambda scope: (alive[scope], -scope))
        found.append(Column(first, last, shown))
    return found


def owners(arena: Arena, drawn: list[Column], rows: int, row_bytes: int) -> list[list[int | None]]:
    """For each column and row, from the bottom, the buffer that has most of that cell.

    Buffers by their index in the arena; None where the cell is free.
    """
    grid: list[list[int | None]] = []
    starts: dict[int, list[int]] = {}
    for index, buffer in enumerate(arena.buffers):
        if buffer.last >= 0:
            starts.setdefault(max(buffer.first, 0), []).append(index)
    ordered = sorted(starts)
    position = 0
    alive: list[int] = []
    for column in drawn:
        while position < len(ordered) and ordered[position] <= column.shown:
            alive += starts[ordered[position]]
            position += 1
        alive = [i for i in alive if arena.buffers[i].last >= column.shown]
        grid.append(_cells(arena.buffers, alive, rows, row_bytes))
    return grid


def _cells(
    buffers: tuple[Buffer, ...], alive: list[int], rows: int, row_bytes: int
) -> list[int | None]:
    most = [0] * rows
    cells: list[int | None] = [None] * rows
    for index in alive:
        start = buffers[index].offset
        end = start + buffers[index].reserved
        for row in range(max(start // row_bytes, 0), min(-(-end // row_bytes), rows)):
            taken = min(end, (row + 1) * row_bytes) - max(start, row * row_bytes)
            if taken > most[row]:
                most[row], cells[row] = taken, index
    return cells


def is_thin(buffer: Buffer, row: int, row_bytes: int) -> bool:
    """Whether a buffer has less than half of a row's bytes."""
    end = buffer.offset + buffer.reserved
    taken = min(end, (row + 1) * row_bytes) - max(buffer.offset, row * row_bytes)
    return 2 * taken < row_bytes
