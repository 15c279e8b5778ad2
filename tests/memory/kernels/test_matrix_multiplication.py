"""Products of matrices, against the wheel."""

from __future__ import annotations

from tests.memory.against_wheel import arena_on_wheel, needs_wheel
from tests.memory.many_scales import wrong_with_many_scales
from tests.memory.one_operator import models, wrong
from tflint.memory.kernels.matrix_multiplication import REFERENCE
from tflint.memory.wheel import measure_all

# The data that EMBEDDING_LOOKUP takes last may lie over all of its output's temporary tensor,
# which it no longer looks at. That is not counted on: the smallest arena is above TFLM's then.
OVERWRITING = "EMBEDDING_LOOKUP"
OPERATORS = tuple(name for name in REFERENCE if name != OVERWRITING)


@needs_wheel
def test_every_signature() -> None:
    assert not wrong(OPERATORS)


@needs_wheel
def test_temporary_tensors() -> None:
    assert not wrong_with_many_scales(OPERATORS)


@needs_wheel
def test_embedding_lookup() -> None:
    assert not wrong([OVERWRITING], smallest=False)
    jobs = [(data, arena_on_wheel(data).min_arena_bytes) for data in models(OVERWRITING)]
    for (_, computed), truth in zip(jobs, measure_all(jobs), strict=True):
        assert truth.ran
        assert truth.min_arena_bytes is not None
        assert 0 <= computed - truth.min_arena_bytes <= 48
