"""The report as workflow commands: annotations in GitHub Actions.

A step shows ten annotations of each kind, so the worst findings of all files come first.
Every line is a command; the last one, which says what was checked, only shows in debug logs.
"""

from __future__ import annotations

from tflint.finding import Finding, Severity
from tflint.printable import printable
from tflint.report.repository import GITHUB, repository_path
from tflint.report.result import LintReport
from tflint.report.wording import MAX_MESSAGE, full_message, in_file, located, safe, summary

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: LintReport) -> str:
    """The commands, a line each."""
    worst_first = sorted(report.findings, key=lambda finding: finding.severity.rank)
    lines = [_annotation(finding) for finding in worst_first]
    for file in report.files:
        at = {"file": repository_path(file.path, GITHUB), "line": "1", "title": "tflint"}
        lines += [_command("notice", at, printable(note, MAX_MESSAGE)) for note in file.notes]
    lines += [
        _command("notice", {"title": "tflint"}, printable(note, MAX_MESSAGE))
        for note in report.notes
    ]
    lines.append(_command("debug", {}, summary(report)))
    return "".join(f"{line}\n" for line in lines)


def _annotation(found: Finding) -> str:
    finding, at = safe(found), in_file(found.location)
    properties = {"file": repository_path(finding.path, GITHUB), "line": str(at.line or 1)}
    if at.line is not None:
        if at.end_line is not None and at.end_line >= at.line:
            properties["endLine"] = str(at.end_line)
        # Columns are for one line only.
        if at.column is not None and at.end_line in (None, at.line):
            properties["col"] = str(at.column)
            if at.end_column is not None and at.end_column >= at.column:
                properties["endColumn"] = str(at.end_column)
    properties["title"] = f"{finding.code} {finding.name}"
    message = located(finding, full_message(finding))
    return _command(_COMMANDS[finding.severity], properties, message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    """`::name key=value,...::message`, escaped as the runner undoes it."""
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' if listed else ''}{listed}::{_data(message)}"


def _data(text: str) -> str:
    """A message: what would end the line is escaped, and the escape."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return "".join(c if c == " " or c.isprintable() else printable(c) for c in escaped)


def _property(text: str) -> str:
    """A property's value: what would end it or begin another is escaped as well."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
