"""The register of output formats: what each is for, and how to get at its renderer.

The command line, its help, the documentation and the tests take their lists from here. A
format's module is imported when a report is rendered in it, and no sooner.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass

from tflint.errors import UnknownName
from tflint.report.result import LintReport
from tflint.report.style import Line, plain


@dataclass(frozen=True, slots=True)
class Format:
    """One output format.

    Its module has a function `render` that takes a `LintReport` and gives styled lines if
    `styled`, or else the finished document. `has_notes` is whether the document says what
    else there is to say about a run; where it does not, that belongs on stderr. Those that
    `has_statistics` can count findings by rule instead of listing them.
    """

    name: str
    purpose: str
    module: str
    styled: bool = False
    has_notes: bool = True
    has_statistics: bool = False

    def lines(self, report: LintReport) -> Iterable[Line]:
        """The report as styled lines. Only for formats that are `styled`."""
        found: Iterable[Line] = importlib.import_module(self.module).render(report)
        return found

    def document(self, report: LintReport) -> str:
        """The report without colour, ending in a newline unless it is empty."""
        if self.styled:
            return plain(self.lines(report))
        text: str = importlib.import_module(self.module).render(report)
        return text


_ALL = (
    Format(
        "text",
        "for people: figures, findings, repairs",
        "tflint.report.text",
        styled=True,
        has_statistics=True,
    ),
    Format(
        "concise",
        "a line a finding, for editors and grep",
        "tflint.report.concise",
        styled=True,
        has_notes=False,
    ),
    Format("json", "for scripts", "tflint.report.json_document", has_statistics=True),
    Format("sarif", "SARIF 2.1.0, for code scanning and viewers", "tflint.report.sarif"),
    Format("github", "annotations in GitHub Actions", "tflint.report.github"),
    Format("gitlab", "GitLab's Code Quality report", "tflint.report.gitlab", has_notes=False),
    Format("junit", "JUnit XML, for CI systems that show tests", "tflint.report.junit"),
    Format("markdown", "for job summaries and comments", "tflint.report.markdown"),
)
FORMATS = {format.name: format for format in _ALL}
NAMES = tuple(FORMATS)


def find_format(name: str) -> Format:
    """The format of this name; raises `UnknownName`."""
    if name not in FORMATS:
        raise UnknownName("format", name, NAMES, f"formats are {', '.join(NAMES)}")
    return FORMATS[name]
