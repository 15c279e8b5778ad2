"""The plan of the arena drawn with characters: operators across, bytes up, buffers as blocks.

16,000 ┤ ▓▓▓▓▓ ▒▒▒▒▒
 8,000 ┤ ▓ #3▓ ▒▒▒▒▒ ░░░░░
     0 └───────────────────
         0     1     2
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.memory.arena import Arena
from tflint.printable import counted
from tflint.report.memory_columns import Column, columns, is_thin, owners
from tflint.report.memory_result import MemoryReport
from tflint.report.memory_wording import operator_name, peak_text, tensor_number
from tflint.report.style import Line, Span, line, wrap

ROWS = 16
_WIDEST = 12
_LABEL_EVERY = 4
_LEGEND_LINES = 3
_STEPS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What blocks are filled with, so that neighbours differ, and what the axes are made of."""

    fills: str
    scratch: str
    thin: str
    tick: str
    side: str
    corner: str
    floor: str
    mark: str


UNICODE = Glyphs(
    fills="▒░▓█", scratch="╱", thin="▁", tick="┤", side="│", corner="└", floor="─", mark="▲"
)
ASCII = Glyphs(
    fills="=:%#", scratch="/", thin="_", tick="+", side="|", corner="+", floor="-", mark="^"
)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The cells of the picture: for each column and row the buffer there, and its look."""

    drawn: list[Column]
    cells: list[list[int | None]]
    rows: int
    row_bytes: int
    cell: int
    fill: dict[int, str]


def timeline(report: MemoryReport, width: int, glyphs: Glyphs = UNICODE) -> Iterator[Line]:
    """The plan as lines of at most `width` characters; nothing for an empty arena."""
    arena = report.arena
    head = arena.nonpersistent_bytes
    if not arena.buffers or not head or not arena.scopes:
        return
    margin = max(len(f"{head:,}"), 5) + 6
    grid = _grid(arena, width - margin, glyphs)
    text = [_row(report, grid, row, glyphs.thin) for row in range(grid.rows)]
    for row in reversed(range(grid.rows)):
        top = min((row + 1) * grid.row_bytes, head)
        is_labelled = row == grid.rows - 1 or (
            (row + 1) % _LABEL_EVERY == 0 and row < grid.rows - 2
        )
        label = f"{top:,}" if is_labelled else ""
        tick = glyphs.tick if is_labelled else glyphs.side
        spans = text[row]
        while spans and not spans[-1].text.strip():
            spans.pop()
        axis = Span(f"{label:>{margin - 3}} {tick}", "dim")
        yield line(axis, " ", *spans) if spans else line(axis)
    span = grid.cell * len(grid.drawn)
    yield line(Span(f"{0:>{margin - 3}} {glyphs.corner}{glyphs.floor * (span + 1)}", "dim"))
    yield line(Span(" " * margin + _operator_axis(report, grid), "dim"))
    yield from _peak_lines(report, grid, margin, width, glyphs)
    yield from _legend(report, grid, width)


def _grid(arena: Arena, room: int, glyphs: Glyphs) -> _Grid:
    head = arena.nonpersistent_bytes
    drawn = columns(arena, room)
    cell = min(room // len(drawn), _WIDEST)
    # Whole multiples of 16, to which everything in the plan is aligned.
    row_bytes = -(-head // ROWS // 16) * 16 or 16
    rows = -(-head // row_bytes)
    cells = owners(arena, drawn, rows, row_bytes)
    return _Grid(drawn, cells, rows, row_bytes, cell, _fills(arena, cells, glyphs))


def _fills(arena: Arena, cells: list[list[int | None]], glyphs: Glyphs) -> dict[int, str]:
    """A fill for each buffer that no neighbour has, as long as there are enough."""
    near: dict[int, set[int]] = {}
    for x, column in enumerate(cells):
        for y, index in enumerate(column):
            if index is None:
                continue
            mine = near.setdefault(index, set())
            for other in (cells[x - 1][y] if x else None, column[y - 1] if y else None):
                if other is not None and other != index:
                    mine.add(other)
                    near[other].add(index)
    fill: dict[int, str] = {}
    for index in sorted(near, key=lambda i: (arena.buffers[i].first, arena.buffers[i].offset)):
        if arena.buffers[index].is_scratch:
            fill[index] = glyphs.scratch
            continue
        used = {fill.get(other) for other in near[index]}
        free = [glyph for glyph in glyphs.fills if glyph not in used]
        fill[index] = free[0] if free else glyphs.fills[index % len(glyphs.fills)]
    return fill


def _row(report: MemoryReport, grid: _Grid, row: int, thin: str) -> list[Span]:
    """A row of cells, neighbouring ones of a buffer in one piece, numbered where it fits."""
    spans: list[Span] = []
    x = 0
    while x < len(grid.drawn):
        index = grid.cells[x][row]
        end = x
        while end < len(grid.drawn) and grid.cells[end][row] == index:
            end += 1
        length = grid.cell * (end - x)
        if index is None:
            spans.append(Span(" " * length))
        else:
            buffer = report.arena.buffers[index]
            fill = thin if is_thin(buffer, row, grid.row_bytes) else grid.fill[index]
            spans += _piece(report, grid, index, row, x, length, fill)
        x = end
    return spans


def _piece(
    report: MemoryReport, grid: _Grid, index: int, row: int, x: int, length: int, fill: str
) -> list[Span]:
    buffer = report.arena.buffers[index]
    peak = report.arena.peak_scope
    role = "held" if buffer.first <= peak <= buffer.last else "block"
    if buffer.is_scratch:
        role = "scratch"
    # A gap between one that ends and the next, where there is room for it.
    gap = 1 if grid.cell > 1 else 0
    text = fill * (length - gap)
    if buffer.value is not None and _is_middle(grid, index, row, x):
        label = f" {tensor_number(report, buffer.value)} "
        if len(label) + 2 <= len(text):
            before = (len(text) - len(label)) // 2
            return [
                Span(text[:before], role),
                Span(label, "code"),
                Span(text[before + len(label) :], role),
                Span(" " * gap),
            ]
    return [Span(text, role), Span(" " * gap)]


def _is_middle(grid: _Grid, index: int, row: int, x: int) -> bool:
    """Whether this is the middle of the rows that the buffer has in this column."""
    column = grid.cells[x]
    low = high = row
    while low > 0 and column[low - 1] == index:
        low -= 1
    while high + 1 < grid.rows and column[high + 1] == index:
        high += 1
    return row == (low + high) // 2


def _operator_axis(report: MemoryReport, grid: _Grid) -> str:
    """The numbers of operators under their columns, in round steps if there is little room."""
    scopes = len(report.arena.scopes)
    each = grid.drawn[0].last - grid.drawn[0].first + 1
    widest = max(len(_operator_label(report, scope)) for scope in range(scopes)) + 1
    step = -(-widest * each // grid.cell)
    if step > 1:
        step = next((s for s in _STEPS if s >= step), step)
    text = "in" if widest <= grid.cell else ""
    # Scope 1 is operator 0.
    for scope in range(1, scopes, step):
        text = text.ljust(scope // each * grid.cell) + _operator_label(report, scope)
    return text[: grid.cell * len(grid.drawn)].rstrip()


def _operator_label(report: MemoryReport, scope: int) -> str:
    node = report.arena.scopes[scope]
    if node is None:
        return "in" if scope == 0 else ""
    return f"{node.subgraph}:{node.index}" if report.is_multiple else str(node.index)


def _peak_lines(
    report: MemoryReport, grid: _Grid, margin: int, width: int, glyphs: Glyphs
) -> Iterator[Line]:
    """A mark under the operator with the peak, with what is alive then beside it or below."""
    peak = report.arena.peak_scope
    x = next(x for x, column in enumerate(grid.drawn) if column.first <= peak <= column.last)
    at = margin + x * grid.cell + max(grid.cell - 2, 0) // 2
    text = f"peak, {peak_text(report)} alive"
    if at + 2 + len(text) <= width:
        yield line(" " * at, Span(f"{glyphs.mark} {text}", "held"))
    elif at - len(text) - 1 >= 0:
        yield line(" " * (at - len(text) - 1), Span(f"{text} {glyphs.mark}", "held"))
    else:
        yield line(" " * at, Span(glyphs.mark, "held"))
        for part in wrap(text, width, "    "):
            yield line(Span(part, "held"))


def _legend(report: MemoryReport, grid: _Grid, width: int) -> Iterator[Line]:
    """Which operators the numbers stand for, equal ones in a row together."""
    scopes = len(report.arena.scopes)
    if len(grid.drawn) < scopes:
        each = grid.drawn[0].last - grid.drawn[0].first + 1
        yield line(
            "    ",
            Span(f"each column: the fullest moment of {counted(each, 'operator')}", "dim"),
        )
    runs: list[list[str]] = []
    for scope in range(scopes):
        node = report.arena.scopes[scope]
        if node is None:
            continue
        label, name = _operator_label(report, scope), operator_name(node)
        if runs and runs[-1][2] == name:
            runs[-1][1] = label
        else:
            runs.append([label, label, name])
    texts = [f"{a} {name}" if a == b else f"{a}-{b} {name}" for a, b, name in runs]
    lines = wrap(", ".join(texts), width, "    ") if texts else []
    if len(lines) <= _LEGEND_LINES:
        for text in lines:
            yield line(Span(text, "dim"))
