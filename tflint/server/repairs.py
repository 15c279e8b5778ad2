"""What `tflint fix` would make of an open text."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.config.settings import Settings
from tflint.finding import Finding, FixSafety
from tflint.server.checking import Subject


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair does, how safe that is, and the whole text after it."""

    title: str
    safety: FixSafety
    text: str


def find_repair(subject: Subject, settings: Settings, finding: Finding | None) -> Repair | None:
    """The repair of one finding, safe or not; for None, all safe repairs at once.

    None where there is nothing to repair, or the extra `fix` is not installed.
    """
    return None
