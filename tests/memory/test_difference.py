"""Two models' memory compared: what differs, by names, and nothing guessed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpu_time import assert_linear
from tests.model.sample_models import RUNNABLE, SAMPLES, float_model
from tflint.memory.arena import Buffer
from tflint.memory.difference import (
    BufferChanges,
    Change,
    MemoryDifference,
    compare,
    figures_of,
    peak_of,
)
from tflint.memory.usage import MemoryUse, memory_use
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.target.target import find_target

TFLM = find_target("tflm")
OPPOSITE = {
    Change.ADDED: Change.REMOVED,
    Change.REMOVED: Change.ADDED,
    Change.GROWN: Change.SHRUNK,
    Change.SHRUNK: Change.GROWN,
}


def used(model: Model) -> MemoryUse:
    return memory_use(model, graphs(model), TFLM)


def chain(sizes: Mapping[str, int] | Sequence[tuple[str, int]], operator: str = "RELU") -> Model:
    """Operators one after the other, the tensors between them of these names and sizes."""
    model = ModelBuilder()
    items = list(sizes.items() if isinstance(sizes, Mapping) else sizes)
    tensors = [model.tensor((1, size), TensorType.INT8, name=name) for name, size in items]
    model.inputs += tensors[:1]
    for x, y in pairwise(tensors):
        model.operator(operator, [x], [y])
    model.output(*tensors[-1:])
    return model.build()


def compared(before: Mapping[str, int], after: Mapping[str, int]) -> MemoryDifference:
    return compare(used(chain(before)), used(chain(after)))


def listed(found: BufferChanges) -> list[tuple[str, str, int, int]]:
    return [
        (one.change.value, one.value.name, one.bytes_before, one.bytes_after)
        for one in found.changes
    ]


# Tensors


def test_tensors_are_grown_shrunk_added_removed_and_the_largest_difference_is_first() -> None:
    found = compared(
        {"in": 100, "a": 200, "b": 300, "gone": 50, "out": 10},
        {"in": 100, "a": 280, "b": 100, "new": 20, "out": 10},
    ).tensors

    assert listed(found) == [
        ("shrunk", "b", 300, 100),
        ("grown", "a", 200, 280),
        ("removed", "gone", 50, 0),
        ("added", "new", 0, 20),
    ]
    assert (found.are_matched, found.kept) == (True, 2)
    assert (found.unmatched_before, found.unmatched_after) == (0, 0)
    assert [one.value.name for one in found.of(Change.ADDED)] == ["new"]


def test_a_model_is_the_same_as_itself() -> None:
    for build in SAMPLES:
        found = compare(used(build()), used(build()))
        assert {figure.difference for figure in found.figures} == {0}
        assert (*found.tensors.changes, *found.scratch.changes, *found.kernels) == ()
        assert found.peak.moved is False


def test_names_that_were_stripped_match_nothing() -> None:
    model = chain({"in": 100, "a": 200, "out": 10})
    graph = model.subgraphs[0]
    bare = dataclasses.replace(
        graph, tensors=tuple(dataclasses.replace(t, name="") for t in graph.tensors)
    )
    stripped = dataclasses.replace(model, subgraphs=(bare,))

    for pair in ((model, stripped), (stripped, model), (stripped, stripped)):
        found = compare(*map(used, pair))
        assert found.tensors == BufferChanges(False, unmatched_before=3, unmatched_after=3)
        assert found.peak.moved is None
        assert found.figure("nonpersistent").difference == 0


def test_models_that_share_no_name_are_not_compared_by_tensor() -> None:
    found = compared({"a": 1, "b": 2}, {"c": 1, "d": 2})

    assert (found.tensors.are_matched, found.tensors.changes) == (False, ())
    assert found.peak.moved is None


@pytest.mark.parametrize("twice_in", ["before", "after", "both"])
def test_a_name_that_is_not_unique_matches_nothing(twice_in: str) -> None:
    once = chain([("in", 10), ("x", 100), ("out", 10)])
    twice = chain([("in", 10), ("x", 100), ("x", 200), ("out", 10)])
    before = once if twice_in == "after" else twice
    after = once if twice_in == "before" else twice
    found = compare(used(before), used(after)).tensors

    assert (found.changes, found.kept) == ((), 2)
    assert found.unmatched_before == (1 if before is once else 2)
    assert found.unmatched_after == (1 if after is once else 2)


def test_names_of_other_subgraphs_are_others() -> None:
    def model(then: str) -> Model:
        outer = ModelBuilder()
        outer.output(outer.unary("RELU", outer.input((1, 4), name="x")))
        inner = outer.subgraph("inner")
        inner.output(inner.unary("RELU", inner.input((1, 4), name=then)))
        return outer.build()

    found = compare(used(model("x")), used(model("y"))).tensors
    assert [(c.change, c.value.subgraph, c.value.name) for c in found.changes] == [
        (Change.REMOVED, 1, "x"),
        (Change.ADDED, 1, "y"),
    ]


NAMES = st.sampled_from(["", "a", "b", "c", "d", "e", "\x1b[2J"])
LAYERS = st.lists(st.tuples(NAMES, st.integers(0, 2**40)), max_size=8)


@given(LAYERS, LAYERS)
@settings(max_examples=150, deadline=None)
def test_every_byte_is_accounted_for(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    """What is matched and what is not are together all buffers, and the reverse is the reverse."""
    old, new = used(chain(before)), used(chain(after))
    there, back = compare(old, new), compare(new, old)
    tensors = there.tensors
    for side, change, unmatched in (
        (old, Change.REMOVED, tensors.unmatched_before),
        (new, Change.ADDED, tensors.unmatched_after),
    ):
        if tensors.are_matched:
            matched = sum(one.change is not OPPOSITE[change] for one in tensors.changes)
            assert matched + tensors.kept + unmatched == len(side.arena.buffers)
    if tensors.are_matched and not tensors.unmatched_before and not tensors.unmatched_after:
        sums = [sum(b.bytes for b in side.arena.buffers) for side in (old, new)]
        assert sum(one.difference for one in tensors.changes) == sums[1] - sums[0]
    assert there.peak.moved is back.peak.moved
    assert sorted((OPPOSITE[c.change].value, c.value.name) for c in tensors.changes) == sorted(
        (c.change.value, c.value.name) for c in back.tensors.changes
    )
    for one, other in zip(there.figures, back.figures, strict=True):
        assert one.difference == -(other.difference or 0)


# Figures


@pytest.mark.parametrize("build", SAMPLES, ids=lambda build: build.__name__)
def test_totals_are_the_sums_of_their_parts(build: Callable[[], Model]) -> None:
    use = used(build())
    figures = dict(figures_of(use))

    parts = ("min_arena", "interpreter", "resolver", "stack")
    assert figures["ram"] == sum(figures[part] for part in parts) == use.ram_bytes
    assert figures["flash"] == figures["model"] + figures["runtime"] == use.flash_bytes
    assert figures["arena"] == figures["nonpersistent"] + figures["persistent"]
    kinds = [size for name, size in figures.items() if name.startswith("persistent.")]
    assert figures["persistent"] == sum(kinds)
    assert figures["min_arena"] == figures["arena"] + figures["passing"]
    assert figures["passing"] >= 0


@pytest.mark.parametrize("side", ["before", "after"])
def test_one_side_alone(side: str) -> None:
    use = used(float_model())
    found = compare(use, None) if side == "before" else compare(None, use)

    assert all(figure.difference is None for figure in found.figures)
    assert all(getattr(figure, side) is not None for figure in found.figures)
    assert len(found.tensors.changes) == len(use.arena.buffers)
    assert found.tensors.are_matched
    assert {one.change for one in found.tensors.changes} == {
        Change.REMOVED if side == "before" else Change.ADDED
    }
    assert [kernel.operator for kernel in found.kernels]
    assert found.peak.moved is None


def test_no_figure_goes_by_another_name() -> None:
    found = compare(None, used(float_model()))

    assert found.figure("ram").after == used(float_model()).ram_bytes
    with pytest.raises(KeyError):
        found.figure("ROM")


# The peak


def test_the_peak_moves_with_what_is_alive() -> None:
    before = {"in": 16, "a": 160, "b": 160, "c": 16, "out": 16}
    after = {"in": 16, "a": 16, "b": 160, "c": 320, "out": 16}
    found = compared(before, after).peak

    assert found.before is not None
    assert found.after is not None
    assert (found.before.bytes, found.after.bytes, found.moved) == (320, 480, True)
    assert [node and node.index for node in (found.before.node, found.after.node)] == [1, 2]
    assert [b.value and b.value.name for b in found.after.alive] == ["c", "b"]
    assert sum(b.reserved for b in found.after.alive) == found.after.bytes


def test_an_operator_that_comes_before_does_not_move_the_peak() -> None:
    before = {"in": 16, "a": 160, "out": 160}
    after = {"in": 16, "new": 16, "a": 160, "out": 320}
    found = compared(before, after).peak

    assert found.before is not None
    assert found.after is not None
    assert (found.before.bytes, found.after.bytes, found.moved) == (320, 480, False)


def test_a_peak_under_another_name_may_be_the_same() -> None:
    before = {"in": 16, "a": 160, "x": 160, "out": 16}
    after = {"in": 16, "b": 160, "y": 160, "out": 16}

    assert compared(before, after).peak.moved is None


@pytest.mark.parametrize("build", RUNNABLE, ids=lambda build: build.__name__)
def test_what_is_alive_is_what_the_bound_counts(build: Callable[[], Model]) -> None:
    arena = used(build()).arena
    peak = peak_of(arena)

    assert sum(buffer.reserved for buffer in peak.alive) == peak.bytes == arena.lower_bound_bytes


def test_an_empty_model_has_no_peak() -> None:
    peak = peak_of(used(ModelBuilder().build()).arena)
    assert (peak.node, peak.bytes, peak.alive) == (None, 0, ())


# Scratch memory and kernels


def asking(names: Sequence[str], scratch: Mapping[int, Sequence[int]]) -> MemoryUse:
    """A chain of tensors with these names, whose operators asked for this scratch memory."""
    model = chain([(name, 16) for name in names])
    found = graphs(model)
    use = memory_use(model, found, TFLM)
    buffers = [
        Buffer(0, None, found[0].nodes[index], size, 0, index + 1, index + 1)
        for index, sizes in scratch.items()
        for size in sizes
    ]
    arena = dataclasses.replace(use.arena, buffers=(*use.arena.buffers, *buffers))
    return dataclasses.replace(use, arena=arena)


def test_scratch_goes_by_what_its_operator_makes() -> None:
    before = asking(["in", "a", "b", "c", "out"], {0: [100, 20], 1: [50], 2: [60]})
    after = asking(["in", "new", "a", "b", "out"], {0: [10], 1: [100, 20, 5], 2: [50]})
    found = compare(before, after).scratch

    assert listed(found) == [
        ("removed", "c", 60, 0),
        ("added", "new", 0, 10),
        ("grown", "a", 120, 125),
    ]
    assert [one.node and one.node.name for one in found.changes] == ["RELU"] * 3
    assert (found.kept, found.unmatched_before, found.unmatched_after) == (1, 0, 0)


def test_scratch_of_what_has_no_name_of_its_own_is_counted_only() -> None:
    before = asking(["in", "a", "", "x", "x", "out"], {0: [1], 1: [2, 3], 2: [4]})
    after = asking(["in", "a", "b", "x", "y", "out"], {0: [1], 1: [2, 3], 2: [4]})
    found = compare(before, after).scratch

    assert listed(found) == [("added", "b", 0, 5)]
    assert (found.kept, found.unmatched_before, found.unmatched_after) == (1, 3, 1)


def test_kernels_that_came_and_went() -> None:
    before, after = ModelBuilder(), ModelBuilder()
    for model, names in ((before, ("RELU", "TANH")), (after, ("RELU", "Mine", "SOFTMAX"))):
        x = model.input((1, 4))
        for name in names:
            x = model.unary(name, x)
        model.output(x)
    found = compare(used(before.build()), used(after.build()))

    assert [(k.change.value, k.operator, k.code is not None) for k in found.kernels] == [
        ("added", "SOFTMAX", True),
        ("added", "Mine", False),
        ("removed", "TANH", True),
    ]
    assert found.kernels[0].code is not None
    assert 0 < found.kernels[0].code.freed_bytes <= found.kernels[0].code.bytes


# Time


@pytest.mark.parametrize("name", ["t{}", "same", ""], ids=["unique", "the same", "none"])
def test_time_is_linear(name: str) -> None:
    def make(size: int) -> tuple[MemoryUse, MemoryUse]:
        layers = [(name.format(i), 1 + i % 7) for i in range(size)]
        return used(chain(layers)), used(chain(layers[::-1]))

    assert_linear(lambda pair: compare(*pair), make, 16_000)
