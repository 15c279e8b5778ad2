"""A comparison of memory as GitHub-flavoured Markdown: what is posted to a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.memory.difference import BufferChanges, MemoryDifference, Peak
from tflint.printable import printable
from tflint.report.diff_phrases import number
from tflint.report.gfm import code, prose
from tflint.report.memory_diff_phrases import (
    MARKS,
    Row,
    buffer_text,
    change_text,
    changes_summary,
    has_peak_changed,
    kernel_text,
    kernels_summary,
    peak_place,
    peak_summary,
    remarks,
    rows,
    sizes_text,
    standing,
    unmatched_text,
    verdict,
)
from tflint.report.memory_diff_result import Compared, MemoryDiffReport
from tflint.report.wording import MAX_PATH, capital

# A comment holds 65,536 characters; each list is cut long before.
SHOWN = 20
_MAX_TEXT = 2000
_SIGNS = {"good": "🟢", "warning": "🟡"}


def render(report: MemoryDiffReport) -> str:
    """The comparison as a document that ends in a newline."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: MemoryDiffReport) -> Iterator[str]:
    before, after = _path(report.before), _path(report.after)
    yield f"### Memory of {after}" if before == after else f"### Memory: {before} → {after}"
    yield ""
    yield f"{capital(verdict(report))}, for {_code(report.target_name)}."
    failures = report.failures
    if failures:
        yield ""
        yield from (f"- 🔴 **fails:** {_prose(failure.message)}" for failure in failures)
    known, role = standing(report)
    if known:
        yield ""
        yield f"{_SIGNS[role]} {_prose(capital(known))}."
    yield ""
    yield "| | before | after | difference | |"
    yield "|:--|--:|--:|--:|--:|"
    yield from map(_row, rows(report.difference.figures))
    if report.after is not None:
        yield from _details(report.difference, one_sided=report.before is None)
    notes = list(remarks(report))
    if notes:
        yield ""
        yield from (f"- note: {_prose(note)}" for note in notes[:SHOWN])
        yield from _more(len(notes))


def _path(side: Compared | None) -> str:
    return "(no model)" if side is None else code(printable(side.path, MAX_PATH))


def _row(row: Row) -> str:
    # GitHub takes blanks off a cell's ends.
    title = "&emsp;" * row.indent + row.title if row.indent else f"**{row.title}**"
    return f"| {' | '.join((title, row.before, row.after, row.difference, row.percentage))} |"


def _details(difference: MemoryDifference, *, one_sided: bool) -> Iterator[str]:
    peak = difference.peak
    yield ""
    yield f"Peak: {_prose(peak_summary(peak))}."
    if has_peak_changed(peak):
        lines: list[str] = []
        for word, side in (("Before", peak.before), ("After", peak.after)):
            if side is not None and one_sided:
                lines += _alive(side)
            elif side is not None:
                where = _prose(peak_place(side))
                lines += [*([""] if lines else []), f"{word}, {where}:", "", *_alive(side)]
        yield from _folded("Alive at the peak", lines)
    if one_sided:
        return
    yield from _buffers("Tensors", difference.tensors)
    yield from _buffers("Scratch", difference.scratch)
    if difference.kernels:
        entries = [
            f"- {_code(f'{MARKS[kernel.change]} {printable(kernel.operator)}')}:"
            f" {_prose(kernel_text(kernel))}"
            for kernel in difference.kernels[:SHOWN]
        ]
        title = f"Kernels: {kernels_summary(difference.kernels)}"
        yield from _folded(title, [*entries, *_more(len(difference.kernels))])


def _alive(peak: Peak) -> Iterator[str]:
    for buffer in peak.alive[:SHOWN]:
        yield f"- {number(buffer.bytes)} B: {_code(buffer_text(buffer))}"
    more = peak.alive[SHOWN:]
    if more:
        yield f"- and {len(more):,} more, {number(sum(buffer.bytes for buffer in more))} B"


def _buffers(title: str, found: BufferChanges) -> Iterator[str]:
    unmatched = unmatched_text(found, title.lower())
    lines = [
        f"- {_code(f'{MARKS[change.change]} {change_text(change)}')}: "
        + sizes_text(change).replace("->", "→")
        for change in found.changes[:SHOWN]
    ]
    lines += _more(len(found.changes))
    if unmatched:
        lines += [*([""] if lines else []), _prose(capital(unmatched)) + "."]
    if lines:
        yield from _folded(f"{title}: {changes_summary(found)}", lines)


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    """Lines that are shown when the reader asks for them; the title holds nothing of a model."""
    yield ""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"


def _more(count: int) -> list[str]:
    return [f"- and {count - SHOWN:,} more; `--format json` has all"] if count > SHOWN else []


def _prose(text: str) -> str:
    return prose(printable(text, _MAX_TEXT))


def _code(text: str) -> str:
    return code(printable(text, _MAX_TEXT))
