"""What all formats say in the same words, with everything in it safe to print.

Names from a model are escaped where a rule puts them into a message. Rules that are not ours
may forget it, and paths come from anywhere: so whatever a format shows goes through here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.finding import Finding, Fix, Location, Severity
from tflint.printable import counted, printable, size_text
from tflint.report.result import (
    ArchiveFacts,
    FileReport,
    LintReport,
    ModelFacts,
    Silence,
    SilencedFinding,
)
from tflint.report.source_excerpt import printable_excerpt
from tflint.rule import SOURCES, Kind

MAX_MESSAGE = 4000
MAX_PATH = 400
_MAX_CONTEXT = 1000
_SILENCES = {
    Silence.IN_SOURCE: "ignored by a comment",
    Silence.CONFIGURATION: "ignored by the configuration",
    Silence.BASELINE: "accepted by the baseline",
}
# Findings of a budget that is missed: the model would run where there is more room.
BUDGETS = ("TFL302", "TFL5")


def safe(finding: Finding) -> Finding:
    """The finding with every text that a format may show made printable, but for its path."""
    at, fix = finding.location, finding.fix
    return dataclasses.replace(
        finding,
        code=printable(finding.code),
        name=printable(finding.name),
        message=printable(finding.message, MAX_MESSAGE),
        help=printable(finding.help, MAX_MESSAGE),
        fix=fix and Fix(fix.safety, printable(fix.command, MAX_MESSAGE)),
        location=dataclasses.replace(
            at,
            operator_name=at.operator_name and printable(at.operator_name),
            context=at.context and printable(at.context, _MAX_CONTEXT),
            layer=at.layer and printable(at.layer),
            excerpt=at.excerpt and printable_excerpt(at.excerpt),
        ),
    )


def capital(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]


def path_text(path: str) -> str:
    """The path on one line, never at the start of one what a CI system takes for a command."""
    shown = printable(path, MAX_PATH)
    return f"./{shown}" if shown.lstrip().startswith("::") else shown


def place(at: Location) -> str:
    """`operator #5 CONV_2D`, `subgraph 1, tensor #9`, `12:5`, `cell 3:12:5`, or a layer.

    Nothing for a whole file.
    """
    if at.line is not None:
        cell = "" if at.cell is None else f"cell {at.cell}:"
        return f"{cell}{at.line}:{at.column or 1}"
    if at.layer is not None:
        return f"layer `{at.layer}`"
    if at.operator is not None:
        where = f"operator #{at.operator}" + (f" {at.operator_name}" if at.operator_name else "")
    elif at.tensor is not None:
        where = f"tensor #{at.tensor}"
    else:
        return f"subgraph {at.subgraph}" if at.subgraph else ""
    return f"subgraph {at.subgraph}, {where}" if at.subgraph else where


def in_file(at: Location) -> Location:
    """The place for those who know lines of files only: in a notebook the line of its JSON."""
    if at.cell is None:
        return at
    return Location(line=at.file_line or 1, end_line=at.file_end_line)


def located(finding: Finding, text: str) -> str:
    """The text behind the place in the model that it is about, if it does not begin with that.

    For formats that have a line and a column of a file for a place, and no more.
    """
    at = finding.location
    where = place(at) if at.line is None or at.cell is not None else ""
    if not where or (at.operator is None and text.startswith(f"tensor {at.tensor} ")):
        return text
    return f"{where}: {text}"


def repair(finding: Finding) -> str:
    """`repair (safe): what to do`, or nothing where nothing is known."""
    if not finding.help:
        return ""
    how = f" ({finding.fix.safety.value})" if finding.fix else ""
    return f"repair{how}: {finding.help}"


def full_message(finding: Finding) -> str:
    """What was found, its repair and the command for that, a line each."""
    command = finding.fix.command if finding.fix else ""
    return "\n".join(text for text in (finding.message, repair(finding), command) if text)


def silence_text(silenced: SilencedFinding) -> str:
    """What keeps the finding from counting, and the reason that was given."""
    reason = printable(silenced.reason, MAX_MESSAGE)
    return _SILENCES[silenced.silence] + (f": {reason}" if reason else "")


def facts_text(facts: ModelFacts) -> str:
    """A model's figures on one line."""
    parts = [size_text(facts.file_bytes), counted(facts.operators, "operator")]
    if facts.weights_count and facts.weights_bytes is not None:
        parts.append(f"{facts.weights_count:,} weights in {size_text(facts.weights_bytes)}")
    if facts.macs:
        parts.append(f"{facts.macs:,} MACs")
    if facts.min_arena_bytes is not None:
        parts.append(f"arena {size_text(facts.min_arena_bytes)}")
    return ", ".join(parts)


