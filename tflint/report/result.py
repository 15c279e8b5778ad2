"""What a run comes to: the reports that the formats print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.finding import Finding, Severity
from tflint.rule import Kind
from tflint.target.target import Target


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a report says about a model besides findings.

    The counts of weights and MACs are None where the graph is too broken to walk.
    """

    file_bytes: int
    operators: int
    tensors: int
    weights_count: int | None
    weights_bytes: int | None
    macs: int | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came out of checking one file, findings sorted by severity and place.

    `facts` are there for models that are readable.
    """

    path: str
    kind: Kind
    readable: bool
    facts: ModelFacts | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LintReport:
    """What came out of a run."""

    target: Target
    files: tuple[FileReport, ...]

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings, file by file."""
        return (finding for file in self.files for finding in file.findings)

    def count(self, severity: Severity) -> int:
        """The number of findings of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def fails(self, level: Severity | None) -> bool:
        """Whether any finding is at this level or worse; None never fails."""
        return level is not None and any(f.severity.rank <= level.rank for f in self.findings)
