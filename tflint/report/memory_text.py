"""What `tflint memory` shows at a terminal: totals, the plan drawn, the peak, what would help."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.printable import printable
from tflint.report import memory_wording as wording
from tflint.report.memory_result import MemoryReport
from tflint.report.memory_timeline import UNICODE, Glyphs, timeline
from tflint.report.memory_wording import Row
from tflint.report.style import Line, Span, inert, line, wrap
from tflint.report.wording import path_text

WIDTH = 100
NARROWEST = 80
# Tensors and savings that are listed.
SHOWN = 8


def render(report: MemoryReport, width: int = WIDTH, glyphs: Glyphs = UNICODE) -> Iterator[Line]:
    """The report, line by line, none longer than `width` (80 at least)."""
    width = max(width, NARROWEST)
    for spans in _report(report, width, glyphs):
        yield inert(spans, width)


def _report(report: MemoryReport, width: int, glyphs: Glyphs) -> Iterator[Line]:
    yield from _wrapped(path_text(report.path), width, "", "path")
    yield from _wrapped(wording.subject(report), width, "  ", "dim")
    text, role = wording.verdict(report)
    yield from _wrapped(text, width, "  ", role)
    yield line()
    yield from _table(list(wording.totals(report)), width)
    yield from _uncertain(report, width)
    yield from _plan(report, width, glyphs)
    yield from _alive(report, width)
    yield from _savings(report, width)
    yield from _persistent(report, width)
    yield from _host(report, width)


def _wrapped(text: str, width: int, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, width, indent):
        yield line(Span(part, role))


def _section(title: str, summary: str = "") -> Iterator[Line]:
    yield line()
    yield line("  ", Span(title, "path"), f"  {summary}" if summary else "")


def _table(rows: list[Row], width: int) -> Iterator[Line]:
    """Figures in a column, their headings indented by depth."""
    labels = [f"{'':{2 + 2 * row.depth}}{row.label}" for row in rows]
    wide = max(map(len, labels))
    figures = [f"{row.bytes:,}" for row in rows]
    right = max(map(len, figures))
    for row, label, figure in zip(rows, labels, figures, strict=True):
        role = "error" if row.is_over else ("code" if row.depth == 0 else "")
        start = f"{label:<{wide}}  {figure:>{right}} B"
        head, *more = wrap(wording.note_text(row), width, " " * (len(start) + 2))
        yield line(Span(start, role), Span(head[len(start) :], "dim"))
        for text in more:
            yield line(Span(text, "dim"))


def _uncertain(report: MemoryReport, width: int) -> Iterator[Line]:
    lines = wording.uncertain(report)
    if not lines:
        return
    yield from _section("not exact")
    for text in lines[:SHOWN]:
        yield from _wrapped(text, width, "    ", "warning")
    if len(lines) > SHOWN:
        yield from _more(len(lines) - SHOWN)


def _plan(report: MemoryReport, width: int, glyphs: Glyphs) -> Iterator[Line]:
    drawn = list(timeline(report, width, glyphs))
    if drawn:
        yield from _section("timeline", "bytes of the arena by operator")
        yield from drawn


def _alive(report: MemoryReport, width: int) -> Iterator[Line]:
    held = report.arena.alive_at(report.arena.peak_scope)
    if not held:
        return
    yield from _section("alive at the peak", wording.peak_text(report))
    figures = [f"{buffer.bytes:,}" for buffer in held[:SHOWN]]
    right = max(map(len, figures))
    for buffer, figure in zip(held, figures, strict=False):
        share = wording.share_text(report, buffer)
        start = f"    {figure:>{right}} B  {share:>5}  "
        about = f"{wording.buffer_text(report, buffer)}, {wording.life_text(report, buffer)}"
        head, *more = wrap(about, width, " " * len(start))
        yield line(start, head[len(start) :])
        for text in more:
            yield line(text)
        name = wording.name_text(buffer, width - len(start) - 2)
        if name:
            yield line(" " * len(start), Span(f"`{name}`", "dim"))
    if len(held) > SHOWN:
        rest = sum(buffer.bytes for buffer in held[SHOWN:])
        yield line("    ", Span(f"and {len(held) - SHOWN:,} more with {rest:,} B", "dim"))


def _savings(report: MemoryReport, width: int) -> Iterator[Line]:
    if not report.savings:
        return
    yield from _section("what would lower it", "each planned by itself")
    figures = [
        f"-{saving.bytes:,} B" if saving.is_exact else f"about -{saving.bytes:,} B"
        for saving in report.savings[:SHOWN]
    ]
    right = max(map(len, figures))
    for saving, figure in zip(report.savings, figures, strict=False):
        start = f"    {figure:>{right}}  "
        head, *more = wrap(printable(saving.text, 1000), width, " " * len(start))
        yield line("    ", Span(start[4:], "good"), head[len(start) :])
        for text in more:
            yield line(text)
    if len(report.savings) > SHOWN:
        yield from _more(len(report.savings) - SHOWN)


def _persistent(report: MemoryReport, width: int) -> Iterator[Line]:
    rows = wording.persistent(report)
    if not rows:
        return
    yield from _section("persistent", f"{report.arena.persistent_bytes:,} B")
    yield from _table(rows, width)
    kernels = wording.largest_kernels(report)
    if kernels:
        listed = ", ".join(f"{name} {size:,} B" for name, size in kernels)
        yield from _wrapped(f"kernels that keep most: {listed}", width, "    ", "dim")


def _host(report: MemoryReport, width: int) -> Iterator[Line]:
    rows = wording.host_rows(report)
    if not rows:
        return
    yield from _section("measured", "by TFLM itself on this machine (tflite-micro)")
    target = printable(report.target_name, 24)
    table = [("", "computed", "measured", f"for {target}")]
    table += [
        (label, f"{ours:,}", "none" if theirs is None else f"{theirs:,}", f"{there:,}")
        for label, ours, theirs, there in rows
    ]
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    for index, row in enumerate(table):
        cells = [row[0].ljust(widths[0])]
        cells += [text.rjust(wide) for text, wide in zip(row[1:], widths[1:], strict=True)]
        yield line(Span("    " + "  ".join(cells), "" if index else "dim"))
    for text, role in wording.host_notes(report):
        yield from _wrapped(text, width, "    ", role)


def _more(count: int) -> Iterator[Line]:
    yield line("    ", Span(f"and {count:,} more; `--format json` has all", "dim"))
