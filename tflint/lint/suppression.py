"""Findings that a project accepts, by path and rule, with a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tflint.finding import Finding
from tflint.lint.selection import selected_codes
from tflint.report.result import FileReport, LintReport, Silence, SilencedFinding


class Pattern(Protocol):
    """What tells whether a file is meant."""

    def matches(self, path: Path, root: Path) -> bool:
        """Whether this file, below `root` or elsewhere, is meant."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """The findings of some rules in some files, accepted for a reason; `where` it is written."""

    paths: tuple[Pattern, ...]
    rules: tuple[str, ...]
    reason: str
    where: str

    def applies_to(self, path: Path, root: Path) -> bool:
        """Whether it is about this file."""
        return any(pattern.matches(path, root) for pattern in self.paths)

    def silences(self, finding: Finding) -> bool:
        """Whether it is about this finding, in a file that it applies to."""
        return finding.code in selected_codes(self.rules)


def suppress(report: LintReport, suppressions: Sequence[Suppression], root: Path) -> LintReport:
    """The report with accepted findings set aside, and a note on entries that accept nothing.

    An entry is only called unused when a file that it is for was checked.
    """
    if not suppressions:
        return report
    used: set[int] = set()
    seen: set[int] = set()
    files = []
    for file in report.files:
        here = [
            (i, entry)
            for i, entry in enumerate(suppressions)
            if entry.applies_to(Path(file.path), root)
        ]
        seen.update(i for i, _ in here)
        files.append(_suppress_in(file, here, used) if here else file)
    ran = {rule.meta.code for rule in report.rules}
    notes = [
        f"{entry.where}: this `ignore` entry silences nothing (TFL901)"
        for i, entry in enumerate(suppressions)
        if i in seen - used and _could_be_used(entry, ran)
    ]
    return dataclasses.replace(report, files=tuple(files), notes=(*report.notes, *notes))


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
