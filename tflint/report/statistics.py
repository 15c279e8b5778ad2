"""How often each rule was broken, instead of where: `tflint check --statistics`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tflint.finding import Severity
from tflint.printable import counted, printable
from tflint.report.json_document import head, tail
from tflint.report.json_text import json_text
from tflint.report.result import LintReport
from tflint.report.style import Line, Span, line
from tflint.report.wording import summary


@dataclass(slots=True)
class Statistic:
    """What one rule found at one severity; `files` are paths."""

    code: str
    name: str
    severity: Severity
    count: int = 0
    files: set[str] = field(default_factory=set)


def statistics(report: LintReport) -> list[Statistic]:
    """A statistic for each rule and severity that was found: the worst and most frequent first."""
    found: dict[tuple[str, Severity], Statistic] = {}
    for finding in report.findings:
        key = (finding.code, finding.severity)
        statistic = found.setdefault(key, Statistic(finding.code, finding.name, finding.severity))
        statistic.count += 1
        statistic.files.add(finding.path)
    return sorted(found.values(), key=lambda s: (s.severity.rank, -s.count, s.code))


def render_text(report: LintReport) -> Iterator[Line]:
    """A line for each, in columns, and what was checked."""
    found = statistics(report)
    codes = [printable(statistic.code) for statistic in found]
    names = [printable(statistic.name) for statistic in found]
    counts = [f"{statistic.count:,}" for statistic in found]
    widths = [max(map(len, column), default=0) for column in (counts, codes, names)]
    for statistic, count, code, name in zip(found, counts, codes, names, strict=True):
        severity = statistic.severity.value
        yield line(
            f"{count:>{widths[0]}}  ",
            Span(f"{severity:<7}", severity),
            "  ",
            Span(f"{code:<{widths[1]}}", "code"),
            f"  {name:<{widths[2]}}  ",
            Span(f"in {counted(len(statistic.files), 'file')}", "dim"),
        )
    if found:
        yield line()
    yield line(summary(report))


def render_json(report: LintReport) -> str:
    """The JSON report with `statistics` in place of `findings`."""
    document = {
        **head(report),
        "statistics": [
            {
                "code": statistic.code,
                "name": statistic.name,
                "severity": statistic.severity.value,
                "count": statistic.count,
                "files": len(statistic.files),
            }
            for statistic in statistics(report)
        ],
        **tail(report),
    }
    return json_text(document)
