"""The bytes that are alive at once."""

from __future__ import annotations

import pytest

from tflint.memory.abi import CORTEX_M
from tflint.memory.arena import Arena, plan_arena
from tflint.memory.profile import alive_bytes, highest
from tflint.memory.requests import Build
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import AddOptions, TensorType


def chain(*sizes: int, skip: bool = False) -> Arena:
    """int8 layers of these many elements; with `skip`, the first is added to the last."""
    builder = ModelBuilder()
    first = x = builder.input((1, sizes[0]), TensorType.INT8)
    for size in sizes[1:]:
        y = builder.tensor((1, size), TensorType.INT8)
        builder.operator("ABS", [x], [y])
        x = y
    if skip:
        y = builder.tensor((1, sizes[-1]), TensorType.INT8)
        builder.operator("ADD", [x, first], [y], AddOptions())
        x = y
    builder.output(x)
    model = builder.build()
    return plan_arena(model, graphs(model), Build(CORTEX_M))


@pytest.mark.parametrize(
    ("sizes", "skip", "most", "at"),
    [
        ((16, 16), False, 32, 0),
        ((16, 64, 32, 16), False, 96, 1),
        ((1, 1), False, 32, 0),  # each is rounded up to 16
        ((64, 16, 64), False, 80, 0),
        ((64, 16, 64), True, 192, 2),
    ],
)
def test_peak(sizes: tuple[int, ...], skip: bool, most: int, at: int) -> None:
    arena = chain(*sizes, skip=skip)
    top = highest(arena)[0]

    assert (top.bytes, top.node.index) == (most, at)
    assert arena.lower_bound_bytes == most
    assert arena.peak_node is not None
    assert arena.peak_node.index == at
    assert sum(buffer.reserved for buffer in arena.alive_at(top.scope)) == most


def test_without_operators_the_inputs_are_alive() -> None:
    builder = ModelBuilder()
    builder.output(builder.input((1, 4)))
    model = builder.build()
    arena = plan_arena(model, graphs(model), Build(CORTEX_M))

    assert alive_bytes(arena) == [16]
    assert highest(arena) == []
    assert arena.peak_node is None
