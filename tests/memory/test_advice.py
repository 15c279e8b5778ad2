"""What would lower an arena: each saving is what planning the changed model gives."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.against_wheel import needs_wheel
from tests.report.memory_reports import chain, classifier
from tflint.memory.advice import Saving, advice
from tflint.memory.arena import plan_arena
from tflint.memory.placement import better_offsets
from tflint.memory.requests import WHEEL
from tflint.memory.usage import memory_use
from tflint.memory.variants import with_int8, with_offline_plan, without_unused
from tflint.memory.wheel import measure
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph, graphs
from tflint.model.reader import parse_model
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target


def read(model: Model) -> tuple[Model, tuple[Graph, ...]]:
    """The model as it is read from a file, and its subgraphs."""
    found = parse_model(write_model(model))
    return found, graphs(found)


def savings(model: Model, target: str = "tflm") -> list[Saving]:
    found, subgraphs = read(model)
    return advice(memory_use(found, subgraphs, find_target(target)), found, subgraphs)


def saving(model: Model, says: str, target: str = "tflm") -> Saving | None:
    return next((found for found in savings(model, target) if says in found.text), None)


def min_arena(model: Model, target: str = "tflm") -> int:
    found, subgraphs = read(model)
    return memory_use(found, subgraphs, find_target(target)).arena.min_arena_bytes


def gaps() -> Model:
    """Buffers that the largest-first order does not place best, found by search."""
    model = ModelBuilder()
    x = model.input((1, 16), TensorType.INT8)
    held = []
    for size in (48, 96, 64, 112, 80, 32, 144, 16):
        x = model.fully_connected(x, units=size)
        held.append(x)
    for a in held[::3]:
        y = model.fully_connected(a, units=model.shape(x)[1])
        z = model.tensor(model.shape(x), TensorType.INT8)
        model.operator("ADD", [x, y], [z], AddOptions())
        x = z
    model.output(x)
    return model.build()


def unused() -> Model:
    model = chain(4)
    graph = model.subgraphs[0]
    lost = dataclasses.replace(graph.tensors[0], name="lost", shape=(1, 1000))
    graph = dataclasses.replace(graph, tensors=(*graph.tensors, lost))
    return dataclasses.replace(model, subgraphs=(graph,))


def test_int8_saves_what_an_int8_model_takes_less() -> None:
    found = saving(classifier(TensorType.FLOAT32), "int8 instead of float32")

    assert found is not None
    assert found.is_exact
    assert found.bytes == min_arena(classifier(TensorType.FLOAT32)) - min_arena(classifier())
    assert saving(classifier(), "int8 instead of float32") is None


def test_without_what_nothing_refers_to() -> None:
    found = saving(unused(), "that nothing refers to")

    assert found is not None
    assert "1 of which" in found.text
    assert found.bytes == min_arena(unused()) - min_arena(chain(4))
    assert without_unused(*read(unused())).subgraphs == read(chain(4))[0].subgraphs


def test_what_only_planning_takes() -> None:
    model, subgraphs = read(chain(60))
    arena = memory_use(model, subgraphs, find_target("tflm")).arena
    found = saving(chain(60), "while TFLM plans")

    assert arena.planning_bytes > arena.arena_bytes
    assert found is not None
    assert found.bytes == arena.min_arena_bytes - -(-arena.arena_bytes // 16) * 16
    assert saving(classifier(), "while TFLM plans") is None


def test_the_reference_kernels_save_scratch_memory() -> None:
    model = ModelBuilder()
    x = model.input((1, 6, 6, 64), TensorType.INT8)
    model.output(model.conv_2d(x, filters=8, kernel=3))
    built, target = model.build(), "cortex-m4:runtime=tflm-cmsis-nn"
    found = saving(built, "TFLM's reference kernels", target)
    difference = min_arena(built, target) - min_arena(built, "cortex-m4")

    assert found is not None
    assert found.bytes == difference
    scratch = saving(built, "of scratch memory that CONV_2D #0 asks for", target)
    assert scratch is not None
    assert scratch.bytes <= difference
    assert saving(built, "TFLM's reference kernels") is None


def test_half_of_the_largest_tensor() -> None:
    """A wide layer in the middle, halved by half as many units."""

    def layers(units: int) -> Model:
        model = ModelBuilder()
        x = model.fully_connected(model.input((1, 64), TensorType.INT8), units=units)
        model.output(model.unary("RELU", model.fully_connected(x, units=64)))
        return model.build()

    found = saving(layers(8192), "half as large")

    assert found is not None
    assert "fewer channels or a stride of 2 at FULLY_CONNECTED #0" in found.text
    assert found.bytes == 4096 == min_arena(layers(8192)) - min_arena(layers(4096))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 12), st.integers(0, 6)),
        min_size=1,
        max_size=12,
    )
)
def test_other_placements_are_placements(buffers: list[tuple[int, int, int]]) -> None:
    """Nothing overlaps that is alive at one time, and the end is lower than it was."""
    from tflint.memory.arena import Buffer

    _, subgraphs = read(chain(1))
    value = subgraphs[0].values[0]
    placed = [
        Buffer(0, value, None, 16 * size, 0, first, first + length)
        for size, first, length in buffers
    ]
    total = sum(buffer.reserved for buffer in placed)
    offsets = better_offsets(placed, total + 1)

    assert offsets is not None
    taken = list(zip(placed, offsets, strict=True))
    for i, (one, at) in enumerate(taken):
        assert at % 16 == 0
        for other, there in taken[:i]:
            if one.first <= other.last and other.first <= one.last:
                assert at + one.reserved <= there or there + other.reserved <= at
    end = max(at + buffer.reserved for buffer, at in taken)
    assert end <= total
    assert better_offsets(placed, 0) is None


@needs_wheel
def test_tflm_takes_a_placement_as_it_was_planned() -> None:
    """Any plan in the file, here one that was made for it, comes out as planned."""
    model, subgraphs = read(gaps())
    arena = plan_arena(model, subgraphs, WHEEL)
    offsets = better_offsets(arena.buffers, arena.nonpersistent_bytes + 1)
    assert offsets is not None
    by_tensor = [-1] * len(subgraphs[0].values)
    for buffer, offset in zip(arena.buffers, offsets, strict=True):
        assert buffer.value is not None
        by_tensor[buffer.value.index] = offset
    data = write_model(with_offline_plan(model, by_tensor))
    planned = parse_model(data)
    computed = plan_arena(planned, graphs(planned), WHEEL)
    measured = measure(data, computed.min_arena_bytes)

    assert computed.is_planned_offline
    assert measured.nonpersistent_bytes == computed.nonpersistent_bytes
    assert measured.min_arena_bytes == computed.min_arena_bytes


@needs_wheel
@pytest.mark.parametrize("type", [TensorType.FLOAT32])
def test_the_model_with_int8_has_the_persistent_section_of_one(type: TensorType) -> None:
    model, subgraphs = read(classifier(type))
    changed = with_int8(model, subgraphs)
    computed = plan_arena(changed, graphs(changed), WHEEL)
    measured = measure(write_model(classifier(TensorType.INT8)), computed.min_arena_bytes)

    assert measured.nonpersistent_bytes == computed.nonpersistent_bytes
    assert measured.persistent_bytes == computed.persistent_bytes


def test_savings_are_listed_by_what_they_save() -> None:
    for model in (classifier(TensorType.FLOAT32), unused(), gaps(), chain(60)):
        found = savings(model)
        assert [s.bytes for s in found] == sorted((s.bytes for s in found), reverse=True)
        assert all(s.bytes >= 16 for s in found)


def test_nothing_is_advised_for_what_cannot_be_planned() -> None:
    model, _ = read(chain(3))
    huge = dataclasses.replace(
        model.subgraphs[0],
        tensors=tuple(
            dataclasses.replace(tensor, shape=(2**30, 2**30))
            for tensor in model.subgraphs[0].tensors
        ),
    )
    model = dataclasses.replace(model, subgraphs=(huge,))
    use = memory_use(model, graphs(model), find_target("tflm"))

    assert use.fault is not None
    assert advice(use, model, graphs(model)) == []
