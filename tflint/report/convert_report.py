"""What a run of `tflint convert` comes to: what its formats print."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.finding import Severity
from tflint.report.convert_result import Conversion
from tflint.report.fix_result import PassReport, Proof
from tflint.report.result import FileReport
from tflint.target.target import Target


@dataclass(frozen=True, slots=True)
class Limit:
    """One line of a budget: bytes that may be taken, and that are; None where none can be told."""

    limit: int
    bytes: int | None

    @property
    def is_kept(self) -> bool:
        """Whether it fits."""
        return self.bytes is not None and self.bytes <= self.limit


@dataclass(frozen=True, slots=True)
class Budget:
    """What the target has, where it says, beside what the result takes."""

    flash: Limit | None = None
    ram: Limit | None = None

    @property
    def is_kept(self) -> bool:
        """Whether all of it fits."""
        return all(limit is None or limit.is_kept for limit in (self.flash, self.ram))


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What `tflint convert` came to.

    `path` is what was converted, `output` the file with the result, None where nothing was
    written. `checked` is what `check` says of the result, None without one; `arena` what
    `arena_used_bytes()` reports on the target, in bytes, None where there is none to plan.
    `float_bytes` is the size of the converter's own result. `proof` holds the result against the
    answers of the original.
    """

    path: str
    target: Target
    conversion: Conversion
    checked: FileReport | None = None
    output: str | None = None
    bytes: int | None = None
    float_bytes: int | None = None
    arena: int | None = None
    passes: tuple[PassReport, ...] = ()
    proof: Proof | None = None
    budget: Budget | None = None
    notes: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR

    @property
    def may_be_written(self) -> bool:
        """Whether there is a result that may be written."""
        return self.conversion.is_done and (self.proof is None or self.proof.holds)

    @property
    def fails(self) -> bool:
        """Whether there is no result, its proof fails, or findings reach the failing level."""
        if not self.may_be_written:
            return True
        return self.checked is not None and any(
            self.fail_on is not None and finding.severity.rank <= self.fail_on.rank
            for finding in self.checked.findings
        )
