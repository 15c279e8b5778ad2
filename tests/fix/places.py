"""Places in a source, named by what stands there."""

from __future__ import annotations

from tflint.finding import Location


def at(source: str, piece: str, nth: int = 0, cell: int | None = None) -> Location:
    """Where the piece stands, the `nth` time, from 0."""
    start = -1
    for _ in range(nth + 1):
        start = source.index(piece, start + 1)
    line, column = _position(source, start)
    end_line, end_column = _position(source, start + len(piece))
    return Location(line=line, column=column, end_line=end_line, end_column=end_column, cell=cell)


def _position(source: str, offset: int) -> tuple[int, int]:
    before = source[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
