"""The report for editors and grep: a line a finding, and nothing else.

`model.py:12:5: warning TFL101 channels-first ...`, as compilers print it. A model has no
lines: `m.tflite: operator #5 CONV_2D: error TFL204 hybrid-kernel ...`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tflint.report.result import LintReport
from tflint.report.style import Line, Span, line
from tflint.report.wording import path_text, place, safe


def render(report: LintReport) -> Iterator[Line]:
    """The findings, line by line, file by file."""
    for file in report.files:
        path = path_text(file.path)
        for finding in map(safe, file.findings):
            where = place(finding.location)
            # `path:line:column:` is what editors look for.
            gap = ":" if finding.location.line is not None else ": "
            severity = finding.severity.value
            yield line(
                Span(path, "path"),
                f"{gap}{where}: " if where else ": ",
                Span(severity, severity),
                " ",
                Span(finding.code, "code"),
                f" {finding.name} {finding.message}",
            )
