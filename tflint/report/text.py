"""The report for people: a header a file, findings by severity, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, zip_longest

from tflint.finding import Finding, Severity
from tflint.printable import printable, size_text
from tflint.report.result import FileReport, LintReport, ModelFacts
from tflint.report.style import Line, Span, line, wrap
from tflint.rule import Kind

WIDTH = 100
INDENT = "      "
# Findings of one rule in one file that are shown in full.
SHOWN = 3


def render(report: LintReport) -> Iterator[Line]:
    """The report, line by line."""
    for file in report.files:
        yield from render_file(file)
        yield line()
    yield from _closing(report)


def render_file(file: FileReport) -> Iterator[Line]:
    """One file: what it is, whether it runs, what was found."""
    yield line(Span(printable(file.path, 400), "path"))
    if file.facts is not None:
        yield line("  ", Span(_facts(file.facts), "dim"))
    yield line("  ", _verdict(file))
    for _, findings in groupby(file.findings, key=lambda f: (f.severity, f.code)):
        yield line()
        yield from _group(list(findings))
    for note in file.notes:
        yield line("  ", Span(f"note: {note}", "dim"))


def _facts(facts: ModelFacts) -> str:
    parts = [size_text(facts.file_bytes), _counted(facts.operators, "operator")]
    if facts.weights_count and facts.weights_bytes is not None:
        parts.append(f"{facts.weights_count:,} weights in {size_text(facts.weights_bytes)}")
    if facts.macs:
        parts.append(f"{facts.macs:,} MACs")
    return ", ".join(parts)


def _verdict(file: FileReport) -> Span:
    title = file.target.runtime.title
    errors = sum(finding.severity is Severity.ERROR for finding in file.findings)
    if file.kind is not Kind.TFLITE:
        if not file.readable:
            return Span("does not parse", "error")
        return Span("read, not run" if file.findings else "no findings", "good")
    if not file.readable:
        return Span("not a readable model", "error")
    if errors:
        return Span(f"will not run on {title}: {_counted(errors, 'error')}", "error")
    if file.findings:
        return Span(f"nothing found that keeps it from running on {title}", "good")
    return Span(f"no findings for {title}", "good")


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
    for finding, following in zip_longest(findings[:SHOWN], findings[1:SHOWN]):
        if finding.location.context:
            for text in wrap(_place(finding), WIDTH, INDENT):
                yield line(Span(text, "dim"))
        for text in wrap(finding.message, WIDTH, INDENT):
            yield line(text)
        # What repairs the next one as well is said once.
        if finding.help and (following is None or following.help != finding.help):
            how = f" ({finding.fix.safety.value})" if finding.fix else ""
            for text in wrap(f"repair{how}: {finding.help}", WIDTH, INDENT):
                yield line(Span(text, "dim"))
    if len(findings) > SHOWN:
        more = f"and {len(findings) - SHOWN:,} more{_where(findings[SHOWN:])}"
        yield line(INDENT, Span(more, "dim"))


def _place(finding: Finding) -> str:
    at = finding.location
    where = f"{at.line}:{at.column}  " if at.line is not None else ""
    return f"{where}{at.context}"


def _where(findings: list[Finding]) -> str:
    """The operators or tensors of findings that are not shown, as far as they fit."""
    at = [finding.location for finding in findings]
    if all(location.operator is not None for location in at):
        what, indices = "operators", [location.operator for location in at]
    elif all(location.tensor is not None for location in at):
        what, indices = "tensors", [location.tensor for location in at]
    else:
        return ""
    listed = ", ".join(f"#{index}" for index in indices[:12])
    return f": {what} {listed}{', ...' if len(indices) > 12 else ''}"


def _closing(report: LintReport) -> Iterator[Line]:
    files = _counted(len(report.files), "file")
    counts = [
        Span(_counted(report.count(severity), severity.value), severity.value)
        for severity in Severity
        if report.count(severity)
    ]
    if not counts:
        yield line(f"{files} checked for {report.target.name}: ", Span("no findings", "good"))
        return
    spans: list[str | Span] = [f"{files} checked for {report.target.name}: "]
    for i, span in enumerate(counts):
        spans += [", ", span] if i else [span]
    yield line(*spans)
    first = min(report.findings, key=lambda finding: finding.severity.rank)
    yield line("next: ", Span(f"tflint rule {first.code}", "code"), " says what it means")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
