"""The report as one page, which is read with a keyboard, printed and saved as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from tflint.memory.arena import Buffer
from tflint.report import memory_wording as wording
from tflint.report.html_page import bullets, page, table
from tflint.report.memory_chart import MAX_BLOCKS
from tflint.report.memory_drawing import KEY, PLAN_STYLE, drawing
from tflint.report.memory_result import MemoryReport
from tflint.report.wording import path_text

_STYLE = """
tr.depth0 td { font-weight: 600 } tr.depth1 td:first-child { padding-left: 1.2rem }
tr.depth2 td:first-child { padding-left: 2.4rem } tr.peak td:first-child { box-shadow:
  inset 3px 0 var(--held); padding-left: .6rem }
"""


def render(report: MemoryReport) -> str:
    """The page."""
    return page(f"Arena of {wording.file_name(report)}", f"{_STYLE}{PLAN_STYLE}", _body(report))


def _body(report: MemoryReport) -> Iterator[str]:
    verdict, role = wording.verdict(report)
    yield f"<h1>{escape(path_text(report.path))}</h1>"
    yield f'<p class="faint">{escape(wording.subject(report))}</p>'
    yield f'<p class="{role}">{escape(verdict)}</p>'
    yield from _rows("Totals", list(wording.totals(report)))
    yield from _list("Not exact", wording.uncertain(report), "warning")
    yield from _picture(report)
    yield from _alive(report)
    savings = [
        f"{'' if saving.is_exact else 'about '}−{saving.bytes:,} B: {saving.text}"
        for saving in report.savings
    ]
    yield from _list("What would lower it", savings)
    yield from _rows("Persistent", wording.persistent(report))
    yield from _host(report)
    yield from _all(report)


def _rows(title: str, rows: Sequence[wording.Row]) -> Iterator[str]:
    if not rows:
        return
    yield f"<h2>{title}</h2>"
    body = [
        (
            f"depth{row.depth} {'error' if row.is_over else ''}".strip(),
            (row.label, f"{row.bytes:,} B", wording.note_text(row)),
        )
        for row in rows
    ]
    yield from table(("", "bytes", ""), body)


def _list(title: str, texts: Sequence[str], role: str = "") -> Iterator[str]:
    if not texts:
        return
    yield f"<h2>{title}</h2>"
    yield from bullets(texts, role)


def _picture(report: MemoryReport) -> Iterator[str]:
    yield "<h2>Timeline</h2>"
    yield f'<p class="faint">{KEY} The table of all buffers below has the same.</p>'
    yield f'<div class="scroll" tabindex="0">{drawing(report)}</div>'


def _alive(report: MemoryReport) -> Iterator[str]:
    held = report.arena.alive_at(report.arena.peak_scope)[:200]
    if not held:
        return
    yield "<h2>Alive at the peak</h2>"
    yield f"<p>{escape(wording.peak_text(report))}</p>"
    body = [
        (
            "peak",
            (
                wording.buffer_text(report, buffer),
                f"{buffer.bytes:,} B",
                wording.share_text(report, buffer),
                wording.life_text(report, buffer),
                wording.name_text(buffer),
            ),
        )
        for buffer in held
    ]
    head = ("buffer", "bytes", "share", "alive", "name")
    yield from table(head, body, frozenset((1, 2)))


def _host(report: MemoryReport) -> Iterator[str]:
    rows = wording.host_rows(report)
    if not rows:
        return
    yield "<h2>Measured by TFLM on this machine</h2>"
    body = [
        ("", (label, f"{ours:,}", "none" if theirs is None else f"{theirs:,}", f"{there:,}"))
        for label, ours, theirs, there in rows
    ]
    head = ("", "computed", "measured", f"for {report.target_name}")
    yield from table(head, body, frozenset((1, 2, 3)))
    for text, role in wording.host_notes(report):
        yield f'<p class="{"faint" if role == "dim" else role}">{escape(text)}</p>'


def _all(report: MemoryReport) -> Iterator[str]:
    buffers = report.arena.buffers[:MAX_BLOCKS]
    if not buffers:
        return
    more = len(report.arena.buffers) - len(buffers)
    cut = f", the first {len(buffers):,}" if more else ""
    yield f"<details><summary>All {len(report.arena.buffers):,} buffers{cut}</summary>"
    peak = report.arena.peak_scope
    body = (
        ("peak" if buffer.first <= peak <= buffer.last else "", _buffer_cells(report, buffer))
        for buffer in buffers
    )
    head = ("buffer", "bytes", "offset", "alive", "name")
    yield from table(head, body, frozenset((1, 2)))
    yield "</details>"


def _buffer_cells(report: MemoryReport, buffer: Buffer) -> Sequence[str]:
    return (
        wording.buffer_text(report, buffer),
        f"{buffer.bytes:,}",
        f"{buffer.offset:,}",
        wording.life_text(report, buffer),
        wording.name_text(buffer),
    )
