"""The plan of the arena as SVG for a page, written without any library.

Colours are classes that the page's style sheet sets, so that they follow its light or dark
mode. Every block has a title, which a browser shows when a pointer rests on it and a screen
reader reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tflint.report import memory_wording as wording
from tflint.report.memory_chart import (
    Block,
    blocks,
    byte_ticks,
    frame,
    scope_label,
    scope_name,
    ticks,
)
from tflint.report.memory_result import MemoryReport

# What its classes look like, for the style sheet of the page, which knows the colours.
PLAN_STYLE = """
svg .axis, svg .name { fill: var(--faint) } svg .name { font-size: 10px }
svg .number { fill: var(--number); pointer-events: none } svg .alarm { fill: var(--alarm) }
.grid { stroke: var(--line) } rect.block { fill: var(--block) } rect.held { fill: var(--held) }
rect.scratch { fill: url(#hatch) } .hatch-ground { fill: var(--scratch) }
.hatch-line { stroke: var(--ink); stroke-width: 1.5; opacity: .5 }
rect.block, rect.held, rect.scratch { stroke: var(--ground); stroke-width: .5 }
rect:hover { stroke: var(--ink); stroke-width: 2 }
rect.persistent { fill: var(--tail); stroke: none }
.budget { stroke: var(--alarm); stroke-width: 1.5; stroke-dasharray: 8 4 }
.peak { fill: var(--alarm) }
"""
# What the colours mean, as HTML.
KEY = (
    '<span class="key" style="background:var(--held)"></span>alive at the peak'
    '<span class="key" style="background:var(--block)"></span>other tensors'
    '<span class="key" style="background:var(--scratch)"></span>scratch memory; '
    "operators across, bytes up."
)
# The pattern of scratch memory, which a page defines once, whatever the number of its drawings.
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="6" height="6" class="hatch-ground"/>'
    '<line x1="0" y1="0" x2="0" y2="6" class="hatch-line"/></pattern></defs>'
)
_LEFT, _TOP, _BOTTOM, _PLOT = 86, 28, 44, 420
_NARROWEST, _WIDEST = 760, 2400
_PER_SCOPE = 56


class _Scale:
    """From scopes and bytes to points of the picture."""

    def __init__(self, report: MemoryReport) -> None:
        self.scopes = max(len(report.arena.scopes), 1)
        self.frame = frame(report)
        self.highest = self.frame.highest
        self.plot_width = min(max(_PER_SCOPE * self.scopes, _NARROWEST), _WIDEST)
        self.width = _LEFT + self.plot_width + 12
        self.height = _TOP + _PLOT + _BOTTOM

    def x(self, scope: float) -> float:
        return _LEFT + self.plot_width * scope / self.scopes

    def y(self, offset: float) -> float:
        return _TOP + _PLOT * (1 - offset / self.highest)


def drawing(report: MemoryReport, *, is_alone: bool = True) -> str:
    """The `svg` element; one that is not alone leaves the definition of `HATCH` to its page."""
    scale = _Scale(report)
    label = f"Plan of the arena: {wording.subject(report)}"
    parts = [
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {scale.width} {scale.height}" '
        f'width="{scale.width}" height="{scale.height}">',
        *((HATCH,) if is_alone else ()),
        *_axes(report, scale),
        *(_block(block, scale) for block in blocks(report)),
        *_sections(scale),
        *_peak(report, scale),
        "</svg>",
    ]
    return "\n".join(parts)


def _rect(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> str:
    shown = f"<title>{escape(title)}</title>" if title else ""
    box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{max(height, 0.8):.1f}"'
    return f'<rect {box} class="{kind}">{shown}</rect>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _block(block: Block, scale: _Scale) -> str:
    left, right = scale.x(block.left), scale.x(block.right)
    top, bottom = scale.y(block.top), scale.y(block.bottom)
    gap = 1.0 if right - left > 8 else 0.0
    drawn = _rect(left + gap, top, right - left - 2 * gap, bottom - top, block.kind, block.title)
    if block.label and bottom - top >= 13 and right - left >= 8 * len(block.label) + 6:
        drawn += _text((left + right) / 2, (top + bottom) / 2 + 4, block.label, "number")
    return drawn


def _axes(report: MemoryReport, scale: _Scale) -> Iterator[str]:
    right = _LEFT + scale.plot_width
    frame = scale.frame
    for mark in byte_ticks(scale.highest if frame.is_to_scale else frame.bottom):
        y = scale.y(mark)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" class="grid"/>'
        yield _text(_LEFT - 8, y + 4, f"{mark:,}", "axis", "end")
    each = scale.plot_width / scale.scopes
    for scope in ticks(scale.scopes, int(scale.plot_width / 34)):
        x = scale.x(scope + 0.5)
        yield _text(x, scale.y(0) + 16, scope_label(report, scope), "axis")
        if each >= 50 and scope:
            yield _text(x, scale.y(0) + 30, scope_name(report, scope, int(each / 7.4)), "name")
    if each < 50:
        yield _text((_LEFT + right) / 2, scale.y(0) + 36, "operator", "axis")


def _sections(scale: _Scale) -> Iterator[str]:
    """The persistent section at the arena's end, and the budget."""
    frame, right = scale.frame, _LEFT + scale.plot_width
    top, bottom = scale.y(frame.top), scale.y(frame.bottom)
    yield _rect(_LEFT, top, scale.plot_width, bottom - top, "persistent", frame.text)
    inside = bottom - top >= 16
    yield _text(right - 6, top + 13 if inside else bottom + 13, frame.text, "note", "end")
    if _PLOT * frame.passing / scale.highest >= 18:
        text = f"{frame.passing:,} bytes more while TFLM makes its plan"
        yield _text(right - 6, bottom + 14, text, "faint", "end")
    if frame.limit is not None:
        y = scale.y(frame.limit)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" class="budget"/>'
        yield _text(right - 6, y - 5, frame.limit_text, "alarm", "end")
    elif frame.limit_text:
        yield _text(right - 6, _TOP - 8, f"↑ {frame.limit_text}", "faint", "end")


def _peak(report: MemoryReport, scale: _Scale) -> Iterator[str]:
    arena = report.arena
    if not arena.buffers:
        return
    x, y = scale.x(arena.peak_scope + 0.5), scale.y(arena.nonpersistent_bytes)
    points = f"{x - 6:.1f},{y - 11:.1f} {x + 6:.1f},{y - 11:.1f} {x:.1f},{y - 1:.1f}"
    yield f'<polygon points="{points}" class="peak"/>'
    late = arena.peak_scope > scale.scopes / 2
    text = f"peak: {wording.peak_text(report)} alive"
    yield _text(x - 10 if late else x + 10, y - 4, text, "alarm", "end" if late else "start")
