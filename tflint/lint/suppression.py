"""Findings that a project accepts, by path and rule, with a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tflint.finding import Finding, Location
from tflint.lint.discover import path_from
from tflint.lint.findings import RuleRun, addressed
from tflint.lint.selection import selected_codes
from tflint.report.result import FileReport, LintReport, Silence, SilencedFinding
from tflint.rule import IdleSuppression, Kind


class Pattern(Protocol):
    """What tells whether a file is meant."""

    def matches(self, path: Path, root: Path) -> bool:
        """Whether this file, below `root` or elsewhere, is meant."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """The findings of some rules in some files, accepted for a reason.

    `file` and `line` are where that is written; `file` is empty where it is in none.
    """

    paths: tuple[Pattern, ...]
    rules: tuple[str, ...]
    reason: str
    file: str = ""
    line: int | None = None

    @property
    def where(self) -> str:
        """Where it is written, for people."""
        return f"{self.file}:{self.line}" if self.file else "command line or environment"

    def applies_to(self, path: Path, root: Path) -> bool:
        """Whether it is about this file."""
        return any(pattern.matches(path, root) for pattern in self.paths)

    def names(self, path: Path, root: Path) -> bool:
        """Whether it is about this file alone."""
        return len(self.paths) == 1 and str(self.paths[0]) == path_from(path, root)

    def silences(self, finding: Finding) -> bool:
        """Whether it is about this finding, in a file that it applies to."""
        return finding.code in selected_codes(self.rules)


def suppress(
    report: LintReport, suppressions: Sequence[Suppression], root: Path, *, is_whole: bool = False
) -> LintReport:
    """The report with accepted findings set aside, and with what entries accept nothing.

    That is only said where it is sure: of an entry for one file that was checked, or for files of
    which there are no others, as `is_whole` says that all below `root` were checked.
    """
    if not suppressions:
        return report
    used: set[int] = set()
    seen: set[int] = set()
    files = []
    for file in report.files:
        path = Path(file.path)
        here = [(i, entry) for i, entry in enumerate(suppressions) if entry.applies_to(path, root)]
        seen.update(i for i, entry in here if is_whole or entry.names(path, root))
        files.append(_suppress_in(file, here, used) if here else file)
    ran = {rule.meta.code for rule in report.rules}
    idle = [
        entry
        for i, entry in enumerate(suppressions)
        if i in seen - used and entry.file and _could_be_used(entry, ran)
    ]
    return dataclasses.replace(report, files=(*files, *_about(idle, report)))


def _about(idle: Sequence[Suppression], report: LintReport) -> Iterator[FileReport]:
    """What rules say about entries that accept nothing, by the configuration they are in."""
    for name in dict.fromkeys(entry.file for entry in idle):
        entries = [entry for entry in idle if entry.file == name]
        findings = _findings_about(entries, name, report)
        if findings:
            yield FileReport(
                path=name,
                kind=Kind.CONFIGURATION,
                readable=True,
                facts=None,
                findings=findings,
                target=report.target,
            )


def _findings_about(
    entries: Sequence[Suppression], path: str, report: LintReport
) -> tuple[Finding, ...]:
    parts = [
        IdleSuppression(
            Location(line=entry.line, anchor=f"{entry.paths} {entry.rules}"),
            entry.rules,
            is_in_source=False,
        )
        for entry in entries
    ]
    run = RuleRun()
    for rule in report.rules:
        if Kind.CONFIGURATION in rule.meta.applies_to:
            run.add(rule, path, lambda instance: instance.check_suppressions(parts))
    return tuple(addressed(run.sorted(), path))


def _could_be_used(entry: Suppression, ran: Set[str]) -> bool:
    """Whether each selector of the entry named a rule that ran."""
    return all(not ran.isdisjoint(selected_codes((selector,))) for selector in entry.rules)


def _suppress_in(
    file: FileReport, entries: Sequence[tuple[int, Suppression]], used: set[int]
) -> FileReport:
    kept: list[Finding] = []
    silenced = list(file.silenced)
    for finding in file.findings:
        matching = [(i, entry) for i, entry in entries if entry.silences(finding)]
        used.update(i for i, _ in matching)
        if matching:
            reason = matching[0][1].reason
            silenced.append(SilencedFinding(finding, Silence.CONFIGURATION, reason))
        else:
            kept.append(finding)
    return dataclasses.replace(file, findings=tuple(kept), silenced=tuple(silenced))
