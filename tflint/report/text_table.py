"""Tables of text that fit a width: columns that matter least are left out, names are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tflint.report.style import Line, Span, cut_front, text_width, trimmed

GAP = 2
# Names are not cut below this for the sake of one more column.
_LEAST_NAME = 22


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading and a cell a row. Those with the greatest `rank` are left out first,
    those of rank 0 never. `numbers` stand before names, and stay where a name is cut.
    """

    title: str
    cells: Sequence[Span]
    rank: int = 0
    is_text: bool = False
    numbers: Sequence[str] = ()

    @property
    def width(self) -> int:
        """The columns of the terminal that it takes."""
        return max(text_width(self.title), *(text_width(cell.text) for cell in self.cells), 0)


@dataclass(frozen=True, slots=True)
class Table:
    """Lines below a heading. `names` is its first column; `left_out` has the headings of those
    columns that there is no room for.
    """

    heading: Line
    rows: tuple[Line, ...]
    left_out: tuple[str, ...]


def fitted(names: Column, columns: Sequence[Column], width: int, indent: int = 2) -> Table:
    """The table in at most `width` columns, its cells beside one another, texts to the left."""
    kept = list(columns)
    wanted = names.width + max(map(len, names.numbers), default=0)
    while _taken(kept) + indent + min(wanted, _LEAST_NAME) > width and any(c.rank for c in kept):
        kept.remove(max(kept, key=lambda column: column.rank))
    room = max(min(wanted, width - indent - _taken(kept)), len("..."))
    numbers = names.numbers or [""] * len(names.cells)
    cut = [
        Span(number + cut_front(cell.text, max(room - len(number), 3)), cell.role)
        for number, cell in zip(numbers, names.cells, strict=True)
    ]
    shown = Column(names.title, cut, is_text=True)
    laid_out = [(shown, room), *((column, column.width) for column in kept)]
    heading = _line([(Span(c.title, "dim"), c, wide) for c, wide in laid_out], indent)
    rows = tuple(
        _line([(c.cells[i], c, wide) for c, wide in laid_out], indent)
        for i in range(len(names.cells))
    )
    left_out = tuple(column.title for column in columns if column not in kept)
    return Table(heading, rows, left_out)


def _taken(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP for column in columns)


def _line(cells: Sequence[tuple[Span, Column, int]], indent: int) -> Line:
    """The cells, padded to the widths of their columns, nothing behind the last text."""
    spans = []
    gap = " " * indent
    for cell, column, width in cells:
        padding = " " * (width - text_width(cell.text))
        if column.is_text:
            spans += [Span(gap), cell]
            gap = padding + " " * GAP
        else:
            spans += [Span(gap + padding), cell]
            gap = " " * GAP
    return trimmed(tuple(spans))
