"""What a repair of sources is: the rule that it belongs to, its plan, its proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tflint.finding import Finding, FixSafety
from tflint.keras.facts import KerasFacts
from tflint.source.edits import Plan
from tflint.source.module import SourceModule
from tflint.target.target import Target


@dataclass(frozen=True, slots=True)
class Request:
    """A finding that is to be repaired, and the source that it was found in."""

    finding: Finding
    module: SourceModule
    target: Target

    @property
    def keras(self) -> KerasFacts:
        """What the source says about Keras."""
        return self.module.keras


@dataclass(frozen=True, slots=True)
class SourceFix:
    """The repair for the findings of one rule.

    `plan` is pure: the same request gives the same plan. `proof` is given the source before and
    after the edits and says why they do not hold up, None when they do; that the finding is gone
    and no error has come is held in any case.
    """

    code: str
    safety: FixSafety
    plan: Callable[[Request], Plan]
    proof: Callable[[SourceModule, SourceModule], str | None] | None = None
