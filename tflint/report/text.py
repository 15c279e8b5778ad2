"""The report for people: a header a file, findings by severity, what to do next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, zip_longest

from tflint.finding import Finding, Fix, FixSafety
from tflint.printable import printable
from tflint.report.result import FileReport, LintReport
from tflint.report.source_excerpt import excerpt_lines
from tflint.report.style import Line, Span, line, wrap
from tflint.report.wording import (
    MAX_MESSAGE,
    archive_text,
    checked,
    facts_text,
    indices,
    path_text,
    place,
    repair,
    safe,
    severity_counts,
    silenced_text,
    verdict,
)
from tflint.target.target import DEFAULT_TARGET, Target

WIDTH = 100
INDENT = "      "
# Findings of one rule in one file that are shown in full, in models and in sources.
SHOWN = 3
SHOWN_IN_SOURCES = 10
_UNSAFE = "--unsafe"
_RECONVERT = "--reconvert"
_QUANTIZE = "--quantize int8 --calibrate DATA"


def render(report: LintReport) -> Iterator[Line]:
    """The report, line by line."""
    for file in report.files:
        yield from render_file(file, usual=report.target)
        yield line()
    yield from _closing(report)


def render_file(file: FileReport, usual: Target | None = None) -> Iterator[Line]:
    """One file: what it is, whether it runs, what was found.

    Its target is said where it is not the `usual` one.
    """
    yield line(Span(path_text(file.path), "path"))
    if file.facts is not None:
        yield line("  ", Span(facts_text(file.facts), "dim"))
    if file.archive is not None:
        yield line("  ", Span(archive_text(file.archive), "dim"))
    if usual is not None and file.target.name != usual.name:
        yield line("  ", Span(f"for {printable(file.target.name)}", "dim"))
    yield line("  ", Span(*verdict(file)))
    for _, findings in groupby(file.findings, key=lambda f: (f.severity, f.code)):
        yield line()
        yield from _group([safe(finding) for finding in findings])
    if file.silenced:
        silenced = silenced_text(LintReport(file.target, (file,)))
        yield line("  ", Span(f"not counted: {silenced}", "dim"))
    yield from _notes(file.notes)


def _wrapped(text: str, indent: str) -> Iterator[str]:
    """The text in lines, none of which GitHub Actions takes for a workflow command."""
    for part in wrap(text, WIDTH, indent):
        yield part.replace("::", "\\x3a:", 1) if part.lstrip().startswith("::") else part


def _notes(notes: tuple[str, ...], indent: str = "  ") -> Iterator[Line]:
    for note in notes:
        for text in _wrapped(f"note: {printable(note, MAX_MESSAGE)}", indent):
            yield line(Span(text, "dim"))


def _group(findings: list[Finding]) -> Iterator[Line]:
    """The findings of one rule and severity: the first few, then where the others are."""
    first = findings[0]
    severity = first.severity.value
    times = f" ({len(findings)} times)" if len(findings) > 1 else ""
    yield line(
        "  ",
        Span(f"{severity:<8}", severity),
        Span(first.code, "code"),
        f" {first.name}",
        Span(times, "dim"),
    )
    shown = SHOWN if first.location.line is None else SHOWN_IN_SOURCES
    for finding, following in zip_longest(findings[:shown], findings[1:shown]):
        yield from _where(finding)
        # In a source, what holds for the next place as well is said once.
        if finding.location.excerpt is not None and _says_the_same(finding, following):
            continue
        for text in _wrapped(finding.message, INDENT):
            yield line(text)
        # What repairs the next one as well is said once.
        if finding.help and (following is None or following.help != finding.help):
            for text in _wrapped(repair(finding), INDENT):
                yield line(Span(text, "dim"))
        if finding.location.excerpt is not None and following is not None:
            yield line()
    if len(findings) > shown:
        where = indices(findings[shown:])
        more = f"and {len(findings) - shown:,} more" + (f": {where}" if where else "")
        for text in _wrapped(more, INDENT):
            yield line(Span(text, "dim"))


def _says_the_same(finding: Finding, other: Finding | None) -> bool:
    if other is None:
        return False
    return (finding.message, repair(finding)) == (other.message, repair(other))


def _where(finding: Finding) -> Iterator[Line]:
    """Where a finding is: the line of source, or a description of the place."""
    at = finding.location
    if at.excerpt is not None:
        yield line(INDENT, Span(f"{path_text(finding.path)}:{place(at)}", "dim"))
        yield from excerpt_lines(at, finding.severity.value, INDENT)
        return
    where = place(at) if at.line is not None or at.layer is not None else ""
    described = "  ".join(part for part in (where, at.context) if part)
    if described:
        for text in _wrapped(described, INDENT):
            yield line(Span(text, "dim"))


def _closing(report: LintReport) -> Iterator[Line]:
    yield from _notes(report.notes, "")
    spans: list[str | Span] = [f"{checked(report)}: "]
    counts = severity_counts(report)
    for i, (severity, text) in enumerate(counts):
        spans += [", ", Span(text, severity.value)] if i else [Span(text, severity.value)]
    if not counts:
        spans.append(Span("no findings", "good"))
    silenced = silenced_text(report)
    if silenced:
        spans.append(Span(f" ({silenced})", "dim"))
    yield line(*spans)
    if counts:
        first = min(report.findings, key=lambda finding: finding.severity.rank)
        command = f"tflint rule {printable(first.code)}"
        yield line("next: ", Span(command, "code"), " says what it means")
        yield from _repairs(report)


def _repairs(report: LintReport) -> Iterator[Line]:
    """How much of what was found can be repaired, and with which options."""
    repairs = [
        (file, _with(finding.fix))
        for file in report.files
        for finding in file.findings
        if finding.fix
    ]
    counts = Counter(option for _, option in repairs if option is not None)
    if not counts:
        return
    names = dict.fromkeys(file.path for file, option in repairs if option is not None)
    path = f" {shlex.quote(path_text(next(iter(names))))}" if len(names) == 1 else ""
    if report.target.name != DEFAULT_TARGET:
        path += f" --target {shlex.quote(printable(report.target.name))}"
    # The command is for the least that changes something, the rest comes on top of it.
    options = ("", _UNSAFE, _QUANTIZE, _RECONVERT)
    first, *others = [option for option in options if counts[option]]
    command = f"tflint fix{first and f' {first}'}{path}"
    if first in (_QUANTIZE, _RECONVERT):
        command = f"tflint fix{path} {first}"
    more = "".join(f", {counts[option]:,} more with {option}" for option in others)
    what = f"repairs {counts[first]:,}{more}"
    if len(INDENT) + len(command) + 1 + len(what) <= WIDTH:
        yield line(INDENT, Span(command, "code"), f" {what}")
        return
    yield line(INDENT, Span(command, "code"))
    for text in wrap(what, WIDTH, INDENT):
        yield line(text)


def _with(fix: Fix) -> str | None:
    """The options that this repair takes; None where it is not among all those of a file."""
    if not fix.command.startswith("tflint fix "):
        return None
    if fix.safety is FixSafety.RECONVERT:
        if fix.command.endswith(_RECONVERT):
            return _RECONVERT
        return _QUANTIZE if fix.command.endswith(_QUANTIZE) else None
    if "--select" in fix.command:  # On request only.
        return None
    return _UNSAFE if fix.safety is FixSafety.UNSAFE else ""
