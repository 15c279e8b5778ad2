"""A comparison as GitHub-flavoured Markdown: what is posted to a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.finding import Finding, Severity
from tflint.model.changes import ModelChanges
from tflint.printable import counted, printable
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
from tflint.report.gfm import code, prose
from tflint.report.result import FileReport
from tflint.report.wording import MAX_PATH, capital

# A comment holds 65,536 characters; each list is cut long before.
SHOWN = 20
_MAX_TEXT = 2000
_SIGNS = {Severity.ERROR: "🔴", Severity.WARNING: "🟡", Severity.INFO: "🔵"}


def render(report: DiffReport) -> str:
    """The comparison as a document that ends in a newline."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: DiffReport) -> Iterator[str]:
    before, after = _path(report.before), _path(report.after)
    yield f"### {after}" if before == after else f"### {before} → {after}"
    yield ""
    bold = report.changes is not None and report.changes.is_breaking
    text = capital(verdict(report))
    yield f"**{text}.**" if bold else f"{text}."
    if report.is_empty:
        return
    new = new_operators_text(report)
    if new:
        yield ""
        yield f"{_prose(capital(new))}."
    yield from _totals(report)
    yield from _findings(report)
    if report.changes is not None:
        yield from _changes(report.changes)
    for note in report.notes:
        yield ""
        yield f"note: {_prose(note)}"


def _path(file: FileReport | None) -> str:
    return "(no model)" if file is None else code(printable(file.path, MAX_PATH))


def _prose(text: str) -> str:
    return prose(printable(text, _MAX_TEXT))


def _code(text: str) -> str:
    return code(printable(text, _MAX_TEXT))


def _totals(report: DiffReport) -> Iterator[str]:
    yield ""
    yield "| | before | after | difference | |"
    yield "|:--|--:|--:|--:|--:|"
    for total in report.totals:
        difference = "=" if total.difference == 0 else number(total.difference, signed=True)
        cells = (
            total.name,
            number(total.before),
            number(total.after),
            difference,
            percentage(total),
        )
        yield f"| {' | '.join(cells)} |"


def _findings(report: DiffReport) -> Iterator[str]:
    yield ""
    yield f"#### Findings for {_code(report.target.name)}"
    yield ""
    yield f"{capital(findings_summary(report))}."
    if report.added:
        yield ""
        yield from _finding_list(report.added)
    if report.removed:
        yield from _folded(
            f"{counted(len(report.removed), 'finding')} removed", _finding_list(report.removed)
        )


def _finding_list(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings[:SHOWN]:
        place = finding_place(finding)
        where = f" {_code(place)}:" if place else ":"
        severity = finding.severity
        yield (
            f"- {_SIGNS[severity]} {severity.value} {_code(finding.code)} {_prose(finding.name)}"
            f"{where} {_prose(finding.message)}"
        )
    yield from _more(len(findings))


def _changes(changes: ModelChanges) -> Iterator[str]:
    if changes.interface:
        yield ""
        yield "#### Interface"
        yield ""
        yield from _list(list(interface_entries(changes.interface)))
    if changes.operators:
        counts = [f"{c.name} {c.before:,} → {c.after:,}" for c in changes.counts[:SHOWN]]
        entries = operator_entries(changes.operators)
        lines = [*([", ".join(map(_code, counts)), ""] if counts else []), *_list(entries)]
        yield from _folded(f"Operators: {operators_summary(changes.operators)}", lines)
    if changes.constants:
        entries = list(constant_entries(changes.constants))
        yield from _folded(f"Constants: {constants_summary(changes.constants)}", _list(entries))
    if changes.properties or changes.renamed:
        lines = [
            f"- {_prose(c.field)}: {_code(c.before)} → {_code(c.after)}"
            for c in changes.properties[:SHOWN]
        ]
        lines += list(_more(len(changes.properties)))
        if changes.renamed:
            lines.append(f"- {changes.renamed:,} tensors with another name")
        yield from _folded("Model", lines)


def _folded(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    """Lines that are shown when the reader asks for them."""
    yield ""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"


def _list(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries[:SHOWN]:
        details = f": {', '.join(map(_code, entry.details))}" if entry.details else ""
        yield f"- {_code(f'{MARKS[entry.change]} {entry.subject}')}{details}"
    yield from _more(len(entries))


def _more(count: int) -> Iterator[str]:
    if count > SHOWN:
        yield f"- and {count - SHOWN:,} more; `--format json` has all"