def archive_text(facts: ArchiveFacts) -> str:
    """What an archive is, on one line."""
    parts = [size_text(facts.file_bytes)]
    if facts.keras_version is not None:
        parts.append(f"Keras {'.'.join(map(str, facts.keras_version))}")
    if facts.layers:
        parts.append(counted(facts.layers, "layer"))
    if facts.weights_count is not None:
        parts.append(counted(facts.weights_count, "weight"))
    return ", ".join(parts)


def verdict(file: FileReport) -> tuple[str, str]:
    """Whether the file will do, and the role of that text: `error` or `good`."""
    title = file.target.runtime.title
    failing = [f for f in file.findings if f.severity is Severity.ERROR]
    errors = len(failing)
    if file.kind is not Kind.TFLITE:
        return _keras_verdict(file, errors)
    if not file.readable:
        return "not a readable model", "error"
    if errors and all(finding.code.startswith(BUDGETS) for finding in failing):
        return f"does not fit: {counted(errors, 'error')}", "error"
    if errors:
        return f"will not run on {title}: {counted(errors, 'error')}", "error"
    accepted = sum(found.finding.severity is Severity.ERROR for found in file.silenced)
    if accepted:
        what = counted(accepted, "error")
        return f"{what} accepted, nothing else found that keeps it from running on {title}", "good"
    if file.findings:
        return f"nothing found that keeps it from running on {title}", "good"
    return f"no findings for {title}", "good"


def _keras_verdict(file: FileReport, errors: int) -> tuple[str, str]:
    """Of a source or an archive, whose model is not there yet."""
    title = file.target.runtime.title
    if file.kind is Kind.CONFIGURATION:
        return "has entries of no use", "warning"
    if not file.readable:
        return ("does not parse" if file.kind in SOURCES else "not a readable archive"), "error"
    if any(f.code == "TFL007" and f.severity is Severity.ERROR for f in file.findings):
        return f"runs code when it is loaded: {counted(errors, 'error')}", "error"
    if errors:
        return f"will fail: {counted(errors, 'error')}", "error"
    if file.findings:
        return f"nothing found that will fail on {title}", "good"
    if file.archive is not None and not file.archive.layers:
        return "its layers were not seen", "good"
    return f"no findings for {title}", "good"


def checked(report: LintReport) -> str:
    """`3 files checked for tflm`."""
    targets = {file.target.name: None for file in report.files} or {report.target.name: None}
    names = [printable(name) for name in targets]
    listed = ", ".join(names) if len(names) <= 3 else f"{len(names)} targets"
    files = sum(file.kind is not Kind.CONFIGURATION for file in report.files)
    return f"{counted(files, 'file')} checked for {listed}"


def severity_counts(report: LintReport) -> list[tuple[Severity, str]]:
    """`2 errors`, `1 warning`: each severity that there is, the worst first."""
    return [
        (severity, counted(report.count(severity), severity.value))
        for severity in Severity
        if report.count(severity)
    ]


def silenced_text(report: LintReport) -> str:
    """`2 suppressed, 3 baselined`, or nothing."""
    counts = (
        (report.count_silenced(Silence.IN_SOURCE, Silence.CONFIGURATION), "suppressed"),
        (report.count_silenced(Silence.BASELINE), "baselined"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in counts if count)


def summary(report: LintReport) -> str:
    """The run in one line."""
    counts = [text for _, text in severity_counts(report)] or ["no findings"]
    silenced = silenced_text(report)
    return f"{checked(report)}: {', '.join(counts)}" + (f" ({silenced})" if silenced else "")


def indices(findings: Sequence[Finding], most: int = 12) -> str:
    """`operators #1, #2, ...`: where findings are that are not shown in full, or nothing."""
    at = [finding.location for finding in findings]
    if all(location.line is not None for location in at):
        return f"{', '.join(map(place, at[:most]))}{', ...' if len(at) > most else ''}"
    if all(location.operator is not None for location in at):
        what, found = "operators", [location.operator for location in at]
    elif all(location.tensor is not None for location in at):
        what, found = "tensors", [location.tensor for location in at]
    else:
        return ""
    listed = ", ".join(f"#{index}" for index in found[:most])
    return f"{what} {listed}{', ...' if len(found) > most else ''}"
