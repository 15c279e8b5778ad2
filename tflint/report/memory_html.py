"""The report as one page: no script, no font, nothing from anywhere else.

It is read with a keyboard, printed and saved as it is. Nothing in it can act: everything from
a model is escaped, and the page's own policy forbids scripts and requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from tflint.memory.arena import Buffer
from tflint.report import memory_wording as wording
from tflint.report.memory_chart import MAX_BLOCKS
from tflint.report.memory_drawing import drawing
from tflint.report.memory_result import MemoryReport
from tflint.report.wording import path_text
from tflint.version import __version__

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5b6470; --ground: #ffffff;
  --line: #d9dde2; --block: #8ec7e8; --held: #e69f00; --scratch: #d6c3dd; --tail: #e4e7eb;
  --alarm: #b42318; --good: #1a7f37; --number: #1b1f24 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --faint: #9aa4b0;
  --ground: #14171b; --line: #323840; --block: #2f6f94; --held: #b87d00; --scratch: #6d5578;
  --tail: #2a2f36; --alarm: #ff8a80; --good: #57c76f; --number: #ffffff } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 76rem; margin: 2rem auto; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .3rem 0 } .faint, .note { color: var(--faint) }
.error { color: var(--alarm) } .good { color: var(--good) } .warning { color: var(--alarm) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .22rem .9rem .22rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600; color: var(--faint) } td.figure, th.figure { text-align: right;
  white-space: nowrap }
tr.depth0 td { font-weight: 600 } tr.depth1 td:first-child { padding-left: 1.2rem }
tr.depth2 td:first-child { padding-left: 2.4rem } tr.peak td:first-child { box-shadow:
  inset 3px 0 var(--held); padding-left: .6rem } code { font-size: .92em }
.scroll { overflow-x: auto } details summary { cursor: pointer; color: var(--faint) }
svg { display: block; max-width: none } svg text { font: 12px system-ui, sans-serif;
  fill: var(--ink) } svg .axis, svg .name, svg .faint { fill: var(--faint) } svg .name {
  font-size: 10px } svg .number { fill: var(--number); pointer-events: none } svg .alarm {
  fill: var(--alarm) } .grid { stroke: var(--line) } rect.block { fill: var(--block) }
rect.held { fill: var(--held) } rect.scratch { fill: url(#hatch) } .hatch-ground {
  fill: var(--scratch) } .hatch-line { stroke: var(--ink); stroke-width: 1.5; opacity: .5 }
rect.block, rect.held, rect.scratch { stroke: var(--ground); stroke-width: .5 } rect:hover {
  stroke: var(--ink); stroke-width: 2 } rect.persistent { fill: var(--tail); stroke: none }
.budget { stroke: var(--alarm); stroke-width: 1.5; stroke-dasharray: 8 4 } .peak {
  fill: var(--alarm) } .key { display: inline-block; width: .9em; height: .9em; margin:
  0 .35em 0 1em; vertical-align: -.08em } .key:first-child { margin-left: 0 }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(report: MemoryReport) -> str:
    """The page."""
    title = f"Arena of {wording.file_name(report)}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="generator" content="tflint {__version__}">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        *_body(report),
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


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
    yield from _table(("", "bytes", ""), body)


def _table(
    head: Sequence[str],
    body: Iterable[tuple[str, Sequence[str]]],
    figures: frozenset[int] = frozenset((1,)),
) -> Iterator[str]:
    """A table; the columns `figures` are set right. Every cell is text, and escaped."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="figure">{escape(text)}</{tag}>'
            if column in figures
            else f"<{tag}>{escape(text)}</{tag}>"
            for column, text in enumerate(texts)
        )

    yield '<div class="scroll"><table>'
    if any(head):
        yield f"<thead><tr>{cells('th', head)}</tr></thead>"
    yield "<tbody>"
    for kind, texts in body:
        yield (
            f'<tr class="{kind}">{cells("td", texts)}</tr>'
            if kind
            else (f"<tr>{cells('td', texts)}</tr>")
        )
    yield "</tbody></table></div>"


def _list(title: str, texts: Sequence[str], role: str = "") -> Iterator[str]:
    if not texts:
        return
    yield f"<h2>{title}</h2>"
    yield f'<ul class="{role}">' if role else "<ul>"
    for text in texts:
        yield f"<li>{escape(text)}</li>"
    yield "</ul>"


def _picture(report: MemoryReport) -> Iterator[str]:
    yield "<h2>Timeline</h2>"
    yield (
        '<p class="faint"><span class="key" style="background:var(--held)"></span>alive at the '
        'peak<span class="key" style="background:var(--block)"></span>other tensors<span '
        'class="key" style="background:var(--scratch)"></span>scratch memory; operators across, '
        "bytes up. The table of all buffers below has the same.</p>"
    )
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
    yield from _table(head, body, frozenset((1, 2)))


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
    yield from _table(head, body, frozenset((1, 2, 3)))
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
    yield from _table(head, body, frozenset((1, 2)))
    yield "</details>"


def _buffer_cells(report: MemoryReport, buffer: Buffer) -> Sequence[str]:
    return (
        wording.buffer_text(report, buffer),
        f"{buffer.bytes:,}",
        f"{buffer.offset:,}",
        wording.life_text(report, buffer),
        wording.name_text(buffer),
    )
