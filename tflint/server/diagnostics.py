"""Findings as the editor shows them: underlined, and explained when pointed at."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from lsprotocol import types

from tflint.finding import Confidence, Finding, Severity
from tflint.lint.registry import find_rule
from tflint.report.gfm import prose
from tflint.server.positions import Text

SOURCE = "tflint"
SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
# How an editor may draw what these rules find: faded, struck through.
TAGS = {
    "TFL901": types.DiagnosticTag.Unnecessary,
    "TFL115": types.DiagnosticTag.Deprecated,
}


def diagnostic(finding: Finding, text: Text) -> types.Diagnostic:
    """One finding, its place in the editor's units."""
    tag = TAGS.get(finding.code)
    message = f"{finding.message}\n{finding.help}" if finding.help else finding.message
    return types.Diagnostic(
        range=text.range(*text.span(finding.location)),
        message=message,
        severity=SEVERITIES[finding.severity],
        code=finding.code,
        source=SOURCE,
        tags=None if tag is None else [tag],
        data={
            "name": finding.name,
            "confidence": finding.confidence.value,
            "fix": None if finding.fix is None else finding.fix.safety.value,
            "fingerprint": finding.fingerprint,
        },
    )


def touching(findings: Iterable[Finding], text: Text, start: int, end: int) -> list[Finding]:
    """The findings whose places overlap with a stretch of the text, or touch it."""
    found = []
    for finding in findings:
        first, last = text.span(finding.location)
        if first <= end and start <= last:
            found.append(finding)
    return found


def hover(
    findings: Sequence[Finding], text: Text, *, markdown: bool, position: types.Position
) -> types.Hover | None:
    """What the rules at a position mean, the innermost place first; None where there is none."""
    at = text.offset(position)
    here = touching(findings, text, at, at)
    if not here:
        return None
    spans = {id(finding): text.span(finding.location) for finding in here}
    here.sort(key=lambda finding: spans[id(finding)][1] - spans[id(finding)][0])
    write = _as_markdown if markdown else _as_text
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    separator = "\n\n---\n\n" if markdown else "\n\n"
    value = separator.join(write(finding) for finding in here)
    return types.Hover(types.MarkupContent(kind, value), text.range(*spans[id(here[0])]))


def _as_markdown(finding: Finding) -> str:
    """The finding and its rule's documentation; what comes from the source is made inert."""
    lines = [f"**{finding.code} {finding.name}** ({_standing(finding)}): {prose(finding.message)}"]
    if finding.help:
        lines.append(f"Repair: {prose(finding.help)}")
    lines.append(_documentation(finding).replace("\n## ", "\n#### "))
    return "\n\n".join(line for line in lines if line)


def _as_text(finding: Finding) -> str:
    lines = [f"{finding.code} {finding.name} ({_standing(finding)}): {finding.message}"]
    if finding.help:
        lines.append(f"Repair: {finding.help}")
    lines.append(_documentation(finding).replace("\n## ", "\n"))
    return "\n\n".join(line for line in lines if line)


def _standing(finding: Finding) -> str:
    """How bad and, where there is doubt, how sure."""
    if finding.confidence is Confidence.HIGH:
        return finding.severity.value
    return f"{finding.severity.value}, confidence {finding.confidence.value}"


def _documentation(finding: Finding) -> str:
    rule = find_rule(finding.code)
    return inspect.cleandoc(rule.__doc__ or "") if rule is not None else ""
