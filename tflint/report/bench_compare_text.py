"""Two models side by side for people at a terminal: at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.report import bench_compare_wording as wording
from tflint.report.bench_compare_result import BenchComparison
from tflint.report.style import Line, Span, inert, line, text_width, trimmed, wrap

WIDTH = 100
SHOWN = 40
# Columns between figures, and the most that the name of an operator takes.
_GAP, _NAME = 4, 28
_ROLES = {"+": "good", "-": "error", "~": "warning", ">": "info", "": ""}


def render(comparison: BenchComparison, *, details: bool | None = None) -> Iterator[Line]:
    """The comparison, line by line; `details` for all operators, or none of them."""
    for spans in _lines(comparison, details):
        yield inert(trimmed(spans), WIDTH)


def _lines(comparison: BenchComparison, details: bool | None) -> Iterator[Line]:
    for name, path in zip("AB", wording.titles(comparison), strict=True):
        for number, text in enumerate(wrap(path, WIDTH - 3, "")):
            yield line("   " if number else f"{name}  ", Span(text, "path"))
    text, role = wording.verdict(comparison)
    yield line(Span(f"  {text}", role))
    yield from _wrapped(wording.measured_text(comparison), "  ", "dim")
    yield line()
    yield from _figures(list(wording.rows(comparison)))
    if comparison.operators and details is not False:
        yield line()
        yield from _operators(comparison, None if details else SHOWN)
    remarks = list(wording.remarks(comparison))
    if remarks:
        yield line()
    for text, role in remarks:
        yield from _wrapped(text, "  ", role)


def _figures(rows: Sequence[wording.ComparedRow]) -> Iterator[Line]:
    head = wording.ComparedRow("", "A", "B", "B - A", "")
    table = [(row.before, row.after, row.difference) for row in (head, *rows)]
    widths = [max(map(len, column)) + _GAP for column in zip(*table, strict=True)]
    room = WIDTH - 2 - sum(widths) - _GAP - max(len(row.share) for row in (head, *rows))
    name = min(max(text_width(row.title) for row in (head, *rows)), room)
    for row, texts in zip((head, *rows), table, strict=True):
        before, after, difference = (
            text.rjust(width) for text, width in zip(texts, widths, strict=True)
        )
        title = f"  {_padded(row.title, name)}"
        if row is head:
            yield line(Span(f"{title}{before}{after}{difference}", "dim"))
        elif row.difference:
            change = Span(f"{difference}{' ' * _GAP}{row.share}", row.role)
            yield line(f"{title}{before}{after}", change)
        else:
            yield line(title, Span(f"{before}{after}", row.role))


def _operators(comparison: BenchComparison, most: int | None) -> Iterator[Line]:
    operators = comparison.operators
    shown = wording.operator_cells(operators[:most])
    summary = wording.operators_summary(operators)
    yield line("  ", Span("operators", "path"), f"  {summary}")
    timed = wording.has_operator_times(operators)
    width = min(max(len("operator"), *(text_width(cells.name) for cells in shown)), _NAME)
    places = max(1, *(len(p) for c in shown for p in (c.before_place, c.after_place)))
    head = wording.OperatorCells("", "A", "B", "operator", "A (µs)", "B (µs)", "B/A", "")
    for cells in (head, *shown):
        start = f"  {cells.mark:1} {cells.before_place:>{places}} {cells.after_place:>{places}}"
        start += f"  {_padded(cells.name, width)}"
        if timed:
            start += f"  {cells.before_us:>9} {cells.after_us:>9} {cells.ratio:>6}"
        role = "dim" if cells is head else _ROLES[cells.mark]
        details = _cut(cells.details, WIDTH - text_width(start) - 2)
        yield line(Span(start, role), f"  {details}")
    if len(operators) > len(shown):
        more = len(operators) - len(shown)
        yield line("    ", Span(f"and {more:,} more; `--details` has all", "dim"))


def _padded(text: str, width: int) -> str:
    shown = _cut(text, width)
    return shown + " " * (width - text_width(shown))


def _cut(text: str, width: int) -> str:
    """The beginning of a text, with `...` where more was there."""
    if text_width(text) <= width:
        return text
    room = max(width - 3, 0)
    kept = text[:room]
    while kept and text_width(kept) > room:
        kept = kept[:-1]
    return f"{kept}..."


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent):
        yield line(Span(part, role))
