"""Operators that give a tensor another shape or order, against the wheel."""

from __future__ import annotations

from tests.memory.against_wheel import needs_wheel
from tests.memory.one_operator import wrong, wrong_temporaries
from tflint.memory.kernels.rearrangement import REFERENCE

OPERATORS = tuple(REFERENCE)


@needs_wheel
def test_every_signature() -> None:
    assert not wrong(OPERATORS, smallest=False)


@needs_wheel
def test_temporary_tensors() -> None:
    assert not wrong_temporaries(OPERATORS)
