"""What `tflint fix` would make of an open text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tflint.config.settings import Settings
from tflint.finding import Finding, FixSafety
from tflint.server.checking import Subject


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair: what it does, the finding that it removes, the text that it leaves."""

    title: str
    finding: Finding
    safety: FixSafety
    text: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """All repairs of a text; `all_safe` is the text after every safe one, if there is any."""

    each: Sequence[Repair] = ()
    all_safe: str | None = None


Repairer = Callable[[Subject, Settings, Sequence[Finding]], Repairs]


def find_repairs(subject: Subject, settings: Settings, findings: Sequence[Finding]) -> Repairs:
    """The repairs of these findings; none where the extra `fix` is not installed."""
    return Repairs()
