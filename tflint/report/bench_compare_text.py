"""Two models side by side for people at a terminal: at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.report import bench_compare_wording as wording
from tflint.report.bench_compare_result import BenchComparison
from tflint.report.bench_wording import shortened
from tflint.report.style import Line, Span, line, wrap

WIDTH = 100
SHOWN = 40
_TITLE, _FIGURE = 32, 13
_ROLES = {"+": "good", "-": "error", "~": "warning", ">": "info", "": ""}


def render(comparison: BenchComparison, *, details: bool | None = None) -> Iterator[Line]:
    """The comparison, line by line; `details` for all operators, or none of them."""
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
    for row in (head, *rows):
        cells = [shortened(row.title, _TITLE).ljust(_TITLE)]
        cells += [text.rjust(_FIGURE) for text in (row.before, row.after, row.difference)]
        figures, change = "".join(cells[1:3]), f"{cells[3]}  {row.share}".rstrip()
        if row is head:
            yield line(Span(f"  {''.join(cells)}".rstrip(), "dim"))
        elif change:
            yield line(f"  {cells[0]}{figures}", Span(change, row.role))
        else:
            yield line(f"  {cells[0]}", Span(figures.rstrip(), row.role))


def _operators(comparison: BenchComparison, most: int | None) -> Iterator[Line]:
    operators = comparison.operators
    shown = wording.operator_cells(operators[:most])
    summary = wording.operators_summary(operators)
    yield line("  ", Span("operators", "path"), f"  {summary}")
    timed = wording.has_operator_times(operators)
    width = min(max(len("operator"), *(len(cells.name) for cells in shown)), 28)
    places = max(1, *(len(p) for c in shown for p in (c.before_place, c.after_place)))
    head = wording.OperatorCells("", "A", "B", "operator", "A (µs)", "B (µs)", "B/A", "")
    for cells in (head, *shown):
        start = f"  {cells.mark:1} {cells.before_place:>{places}} {cells.after_place:>{places}}"
        start += f"  {shortened(cells.name, width):{width}}"
        if timed:
            start += f"  {cells.before_us:>9} {cells.after_us:>9} {cells.ratio:>6}"
        room = max(WIDTH - len(start) - 2, 10)
        details = f"  {shortened(cells.details, room)}" if cells.details else ""
        role = "dim" if cells is head else _ROLES[cells.mark]
        yield line(Span(start.rstrip() if not details else start, role), details)
    if len(operators) > len(shown):
        more = len(operators) - len(shown)
        yield line("    ", Span(f"and {more:,} more; `--details` has all", "dim"))


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent):
        yield line(Span(part, role))
