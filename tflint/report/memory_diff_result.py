"""What a comparison of two models' memory comes to: the report that its formats print."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tflint.memory.difference import Figure, MemoryDifference
from tflint.memory.growth import GrowthLimit
from tflint.report.diff_phrases import number
from tflint.target.target import DEFAULT_TARGET, Target

# The figures that limits are about: their names, and what people call them.
LIMITED = {"ram": "RAM", "flash": "flash"}
# Shares that people can make something of.
_LEAST_SHOWN, _MOST_SHOWN = 0.0005, 10**6


class FailureKind(Enum):
    """What was missed."""

    RUNNABLE = "runnable"
    BUDGET = "budget"
    GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class Failure:
    """A limit that the later model misses: `bytes` of a figure where `limit` is the most.

    A model that no longer runs has no figure.
    """

    kind: FailureKind
    figure: str | None
    bytes: int | None
    limit: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two models: where it is, and why the runtime refuses it, None where it runs."""

    path: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class MemoryDiffReport:
    """What changed in memory from `before` to `after`; either is None when there is no model.

    The target's budget holds for the later model, `limit` for how much it grew.
    """

    target: Target
    before: Compared | None
    after: Compared | None
    difference: MemoryDifference
    limit: GrowthLimit | None = None
    notes: tuple[str, ...] = ()

    @property
    def target_name(self) -> str:
        """The target as it was given; for the default, which names a runtime, its core."""
        target = self.target
        return target.core or target.name if target.name == DEFAULT_TARGET else target.name

    @property
    def budget(self) -> dict[str, int | None]:
        """The most bytes that each limited figure may come to."""
        return {"ram": self.target.ram_bytes, "flash": self.target.flash_bytes}

    @property
    def fits(self) -> bool | None:
        """Whether the later model keeps to the budget, None where there is none."""
        if self.after is None or all(most is None for most in self.budget.values()):
            return None
        return not any(failure.kind is FailureKind.BUDGET for failure in self.failures)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything for which a gate stays closed, the gravest first."""
        return tuple(self._failures())

    @property
    def is_growth_judged(self) -> bool:
        """Whether there is a limit and a model on either side."""
        return self.limit is not None and self.before is not None and self.after is not None

    def _failures(self) -> Iterator[Failure]:
        if self.after is None:
            return
        if self.after.refusal and self.before is not None and not self.before.refusal:
            title = self.target.runtime.title
            message = f"it no longer runs on {title}: {self.after.refusal}"
            yield Failure(FailureKind.RUNNABLE, None, None, None, message)
        for name, title in LIMITED.items():
            figure, most = self.difference.figure(name), self.budget[name]
            if most is not None and figure.after is not None and figure.after > most:
                over = figure.after - most
                message = (
                    f"{number(figure.after)} B of {title}, "
                    f"{number(over)} B more than the budget of {number(most)}"
                )
                yield Failure(FailureKind.BUDGET, name, figure.after, most, message)
        for name, title in LIMITED.items():
            failure = self._growth(self.difference.figure(name), title)
            if failure is not None:
                yield failure

    def _growth(self, figure: Figure, title: str) -> Failure | None:
        before, after, limit = figure.before, figure.after, self.limit
        if limit is None or before is None or after is None or after <= limit.most(before):
            return None
        most = limit.most(before)
        message = (
            f"{title} grew by {number(after - before)} B{_percent(growth(figure))}, "
            f"{number(after - most)} B more than --max-growth {limit.text} allows"
        )
        return Failure(FailureKind.GROWTH, figure.name, after, most, message)


def _percent(share: float | None) -> str:
    """` (8.5 %)`, or nothing where a share says nothing."""
    if share is None or share > _MOST_SHOWN:
        return ""
    return f" ({100 * share:,.1f} %)" if share >= _LEAST_SHOWN else " (<0.1 %)"


def growth(figure: Figure) -> float | None:
    """How much a figure grew, as a share of what it was; None where that says nothing."""
    if not figure.before or figure.difference is None:
        return None
    try:
        return figure.difference / figure.before
    except OverflowError:
        # Shapes may claim sizes that no floating-point number holds.
        return sys.float_info.max
