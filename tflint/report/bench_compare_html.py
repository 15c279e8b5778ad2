"""Two models side by side as one page that works offline."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from tflint.report import bench_compare_wording as wording
from tflint.report.bench_compare_result import BenchComparison, Ratio
from tflint.report.html_page import page, table

_STYLE = """
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .5rem 0 }
dd { margin: 0; overflow-wrap: anywhere } .verdict { font-size: 1.2rem; margin: .8rem 0 }
tr.good td:nth-child(n+4) { color: var(--good) } tr.error td:nth-child(n+4) {
  color: var(--alarm) } .interval { stroke: var(--block); stroke-width: 6 } .middle {
  fill: var(--held) } .operators td:nth-child(4) { overflow-wrap: normal }
.one { stroke: var(--faint); stroke-dasharray: 3 3 }
"""
# The drawing of intervals: its width, what stands left of it, and the height of a line.
_WIDTH, _LEFT, _LINE = 760, 190, 28
# Ratios beyond this are drawn at the edge.
_MOST = 1000.0


def render(comparison: BenchComparison) -> str:
    """The page."""
    return page("tflint bench: A and B", _STYLE, _body(comparison))


def _body(comparison: BenchComparison) -> Iterator[str]:
    yield "<h1>tflint bench: A and B</h1>"
    yield "<dl>"
    for name, path in zip("AB", wording.titles(comparison), strict=True):
        yield f"<dt>{name}</dt><dd>{escape(path)}</dd>"
    yield "</dl>"
    text, role = wording.verdict(comparison)
    yield f'<p class="verdict {role}">{escape(text)}</p>'
    yield f'<p class="faint">{escape(wording.measured_text(comparison))}</p>'
    yield from _drawing(comparison)
    yield "<h2>Figures</h2>"
    rows = (
        (row.role, (row.title, row.before, row.after, row.difference, row.share))
        for row in wording.rows(comparison)
    )
    yield from table(("", "A", "B", "B - A", ""), rows, frozenset((1, 2, 3, 4)))
    for text, role in wording.remarks(comparison):
        yield f'<p class="{"faint" if role == "dim" else role}">{escape(text)}</p>'
    yield from _operators(comparison)


def _operators(comparison: BenchComparison) -> Iterator[str]:
    if not comparison.operators:
        return
    yield f"<h2>Operators</h2><p>{escape(wording.operators_summary(comparison.operators))}</p>"
    rows = (
        (
            "",
            (
                cells.mark,
                cells.before_place,
                cells.after_place,
                cells.name,
                cells.before_us,
                cells.after_us,
                cells.ratio,
                cells.details,
            ),
        )
        for cells in wording.operator_cells(comparison.operators)
    )
    head = ("", "A", "B", "operator", "A (µs)", "B (µs)", "B/A", "")
    yield '<div class="operators">'
    yield from table(head, rows, frozenset((1, 2, 4, 5, 6)))
    yield "</div>"


def _drawing(comparison: BenchComparison) -> Iterator[str]:
    """The ratios that were measured, each with its interval, on one scale around 1."""
    found: list[tuple[str, Ratio]] = [
        (title, ratio)
        for title, ratio in (
            ("inference", comparison.latency),
            ("first inference", comparison.first),
            ("initialisation", comparison.init),
        )
        if ratio is not None
    ]
    if not found:
        return
    most = max(max(ratio.high, 1 / ratio.low if ratio.low else _MOST) for _, ratio in found)
    reach = min(max(most, 1.05), _MOST) * 1.05

    def across(ratio: float) -> float:
        share = (1 + math.log(min(max(ratio, 1 / reach), reach), reach)) / 2
        return _LEFT + share * (_WIDTH - _LEFT - 20)

    height = _LINE * (len(found) + 1)
    title = "The time of B by that of A, with intervals of 95 %"
    yield f"<h2>{title}</h2>"
    yield (
        f'<div class="scroll"><svg width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label="{title}">'
    )
    one = across(1)
    yield f'<line class="one" x1="{one:.1f}" x2="{one:.1f}" y1="0" y2="{height - _LINE}"/>'
    for number, (name, ratio) in enumerate(found):
        y = _LINE * number + _LINE / 2
        yield f'<text x="0" y="{y + 4:.1f}">{name} {escape(f"{ratio.ratio:.3g}")}</text>'
        yield (
            f'<line class="interval" x1="{across(ratio.low):.1f}" x2="{across(ratio.high):.1f}" '
            f'y1="{y:.1f}" y2="{y:.1f}"><title>{escape(wording.ratio_text(ratio))}</title></line>'
        )
        yield f'<circle class="middle" cx="{across(ratio.ratio):.1f}" cy="{y:.1f}" r="5"/>'
    y = height - _LINE / 2 + 4
    for mark in (1 / reach, 1.0, reach):
        anchor = "start" if mark < 1 else "end" if mark > 1 else "middle"
        yield (
            f'<text class="faint" x="{across(mark):.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{mark:.3g}</text>"
        )
    yield "</svg></div>"
