"""What a run comes to: the reports that the formats print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tflint.finding import Finding, Severity
from tflint.rule import Kind, Rule
from tflint.target.target import Target


@dataclass(frozen=True, slots=True)
class ArenaFacts:
    """What a model's arena takes on the target's runtime, in bytes.

    `bytes` is what `arena_used_bytes()` reports, `min_bytes` the smallest arena that works.
    `refusal` says why the runtime does not run the model, None when it does: the arena is then
    the one that it would need.
    """

    runtime: str
    bytes: int
    min_bytes: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a report says about a model besides findings.

    The counts of weights and MACs are None where the graph is too broken to walk, the arena
    also for runtimes that have none.
    """

    file_bytes: int
    operators: int
    tensors: int
    weights_count: int | None
    weights_bytes: int | None
    macs: int | None
    arena: ArenaFacts | None = None

    @property
    def min_arena_bytes(self) -> int | None:
        """The smallest arena that works."""
        return None if self.arena is None else self.arena.min_bytes


class Silence(Enum):
    """What keeps a finding from counting, by its name in SARIF's `suppression.kind`."""

    IN_SOURCE = "inSource"
    CONFIGURATION = "external"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class SilencedFinding:
    """A finding that does not count: what silences it, and the reason that was given."""

    finding: Finding
    silence: Silence
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A rule of a plug-in that raised an exception, and which."""

    code: str
    error: str


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """The figures of a Keras archive that was read.

    `file_bytes` are those of all files of a SavedModel. `keras_version` is what it was saved
    with, None where it does not say; `layers` are all that are in it, those inside of others
    included; `weights_count` is None where it is not known.
    """

    file_bytes: int
    keras_version: tuple[int, ...] | None
    layers: int
    weights_count: int | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came out of checking one file, findings sorted by severity and place.

    `facts` are there for models that are readable, `archive` for Keras archives that are.
    `target` is what the file was checked for: configuration may set one for each model.
    `silenced` are findings that a configuration, a comment or a baseline accepts; they do not
    count.
    """

    path: str
    kind: Kind
    readable: bool
    facts: ModelFacts | None
    findings: tuple[Finding, ...]
    target: Target
    notes: tuple[str, ...] = ()
    silenced: tuple[SilencedFinding, ...] = ()
    failed_rules: tuple[FailedRule, ...] = ()
    archive: ArchiveFacts | None = None


@dataclass(frozen=True, slots=True)
class LintReport:
    """What came out of a run.

    `target` is the one of the command line or configuration; a file may have another. `rules`
    are those that ran on any file, by code, for formats that print what a rule means.
    `notes` concern the run as a whole, such as stale entries of a baseline. `fail_on` is the
    lowest severity that fails the run, for formats that know passed and failed; None is never.
    """

    target: Target
    files: tuple[FileReport, ...]
    rules: tuple[type[Rule], ...] = ()
    notes: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings, file by file."""
        return (finding for file in self.files for finding in file.findings)

    def count(self, severity: Severity) -> int:
        """The number of findings of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def count_silenced(self, *silences: Silence) -> int:
        """The number of findings that are silenced in one of these ways."""
        return sum(found.silence in silences for file in self.files for found in file.silenced)

    def fails(self, level: Severity | None) -> bool:
        """Whether any finding is at this level or worse; None never fails."""
        return level is not None and any(f.severity.rank <= level.rank for f in self.findings)
