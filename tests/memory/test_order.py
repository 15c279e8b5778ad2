"""Whole graphs: what is counted, how long it takes, and what TFLM says to the new order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.cpu_time import assert_linear
from tests.memory.against_wheel import needs_wheel
from tests.memory.ordering_problems import (
    Network,
    inception,
    keeps_dependencies,
    random_layers,
    series_parallel,
)
from tests.random_networks import random_network
from tests.runtimes import assert_bit_equal
from tflint.memory.arena import plan_arena
from tflint.memory.order import Reordering, best_order, best_order_of, refine
from tflint.memory.order_problem import Problem, peak_bytes
from tflint.memory.requests import WHEEL
from tflint.memory.wheel import measure_all
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph, graphs
from tflint.model.reader import parse_model, read_model
from tflint.model.schema import AddOptions, ConcatenationOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model

INT8 = TensorType.INT8


def branches(channels: Sequence[int], *, breadth_first: bool) -> Model:
    """Branches that widen to so many channels and narrow again, then joined."""
    graph = ModelBuilder()
    x = graph.input([1, 8, 8, 2], INT8)
    if breadth_first:
        wide = [graph.conv_2d(x, count, 1) for count in channels]
        narrow = [graph.conv_2d(y, 2, 1) for y in wide]
    else:
        narrow = [graph.conv_2d(graph.conv_2d(x, count, 1), 2, 1) for count in channels]
    joined = graph.tensor([1, 8, 8, 2 * len(channels)], INT8)
    graph.operator("CONCATENATION", narrow, [joined], ConcatenationOptions(axis=3))
    graph.output(joined)
    return graph.build()


def reordered(model: Model, order: Sequence[int]) -> Model:
    """The model with the operators of its only subgraph in this order."""
    graph = model.subgraphs[0]
    operators = tuple(graph.operators[index] for index in order)
    return dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, operators=operators), *model.subgraphs[1:])
    )


def test_depth_first_where_branches_widen() -> None:
    found = best_order(Graph(branches([16, 16, 16], breadth_first=True), 0), {})

    # 64 pixels: the input, two narrow branches, a wide one and its narrow end.
    assert found.peak_after == 64 * (2 * 2 + 16 + 2)
    assert found.peak_before == 64 * (16 * 3 + 2)
    assert found.saved == found.peak_before - found.peak_after
    assert found.is_optimal
    assert found.gap == 0
    assert found.reason is None


def test_what_is_best_stays_as_it_is() -> None:
    found = best_order(Graph(branches([16, 16, 16], breadth_first=False), 0), {})

    assert found.order == tuple(range(7))
    assert found.candidates[0] == found.order


def test_scratch_counts_while_its_operator_runs() -> None:
    graph = Graph(branches([16, 16], breadth_first=True), 0)
    plain, scratched = best_order(graph, {}), best_order(graph, {2: 4096})

    # The first narrowing of the given order, with only its own branch alive beside it.
    assert scratched.peak_after == 64 * (2 + 16 + 2) + 4096
    assert scratched.is_optimal
    assert plain.peak_after < 4096


def test_a_chain_comes_back_unchanged() -> None:
    graph = ModelBuilder()
    x = graph.input([1, 64])
    for _ in range(20):
        x = graph.unary("RELU", x)
    graph.output(x)

    assert best_order(Graph(graph.build(), 0), {}) == Reordering(
        tuple(range(20)), 512, 512, 512, 0, (tuple(range(20)),)
    )


def test_no_operators_at_all() -> None:
    graph = ModelBuilder()
    graph.output(graph.input([1, 64]))

    assert best_order(Graph(graph.build(), 0), {}) == Reordering((), 256, 256, 256, 0, ((),))


def test_absurd_shapes_are_counted() -> None:
    graph = ModelBuilder()
    x = graph.input([2**31 - 1] * 4)
    a = graph.tensor([-5, 3])
    graph.operator("ABS", [x], [a])
    graph.operator("RELU", [x], [graph.tensor([0, 7])])
    graph.output(a)

    found = best_order(Graph(graph.build(), 0), {0: -7, 1: 2**70})

    assert found.peak_after == found.lower_bound >= 2**70


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int) -> None:
    for graph in graphs(random_network(seed)):
        found = best_order(graph, {})

        assert found.lower_bound <= found.peak_after <= found.peak_before
        assert sorted(found.order) == list(range(len(graph.nodes)))
        assert found.candidates[0] == tuple(range(len(graph.nodes)))


def test_refine_takes_the_smallest_arena_and_the_first_among_equals() -> None:
    arenas: dict[tuple[int, ...], int] = {(0, 1, 2): 64, (1, 0, 2): 48, (2, 1, 0): 48}

    assert refine(arenas, lambda order: arenas[tuple(order)]) == ((1, 0, 2), 48)


@pytest.mark.parametrize("seed", range(5))
def test_candidates_keep_within_the_peak(seed: int) -> None:
    problem = series_parallel(60, seed)

    found = best_order_of(problem)

    assert found.order in found.candidates
    assert len(set(found.candidates)) == len(found.candidates)
    for order in found.candidates:
        assert keeps_dependencies(problem, order)
    for order in found.candidates[1:]:
        assert peak_bytes(problem, order) <= found.peak_after


def wide_layer(count: int) -> Problem:
    net = Network()
    x = net.input(160)
    return net.problem(net.add([net.add([x], 16 * (i % 9)) for i in range(count)], 16))


def long_skips(count: int) -> Problem:
    net = Network(1)
    made = [net.input(160)]
    for _ in range(count):
        made.append(net.add([made[-1], net.random.choice(made)], 16 * net.random.randint(1, 50)))
    return net.problem(made[-1])


def equal_branches(count: int) -> Problem:
    net = Network(1)
    x = net.input(160)
    ends = [net.chain(x, [640, 320, 1280, 160, 480]) for _ in range(count // 5)]
    return net.problem(net.add(ends, 16))


def tangle(count: int, window: int) -> Problem:
    net = Network(2)
    made = [net.input(160)]
    for _ in range(count):
        near = made[-window:]
        inputs = net.random.sample(near, min(len(near), net.random.randint(1, 3)))
        made.append(net.add(inputs, 16 * net.random.randint(1, 50)))
    return net.problem(made[-1])


def independent(count: int) -> Problem:
    net = Network(3)
    for _ in range(count):
        net.add([], 16 * net.random.randint(1, 9))
    return net.problem()


def everything_reads_a_hundred(count: int) -> Problem:
    net = Network(4)
    made = [net.input(160)]
    for _ in range(count):
        made.append(net.add(made[-100:], 16 * net.random.randint(1, 9)))
    return net.problem(made[-1])


HOSTILE: dict[str, Callable[[int], Problem]] = {
    "chain": lambda n: tangle(n, 1),
    "wide layer": wide_layer,
    "long skips": long_skips,
    "equal branches": equal_branches,
    "tangle of 8": lambda n: tangle(n, 8),
    "tangle of 5,000": lambda n: tangle(n, 5_000),
    "independent": independent,
    "a hundred readers each": everything_reads_a_hundred,
    "inception": lambda n: inception(n // 12, 4, 1),
    "layers of 30": lambda n: random_layers(n, 30, 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_thousands_of_operators_end_in_an_order(kind: str) -> None:
    problem = HOSTILE[kind](2_000)
    found = best_order_of(problem)

    assert found.lower_bound <= found.peak_after <= found.peak_before
    assert peak_bytes(problem, found.order) == found.peak_after


@pytest.mark.parametrize("kind", ["chain", "long skips"])
def test_what_has_one_order_takes_linear_time(kind: str) -> None:
    assert_linear(best_order_of, HOSTILE[kind], 32_000)


@needs_wheel
def test_the_new_order_runs_on_tflm_in_a_smaller_arena_with_the_same_outputs() -> None:
    models = [
        branches([16, 32, 8, 24], breadth_first=True),
        residual_blocks(),
    ]
    for model in models:
        found = best_order(Graph(model, 0), {})
        assert found.saved > 0
        heads = {order: head(reordered(model, order)) for order in found.candidates}
        order, arena = refine(heads, heads.__getitem__)
        before, after = write_model(model), write_model(reordered(model, order))

        measured = measure_all([(before, 1 << 16), (after, 1 << 16)], smallest=False)

        assert all(measurement.ran for measurement in measured)
        assert measured[0].nonpersistent_bytes == head(model)
        assert measured[1].nonpersistent_bytes == arena == found.peak_after
        assert arena < measured[0].nonpersistent_bytes
        assert_bit_equal(model, reordered(model, order), "tflm")


def residual_blocks() -> Model:
    """Two projections of one input, all of it before any is used."""
    graph = ModelBuilder()
    x = graph.input([1, 8, 8, 4], INT8)
    firsts = [graph.conv_2d(x, 24, 3) for _ in range(3)]
    sums = None
    for first in firsts:
        end = graph.conv_2d(first, 4, 1)
        if sums is None:
            sums = end
            continue
        total = graph.tensor(graph.shape(end), INT8)
        graph.operator("ADD", [sums, end], [total], AddOptions())
        sums = total
    assert sums is not None
    graph.output(sums)
    return graph.build()


def head(model: Model) -> int:
    """The non-persistent section of the arena that is computed for the wheel."""
    again = parse_model(write_model(model))
    return plan_arena(again, graphs(again), WHEEL).nonpersistent_bytes


@pytest.mark.shared
def test_shared_models_are_all_proved(shared_models: list[Path]) -> None:
    unproved = []
    for path in shared_models:
        for graph in graphs(read_model(path)):
            found = best_order(graph, {})
            if found.reason is None and not found.is_optimal:
                unproved.append((path.name, found.peak_after, found.lower_bound))

    assert unproved == []
