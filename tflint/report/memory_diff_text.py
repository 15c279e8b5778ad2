"""A comparison of memory for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.memory.difference import BufferChanges, Change, MemoryDifference, Peak
from tflint.printable import printable
from tflint.report.diff_phrases import number
from tflint.report.memory_diff_phrases import (
    MARKS,
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
from tflint.report.style import Line, Span, line, wrap
from tflint.report.wording import MAX_MESSAGE, MAX_PATH

WIDTH = 100
# Entries of each list that are shown.
SHOWN = 10
SHOWN_ALIVE = 6
_ROLES = {
    Change.ADDED: "warning",
    Change.REMOVED: "good",
    Change.GROWN: "warning",
    Change.SHRUNK: "good",
}


def render(report: MemoryDiffReport) -> Iterator[Line]:
    """The comparison, line by line."""
    for word, side in (("before", report.before), ("after ", report.after)):
        yield from _path(word, side)
    failures = report.failures
    text = f"{verdict(report)}, for {printable(report.target_name)}"
    yield from _wrapped(text, "  ", "" if failures else "good")
    for failure in failures:
        yield from _wrapped(f"fails: {printable(failure.message, MAX_MESSAGE)}", "  ", "error")
    known, role = standing(report)
    yield from _wrapped(printable(known, MAX_MESSAGE), "  ", role)
    yield line()
    yield from _figures(report.difference)
    if report.before is not None and report.after is not None:
        yield from _changes(report.difference)
    elif report.after is not None:
        yield from _peak(report.difference)
    notes = list(remarks(report))
    if notes:
        yield line()
    for note in notes[:SHOWN]:
        yield from _wrapped(f"note: {printable(note, MAX_MESSAGE)}", "  ", "dim")
    yield from _more(len(notes) - SHOWN)


def _path(word: str, side: Compared | None) -> Iterator[Line]:
    text = "(no model)" if side is None else printable(side.path, MAX_PATH)
    head, *rest = wrap(text, WIDTH, "        ")
    yield line(Span(f"{word}  {head[8:]}", "path"))
    yield from (line(Span(part, "path")) for part in rest)


def _figures(difference: MemoryDifference) -> Iterator[Line]:
    table = [("", "before", "after", "difference", "")]
    for row in rows(difference.figures):
        title = "  " * row.indent + row.title
        table.append((title, row.before, row.after, row.difference, row.percentage))
    widths = [max(len(cells[i]) for cells in table) for i in range(5)]
    for index, cells in enumerate(table):
        padded = [cells[0].ljust(widths[0])]
        padded += [text.rjust(width) for text, width in zip(cells[1:], widths[1:], strict=True)]
        yield line(Span("  " + "  ".join(padded).rstrip(), "" if index else "dim"))


def _changes(difference: MemoryDifference) -> Iterator[Line]:
    yield from _peak(difference)
    for title, found in (("tensors", difference.tensors), ("scratch", difference.scratch)):
        yield from _buffers(title, found)
    if difference.kernels:
        yield from _section("kernels", kernels_summary(difference.kernels))
        for kernel in difference.kernels[:SHOWN]:
            yield from _entry(kernel.change, printable(kernel.operator), kernel_text(kernel))
        yield from _more(len(difference.kernels) - SHOWN)


def _peak(difference: MemoryDifference) -> Iterator[Line]:
    peak = difference.peak
    yield from _section("peak", peak_summary(peak))
    if not has_peak_changed(peak):
        return
    for word, side in (("before", peak.before), ("after", peak.after)):
        if side is not None:
            if None not in (peak.before, peak.after):
                yield from _wrapped(f"{word}, {peak_place(side)}:", "    ", "dim")
            yield from _alive(side)


def _alive(peak: Peak) -> Iterator[Line]:
    shown = peak.alive[:SHOWN_ALIVE]
    widest = max((len(number(buffer.bytes)) for buffer in shown), default=0)
    for buffer in shown:
        yield from _wrapped_at(number(buffer.bytes).rjust(widest), buffer_text(buffer))
    more = peak.alive[SHOWN_ALIVE:]
    if more:
        size = number(sum(buffer.bytes for buffer in more))
        yield line("      ", Span(f"and {len(more):,} more, {size} B", "dim"))


def _wrapped_at(head: str, text: str) -> Iterator[Line]:
    """A figure, and text behind it that keeps to its right."""
    indent = " " * (8 + len(head))
    first, *rest = wrap(text, WIDTH, indent)
    yield line(f"      {head}  {first[len(indent) :]}")
    yield from (line(part) for part in rest)


def _buffers(title: str, found: BufferChanges) -> Iterator[Line]:
    unmatched = unmatched_text(found, title)
    if not found.changes and not unmatched:
        return
    yield from _section(title, changes_summary(found))
    for change in found.changes[:SHOWN]:
        yield from _entry(change.change, change_text(change), sizes_text(change))
    yield from _more(len(found.changes) - SHOWN)
    yield from _wrapped(unmatched, "    ", "dim")


def _entry(change: Change, subject: str, details: str) -> Iterator[Line]:
    mark = Span(MARKS[change], _ROLES[change])
    if len(subject) + len(details) + 8 <= WIDTH:
        yield line("    ", mark, " ", Span(subject, "code"), f"  {details}")
        return
    head, *rest = wrap(subject, WIDTH, "      ")
    yield line("    ", mark, " ", Span(head[6:], "code"))
    yield from (line(Span(part, "code")) for part in rest)
    yield from _wrapped(details, "        ")


def _section(title: str, summary: str) -> Iterator[Line]:
    yield line()
    head, *rest = wrap(summary, WIDTH, " " * (len(title) + 4))
    yield line("  ", Span(title, "path"), head[len(title) + 2 :])
    yield from (line(part) for part in rest)


def _more(count: int) -> Iterator[Line]:
    if count > 0:
        yield line("      ", Span(f"and {count:,} more; `--format json` has all", "dim"))


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent) if text else ():
        yield line(Span(part, role))
