"""What `tflint bench --compare A B` measured; every format is rendered from it.

A is `before`, B is `after`. Ratios are B by A; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from tflint.model.changes import FieldChange
from tflint.report.bench_result import BenchedModel, BenchReport, Failure, OperatorRow, RuntimeUse

# Differences that are smaller count as none: where code and data come to lie in memory makes as
# much, and lies elsewhere in the next build.
RESOLUTION = 0.01
# The confidence of all intervals.
LEVEL = 0.95


class Verdict(Enum):
    """What an interval says. `SAME` is no difference but for one within `RESOLUTION`."""

    FASTER = "faster"
    SLOWER = "slower"
    SAME = "same"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Ratio:
    """The time of B by that of A, with the interval of 95 %. `before_us` and `after_us` are times
    with that ratio, of the size of the medians of both; `loads` is how often both were loaded,
    `runs` how many inferences of A and of B were timed.
    """

    ratio: float
    low: float
    high: float
    before_us: float
    after_us: float
    loads: int
    runs: tuple[int, int]

    @property
    def verdict(self) -> Verdict:
        """What can be said with it: a difference that is outside the interval and large enough."""
        if self.low >= 1 / (1 + RESOLUTION) and self.high <= 1 + RESOLUTION:
            return Verdict.SAME
        if self.high < 1 and self.ratio * (1 + RESOLUTION) <= 1:
            return Verdict.FASTER
        if self.low > 1 and self.ratio >= 1 + RESOLUTION:
            return Verdict.SLOWER
        return Verdict.UNDECIDED


class OperatorFate(Enum):
    """What became of an operator of A in B."""

    KEPT = "kept"
    CHANGED = "changed"
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ComparedOperator:
    """An operator of A, of B or of both. `ratio` is None where the two were not measured side by
    side; `fields` say what differs.
    """

    fate: OperatorFate
    name: str
    before: OperatorRow | None
    after: OperatorRow | None
    ratio: Ratio | None = None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class AccuracyDifference:
    """Both models on the same `n` samples: how many both decide right, only A, only B, neither.

    `difference` is the accuracy of B less that of A, with Newcombe's interval of 95 %;
    `p` is how likely so uneven a split of the samples that only one decides right is by chance
    (McNemar's exact test).
    """

    both: int
    only_before: int
    only_after: int
    neither: int
    low: float
    high: float
    p: float

    @property
    def n(self) -> int:
        """The samples."""
        return self.both + self.only_before + self.only_after + self.neither

    @property
    def difference(self) -> float:
        """The part of the samples that B decides right, less that of A."""
        return (self.only_after - self.only_before) / self.n

    @property
    def is_told(self) -> bool:
        """Whether one of the two is shown to decide better than the other."""
        return self.p < 0.05


@dataclass(frozen=True)
class BenchComparison:
    """Two models side by side. `report` has the row of each, A first, as without `--compare`.

    Parts that could not be compared are None or empty, and `failures` says why. `init` and
    `first` compare loading and the first inference after it.
    """

    report: BenchReport
    is_same_file: bool
    latency: Ratio | None = None
    init: Ratio | None = None
    first: Ratio | None = None
    operators: tuple[ComparedOperator, ...] = ()
    accuracy: AccuracyDifference | None = None
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def before(self) -> BenchedModel:
        """A."""
        return self.report.models[0]

    @property
    def after(self) -> BenchedModel:
        """B."""
        return self.report.models[1]

    @property
    def fails(self) -> bool:
        """Whether something could not be measured, of a model or of both together."""
        return self.report.fails or bool(self.failures)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both models: its key for scripts, its title for people."""

    key: str
    title: str
    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        """What B has more than A; None where one is not known."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


_FIGURES: tuple[tuple[str, str, Callable[[BenchedModel], int | None]], ...] = (
    ("file_bytes", "file (bytes)", lambda row: row.file_bytes or None),
    ("weights_count", "weights", lambda row: row.weights.count if row.weights else None),
    ("weights_bytes", "weights (bytes)", lambda row: row.weights.bytes if row.weights else None),
    ("dynamic_bytes", "dynamic tensors (bytes)", lambda row: row.dynamic_bytes),
    ("macs", "MACs", lambda row: row.macs),
    ("operators", "operators", lambda row: len(row.operators) if row.weights else None),
    ("tensors", "tensors", lambda row: len(row.tensors) if row.weights else None),
)
_RUNTIME_FIGURES: tuple[tuple[str, str, Callable[[RuntimeUse], int | None]], ...] = (
    ("min_arena_bytes", "arena", lambda use: use.min_arena_bytes),
    ("ram_bytes", "RAM", lambda use: use.ram_bytes),
    ("flash_bytes", "flash", lambda use: use.flash_bytes),
)


def figures(comparison: BenchComparison) -> Iterator[Figure]:
    """What of the two models can be counted; those of runtimes are called `RUNTIME.KEY`."""
    before, after = comparison.before, comparison.after
    for key, title, figure in _FIGURES:
        yield Figure(key, title, figure(before), figure(after))
    uses = [{use.runtime: use for use in row.runtimes} for row in (before, after)]
    for runtime in dict.fromkeys((*uses[0], *uses[1])):
        pair = [found.get(runtime) for found in uses]
        for key, title, figure_of in _RUNTIME_FIGURES:
            known = [None if use is None else figure_of(use) for use in pair]
            yield Figure(f"{runtime}.{key}", f"{title}, {runtime} (bytes)", known[0], known[1])
