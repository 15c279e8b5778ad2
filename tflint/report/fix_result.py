"""What a run of `tflint fix` comes to: what the formats print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.finding import Finding, FixSafety, Location, Severity
from tflint.report.convert_result import Conversion
from tflint.report.diff_result import DiffReport
from tflint.rule import Kind


@dataclass(frozen=True, slots=True)
class LeftFinding:
    """A finding that is still there.

    `safety` is set where a repair is at hand and was not asked for (`RECONVERT`: quantising, which
    needs data); `reasons` say what stands in the way of one, with the places. Both are empty where
    tflint has no repair for it.
    `is_unproved` tells of a repair that was tried and did not hold up.
    """

    finding: Finding
    safety: FixSafety | None = None
    reasons: tuple[tuple[str, Location], ...] = ()
    is_unproved: bool = False

    @property
    def has_repair(self) -> bool:
        """Whether there is a repair for findings of this kind, done or not."""
        return self.safety is not None or bool(self.reasons)


@dataclass(frozen=True, slots=True)
class FixedFinding:
    """A finding that is gone, as it was, and what its repair changed."""

    finding: Finding
    safety: FixSafety


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass did to a model, in all its turns.

    `bytes_saved` of the file and `arena_saved` (None where there is no arena to plan) are negative
    where something was added. `refused` says why a rewrite was not taken.
    """

    code: str
    name: str
    safety: FixSafety
    applied: bool
    places: int = 0
    bytes_saved: int = 0
    arena_saved: int | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What running a model before and after its repairs has shown, over `inputs` samples.

    Errors are absolute, in the units of the real-valued outputs; `snr_db` is the original's signal
    to the error's noise, infinite where they are equal. `top1_agreement` is the share of decisions
    that are the same, None where the outputs hold none. `failure` says why the proof fails, None
    where it holds; `suspect` names the pass that it fails with.
    """

    method: str
    inputs: int
    bit_equal: bool
    max_error: float
    mean_error: float
    snr_db: float
    top1_agreement: float | None = None
    accuracy_before: float | None = None
    accuracy_after: float | None = None
    tolerance: float = 0.0
    failure: str | None = None
    suspect: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the result may take the original's place."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class FileFix:
    """What became of one file.

    `output` is the file that holds the result, None where nothing was written. `notes` say what
    is left for the user to see to. `failure` says why the file could not be repaired at all; a
    repair that could not be proved is none, and is told by `proof`.

    Of sources, `diff` is a unified diff, whether or not it was asked for; of models, `passes`,
    the arena (`arena_used_bytes()`, None where there is none to plan), the `proof`, None where
    nothing had to be proved, and the `comparison` of the two models. Of what is reconverted,
    `conversion` is what the converter made of it, and `source_output` the source that was repaired
    with it, None where none was.
    """

    path: str
    kind: Kind
    fixed: tuple[FixedFinding, ...] = ()
    left: tuple[LeftFinding, ...] = ()
    notes: tuple[str, ...] = ()
    diff: str = ""
    bytes_before: int = 0
    bytes_after: int = 0
    output: str | None = None
    passes: tuple[PassReport, ...] = ()
    arena_before: int | None = None
    arena_after: int | None = None
    proof: Proof | None = None
    comparison: DiffReport | None = None
    failure: str | None = None
    conversion: Conversion | None = None
    source_output: str | None = None

    @property
    def is_model(self) -> bool:
        """Whether the result is a model, and not a source."""
        return self.kind is Kind.TFLITE or self.conversion is not None

    @property
    def is_changed(self) -> bool:
        """Whether the repairs change the file."""
        is_new = self.conversion is not None and self.conversion.is_done
        return is_new or bool(self.diff) or any(one.applied for one in self.passes)

    @property
    def is_proved(self) -> bool:
        """Whether nothing speaks against the repairs: no proof, and no conversion that failed."""
        is_there = self.conversion is None or self.conversion.is_done
        return is_there and (self.proof is None or self.proof.holds)

    def fails(self, level: Severity | None) -> bool:
        """Whether this file fails the run: by a failed proof, or by what is left of this level.

        Of a source every finding counts, as the code can be repaired by hand where it stands, and
        of a network that was converted again, whose result is new. Of a model only those count that
        tflint has a repair for: what it has none for is `check`'s.
        """
        if not self.is_proved:
            return True
        return any(
            left.is_unproved or (level is not None and left.finding.severity.rank <= level.rank)
            for left in self.left
            if left.has_repair or not self.is_model or self.conversion is not None
        )


@dataclass(frozen=True, slots=True)
class FixReport:
    """What became of all files. `notes` concern the run as a whole."""

    files: tuple[FileFix, ...]
    fail_on: Severity | None = Severity.ERROR
    notes: tuple[str, ...] = ()

    @property
    def left(self) -> Iterator[LeftFinding]:
        """All findings that are still there."""
        return (left for file in self.files for left in file.left)

    @property
    def fixed_count(self) -> int:
        """The number of findings that are gone."""
        return sum(len(file.fixed) for file in self.files)

    @property
    def failures(self) -> Iterator[tuple[str, str]]:
        """The files that could not be repaired at all, and why."""
        for file in self.files:
            if file.failure is not None:
                yield file.path, file.failure

    @property
    def fails(self) -> bool:
        """Whether a finding is left that fails the run, or a repair could not be proved."""
        return any(file.fails(self.fail_on) for file in self.files)
