"""Two models side by side as GitHub-flavoured Markdown: what is posted to a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.printable import printable
from tflint.report import bench_compare_wording as wording
from tflint.report.bench_compare_result import BenchComparison
from tflint.report.gfm import cell, code, prose
from tflint.report.wording import capital

# Operators that are shown; a comment holds 65,536 characters.
SHOWN = 60
_MAX_TEXT = 1000
_MAX_CELL = 200


def render(comparison: BenchComparison) -> str:
    """The document, ending in a newline."""
    return "".join(f"{text}\n" for text in _lines(comparison))


def _lines(comparison: BenchComparison) -> Iterator[str]:
    before, after = (code(path) or "-" for path in wording.titles(comparison))
    yield "## tflint bench: A and B"
    yield ""
    yield f"- A: {before}"
    yield f"- B: {after}"
    yield ""
    yield f"**{capital(wording.verdict(comparison)[0])}.**"
    yield ""
    yield from _row(["", "A", "B", "B - A", ""])
    yield from _row([":--", "--:", "--:", "--:", "--:"])
    for row in wording.rows(comparison):
        yield from _row([row.title, row.before, row.after, row.difference, row.share])
    remarks = list(wording.remarks(comparison))
    if remarks:
        yield ""
    for text, _ in remarks:
        yield f"- {prose(printable(text, _MAX_TEXT))}"
    yield from _operators(comparison)
    yield ""
    yield f"Measured: {prose(printable(wording.measured_text(comparison), _MAX_TEXT))}."


def _operators(comparison: BenchComparison) -> Iterator[str]:
    operators = comparison.operators
    if not operators:
        return
    yield ""
    summary = wording.operators_summary(operators)
    yield f"<details><summary>Operators: {summary}</summary>"
    yield ""
    yield from _row(["", "A", "B", "operator", "A (µs)", "B (µs)", "B/A", ""])
    yield from _row([":--", "--:", "--:", ":--", "--:", "--:", "--:", ":--"])
    for cells in wording.operator_cells(operators[:SHOWN]):
        yield from _row(
            [
                code(cells.mark),
                cells.before_place,
                cells.after_place,
                code(cells.name),
                cells.before_us,
                cells.after_us,
                cells.ratio,
                code(printable(cells.details, _MAX_CELL)),
            ]
        )
    if len(operators) > SHOWN:
        yield ""
        yield f"and {len(operators) - SHOWN:,} more; `--format json` has all"
    yield ""
    yield "</details>"


def _row(cells: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(map(cell, cells))} |"
