"""A comparison for people at a terminal: figures, what changed, what the rules say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.finding import Finding
from tflint.model.changes import Change, ModelChanges
from tflint.printable import printable
from tflint.report.diff_phrases import (
    MARKS,
    Entry,
    constant_entries,
    constants_summary,
    finding_place,
    findings_summary,
    interface_entries,
    new_operators_text,
    number,
    operator_entries,
    operators_summary,
    percentage,
    verdict,
)
from tflint.report.diff_result import DiffReport
from tflint.report.result import FileReport
from tflint.report.style import Line, Span, line, wrap

WIDTH = 100
# Entries of each list that are shown.
SHOWN_OPERATORS = 30
SHOWN = 10
_ROLES = {
    Change.ADDED: "good",
    Change.REMOVED: "error",
    Change.CHANGED: "warning",
    Change.MOVED: "info",
}


def render(report: DiffReport) -> Iterator[Line]:
    """The comparison, line by line."""
    for word, file in (("before", report.before), ("after ", report.after)):
        for text in wrap(f"{word}  {_path(file)}", WIDTH, ""):
            yield line(Span(text, "path"))
    role = "error" if report.changes and report.changes.is_breaking else "good"
    if report.before is None or report.after is None or report.changes is None:
        role = "info"
    for text in wrap(verdict(report), WIDTH, "  "):
        yield line(Span(text, role))
    if report.is_empty:
        return
    yield from _wrapped(new_operators_text(report), "  ", "warning")
    yield line()
    yield from _totals(report)
    if report.changes is not None:
        yield from _changes(report.changes, one_sided=None in (report.before, report.after))
    yield from _findings(report)
    for note in report.notes:
        for text in wrap(f"note: {note}", WIDTH, "  "):
            yield line(Span(text, "dim"))


def _path(file: FileReport | None) -> str:
    return "(no model)" if file is None else printable(file.path, 400)


def _totals(report: DiffReport) -> Iterator[Line]:
    rows = [("", "before", "after", "difference", "")]
    for total in report.totals:
        difference = "=" if total.difference == 0 else number(total.difference, signed=True)
        rows.append(
            (total.name, number(total.before), number(total.after), difference, percentage(total))
        )
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for index, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        yield line(Span("  " + "  ".join(cells).rstrip(), "" if index else "dim"))


def _changes(changes: ModelChanges, *, one_sided: bool) -> Iterator[Line]:
    if changes.interface:
        yield from _section("interface", "")
        yield from _list(list(interface_entries(changes.interface)), SHOWN)
    if changes.operators:
        yield from _section("operators", operators_summary(changes.operators))
        counts = [f"{c.name} {c.before:,} -> {c.after:,}" for c in changes.counts]
        if counts and not one_sided:
            yield from _wrapped(_some(counts, SHOWN, ", "), "    ", "dim")
        yield from _list(operator_entries(changes.operators), SHOWN_OPERATORS)
    if changes.constants:
        yield from _section("constants", constants_summary(changes.constants))
        yield from _list(list(constant_entries(changes.constants)), SHOWN)
    if changes.properties or changes.renamed:
        yield from _section("model", "")
        for change in changes.properties[:SHOWN]:
            yield from _wrapped(f"{change.field}: {change.before} -> {change.after}", "    ")
        if len(changes.properties) > SHOWN:
            yield from _more(len(changes.properties) - SHOWN)
        if changes.renamed:
            tensors = "tensors have" if changes.renamed > 1 else "tensor has"
            yield line(f"    {changes.renamed:,} {tensors} another name")


def _some(texts: Sequence[str], most: int, between: str) -> str:
    more = len(texts) - most
    return between.join(texts[:most]) + (f"{between}{more:,} more" if more > 0 else "")


def _section(title: str, summary: str) -> Iterator[Line]:
    yield line()
    if len(title) + len(summary) + 4 <= WIDTH:
        yield line("  ", Span(title, "path"), f"  {summary}" if summary else "")
    else:
        yield line("  ", Span(title, "path"))
        yield from _wrapped(summary, "    ")


def _list(entries: Sequence[Entry], most: int) -> Iterator[Line]:
    for entry in entries[:most]:
        head, *rest = wrap(entry.subject, WIDTH, "      ")
        yield line("    ", Span(MARKS[entry.change], _ROLES[entry.change]), Span(head[5:], "code"))
        for text in rest:
            yield line(Span(text, "code"))
        if entry.details:
            yield from _wrapped("; ".join(entry.details), "        ")
    if len(entries) > most:
        yield from _more(len(entries) - most)


def _more(count: int) -> Iterator[Line]:
    yield line("      ", Span(f"and {count:,} more; `--format json` has all", "dim"))


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent) if text else ():
        yield line(Span(part, role))


def _findings(report: DiffReport) -> Iterator[Line]:
    name = printable(report.target.name)
    yield from _section("findings", f"{findings_summary(report)} for {name}")
    for mark, role, findings in (("+", "error", report.added), ("-", "good", report.removed)):
        for finding in findings[:SHOWN]:
            yield from _finding(mark, role, finding)
        if len(findings) > SHOWN:
            yield from _more(len(findings) - SHOWN)


def _finding(mark: str, role: str, finding: Finding) -> Iterator[Line]:
    severity = finding.severity.value
    yield line(
        "    ",
        Span(f"{mark} ", role),
        Span(f"{severity:<8}", severity),
        Span(finding.code, "code"),
        f" {finding.name}",
    )
    place = finding_place(finding)
    text = f"{place}: {finding.message}" if place else finding.message
    yield from _wrapped(text, "        ", "dim" if mark == "-" else "")
