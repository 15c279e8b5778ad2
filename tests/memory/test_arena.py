"""The arena, computed, against TFLM's own."""

from __future__ import annotations

import struct

import pytest

from tests.memory.against_wheel import arena_on_wheel, differences, needs_wheel
from tests.memory.graph_shapes import (
    SHAPES,
    chain,
    many_tiny_operators,
    unreached_scratch,
    wide_layer,
)
from tests.memory.planned_offline import PLAN, PLANNED
from tests.memory.random_graphs import random_graph
from tests.random_networks import random_network
from tflint.memory.arena import Arena
from tflint.memory.wheel import measure_all
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.model.writer import write_model


def arena(model: Model) -> Arena:
    return arena_on_wheel(write_model(model))


@needs_wheel
def test_every_shape_of_graph() -> None:
    shapes = SHAPES | PLANNED
    found = differences([build() for build in shapes.values()])
    names = list(shapes)
    assert not {names[int(line.partition(":")[0])]: line for line in found}


@needs_wheel
def test_random_graphs() -> None:
    models = [write_model(random_graph(seed)) for seed in range(120)]
    sound = [data for data in models if arena_on_wheel(data).fault is None]
    assert len(sound) > 80
    assert not differences(sound)


@needs_wheel
def test_random_networks() -> None:
    """Of layers that people use; TFLM does not take all of them."""
    models = [write_model(random_network(seed)) for seed in range(120)]
    jobs = [(data, arena_on_wheel(data).min_arena_bytes) for data in models]
    taken = [
        data
        for data, truth in zip(models, measure_all(jobs, smallest=False), strict=True)
        if truth.ran
    ]
    assert len(taken) > 50
    assert not differences(taken)


def test_planning_can_be_the_most() -> None:
    computed = arena(many_tiny_operators())
    assert computed.min_arena_bytes > computed.arena_bytes
    assert computed.min_arena_bytes - computed.planning_bytes in range(16)


@pytest.mark.parametrize("layer", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_preparing_can_be_the_most(layer: str) -> None:
    computed = arena(wide_layer(layer)())
    assert computed.min_arena_bytes > max(computed.arena_bytes, computed.planning_bytes)
    assert computed.min_arena_bytes - computed.preparing_bytes in range(16)


def test_scratch_memory_that_nothing_reaches() -> None:
    computed = arena(unreached_scratch())
    assert computed.fault is not None
    assert "ADD_N in subgraph 1" in computed.fault


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "0 bytes"),
        ((1, 0), "8 bytes"),
        ((1, 0, 3, 0, 0, 0), "3 offsets for 2 tensors"),
        ((1, 0, 2, 0), "ends before"),
        ((1, 0, 2, -2, 0), "offset -2"),
    ],
)
def test_plans_that_tflm_cannot_follow(words: tuple[int, ...], says: str) -> None:
    model = ModelBuilder()
    model.output(chain(model, model.input((1, 33)), 1))
    model.metadata(PLAN, struct.pack(f"<{len(words)}i", *words))
    computed = arena(model.build())
    assert computed.fault is not None
    assert says in computed.fault
    # The tensors' own need is still told.
    assert computed.nonpersistent_bytes == computed.lower_bound_bytes
    assert not computed.is_planned_offline
