"""What a file is checked for."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.rule import Rule
from tflint.target.target import Target


@dataclass(frozen=True, slots=True)
class Plan:
    """The target and the rules for one file."""

    target: Target
    rules: tuple[type[Rule], ...]
