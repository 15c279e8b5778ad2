"""What a comparison of two models comes to: the report that its formats print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.finding import Finding, Severity
from tflint.model.changes import ModelChanges
from tflint.report.result import FileReport, ModelFacts
from tflint.target.target import Target


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of both models; None where there is no such model, or it is not known."""

    name: str
    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        """How much it grew, if both are known."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class DiffReport:
    """What changed from `before` to `after`, either of which is None when there is no model.

    `identical` says that the files are so byte for byte. `changes` is None where the graph of
    either is too broken to walk. `added` and `removed` are findings that only the later or the
    earlier model has, `kept` counts those of both.
    """

    target: Target
    before: FileReport | None
    after: FileReport | None
    identical: bool
    changes: ModelChanges | None
    added: tuple[Finding, ...]
    removed: tuple[Finding, ...]
    kept: int
    notes: tuple[str, ...] = ()

    @property
    def totals(self) -> Iterator[Total]:
        """The figures of both models, in the order they are shown."""
        for name, field in (
            ("file bytes", "file_bytes"),
            ("operators", "operators"),
            ("tensors", "tensors"),
            ("weights", "weights_count"),
            ("weight bytes", "weights_bytes"),
            ("MACs", "macs"),
            ("smallest arena", "min_arena_bytes"),
        ):
            yield Total(name, _fact(self.before, field), _fact(self.after, field))

    @property
    def new_operators(self) -> tuple[str, ...]:
        """The operators that only the later of two models has: applications register them."""
        if self.before is None or self.after is None or self.changes is None:
            return ()
        return tuple(count.name for count in self.changes.counts if not count.before)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs that is compared."""
        return (
            self.before is not None
            and self.after is not None
            and (self.changes is None or self.changes.is_empty)
            and not self.added
            and not self.removed
            and not any(total.difference for total in self.totals)
        )

    def fails(self, level: Severity | None) -> bool:
        """Whether a finding at this level or worse was added; None never fails."""
        return level is not None and any(f.severity.rank <= level.rank for f in self.added)


def _fact(file: FileReport | None, field: str) -> int | None:
    facts: ModelFacts | None = None if file is None else file.facts
    found: int | None = None if facts is None else getattr(facts, field)
    return found


def count_by_severity(findings: tuple[Finding, ...]) -> dict[Severity, int]:
    """How many there are of each, the worst first, zeros included."""
    return {
        severity: sum(finding.severity is severity for finding in findings) for severity in Severity
    }
