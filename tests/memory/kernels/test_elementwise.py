"""Functions of one tensor, against the wheel."""

from __future__ import annotations

from tests.memory.against_wheel import needs_wheel
from tests.memory.many_scales import wrong_with_many_scales
from tests.memory.one_operator import wrong
from tflint.memory.kernels.elementwise import REFERENCE

OPERATORS = tuple(REFERENCE)


@needs_wheel
def test_every_signature() -> None:
    assert not wrong(OPERATORS)


@needs_wheel
def test_temporary_tensors() -> None:
    assert not wrong_with_many_scales(OPERATORS)
