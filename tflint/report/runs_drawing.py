"""How the times of a model's runs spread, as SVG for a page, written without any library."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tflint.printable import counted
from tflint.report.bench_result import Latency
from tflint.report.bench_wording import us_text

RUNS_STYLE = """
rect.runs { fill: var(--series-0) } line.p50, line.p95 { stroke: var(--ink) }
line.p95 { stroke-dasharray: 3 3 }
"""
_WIDTH, _HEIGHT, _TOP, _BOTTOM, _BINS = 440, 132, 22, 24, 44
# What lies further above the 95th percentile than this many times the way from the least to it
# is counted in the last bin: one run that was interrupted leaves room for all others.
_TAIL = 0.6


def runs_drawing(latency: Latency) -> str:
    """The `svg` element: times across, runs up; nothing where the runs were not kept."""
    if len(latency.each) < 2:
        return ""
    least = min(latency.each)
    most = min(max(latency.each), latency.p95 + _TAIL * (latency.p95 - least))
    width = (most - least) / _BINS or 1.0
    counts = [0] * _BINS
    for us in latency.each:
        counts[min(max(int((us - least) / width), 0), _BINS - 1)] += 1
    above = sum(us > most for us in latency.each)
    label = (
        f"Times of {counted(len(latency.each), 'run')}: half are below {us_text(latency.p50)} µs, "
        f"95 % below {us_text(latency.p95)} µs"
    )

    def x(us: float) -> float:
        return min(max((us - least) / (_BINS * width), 0.0), 1.0) * _WIDTH

    parts = [
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}">',
        *_bars(counts, least, width, above),
        *_marks(x(latency.p50), x(latency.p95)),
        _text(0, _HEIGHT - 6, f"{us_text(least)} µs", "start"),
        _text(_WIDTH, _HEIGHT - 6, f"{us_text(most)} µs{' and more' * bool(above)}", "end"),
        "</svg>",
    ]
    return "\n".join(parts)


def _bars(counts: list[int], least: float, width: float, above: int) -> Iterator[str]:
    room, each = _HEIGHT - _TOP - _BOTTOM, _WIDTH / len(counts)
    for i, count in enumerate(counts):
        if not count:
            continue
        high = max(room * count / max(counts), 1.0)
        start = least + i * width
        until = "and more" if above and i == len(counts) - 1 else f"to {us_text(start + width)}"
        title = f"{us_text(start)} {until} µs: {counted(count, 'run')}"
        yield (
            f'<rect x="{i * each + 0.5:.1f}" y="{_HEIGHT - _BOTTOM - high:.1f}" '
            f'width="{each - 1:.1f}" height="{high:.1f}" class="runs">'
            f"<title>{escape(title)}</title></rect>"
        )


def _marks(p50: float, p95: float) -> Iterator[str]:
    for name, at in (("p50", p50), ("p95", p95)):
        yield (
            f'<line x1="{at:.1f}" y1="{_TOP - 6}" x2="{at:.1f}" y2="{_HEIGHT - _BOTTOM}" '
            f'class="{name}"/>'
        )
    # Where they are close, one name goes to the left and one to the right.
    yield _text(p50 - 4 if p50 > 30 else p50 + 4, _TOP - 8, "p50", "end" if p50 > 30 else "start")
    late = p95 > _WIDTH - 30
    yield _text(p95 - 4 if late else p95 + 4, _TOP - 8, "p95", "end" if late else "start")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="faint" text-anchor="{anchor}">{text}</text>'
