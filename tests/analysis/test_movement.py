"""Runs of transposes and reshapes give the same bits without what the rules say can go."""

from __future__ import annotations

import dataclasses
import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rewrite import rewrite
from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, assert_bit_equal
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.movement import Run, reshape_runs, transpose_runs
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph, graphs
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    AddOptions,
    ExpandDimsOptions,
    MulOptions,
    SqueezeOptions,
    SubOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model

INT8, INT32 = TensorType.INT8, TensorType.INT32
Order = tuple[int, ...]


def transpose(model: ModelBuilder, x: int, order: Order) -> int:
    shape, quantization = model.shape(x), model.tensors[x].quantization
    y = model.tensor([shape[p] for p in order], model.type(x), quantization)
    argument = model.constant((len(order),), INT32, order)
    model.operator("TRANSPOSE", [x, argument], [y], TransposeOptions())
    return y


def add_constant(model: ModelBuilder, x: int, shape: Order) -> int:
    y = model.tensor(model.shape(x), model.type(x), model.tensors[x].quantization)
    model.operator("ADD", [x, model.constant(shape, model.type(x))], [y], AddOptions())
    return y


def chain_of_transposes(rng: random.Random, type: TensorType) -> Model:
    """A transposed and elementwise mapped input; orders are often the one that goes back."""
    model = ModelBuilder(seed=rng.randint(0, 99))
    x = model.unary(
        "ABS" if type is TensorType.FLOAT32 else "RELU", model.input((1, 2, 3, 4), type)
    )
    total: Order = (0, 1, 2, 3)
    for _ in range(rng.randint(2, 6)):
        kind = rng.choice(["turn", "turn", "back", "RELU", "TANH", "scalar", "vector"])
        if kind == "turn":
            order = tuple(rng.sample(range(4), 4))
        elif kind == "back":
            order = tuple(sorted(range(4), key=total.__getitem__))
        elif kind in ("scalar", "vector"):
            x = add_constant(model, x, (1,) if kind == "scalar" else model.shape(x)[-1:])
            continue
        else:
            x = model.unary("RELU" if type is INT8 else kind, x)
            continue
        x, total = transpose(model, x, order), tuple(total[p] for p in order)
    model.output(model.unary("RELU", x))
    return model.build()


def chain_of_reshapes(rng: random.Random, type: TensorType) -> Model:
    model = ModelBuilder(seed=rng.randint(0, 99))
    shapes = [(1, 2, 3, 4), (1, 6, 4), (2, 12), (24,), (1, 6, 1, 4), (4, 6)]
    x = model.unary("RELU", model.input((1, 2, 3, 4), type))
    for _ in range(rng.randint(2, 6)):
        kind = rng.choice(["shape", "shape", "expand", "squeeze", "RELU", "scalar", "vector"])
        if kind == "shape":
            x = model.reshape(x, rng.choice(shapes))
        elif kind == "expand" and len(model.shape(x)) < 4:
            y = model.tensor((1, *model.shape(x)), type, model.tensors[x].quantization)
            axis = model.constant((), INT32, (0,))
            model.operator("EXPAND_DIMS", [x, axis], [y], ExpandDimsOptions())
            x = y
        elif kind == "squeeze" and model.shape(x)[0] == 1 and len(model.shape(x)) > 1:
            y = model.tensor(model.shape(x)[1:], type, model.tensors[x].quantization)
            model.operator("SQUEEZE", [x], [y], SqueezeOptions(squeeze_dims=(0,)))
            x = y
        elif kind in ("scalar", "vector"):
            x = add_constant(model, x, (1,) if kind == "scalar" else model.shape(x)[-1:])
        else:
            x = model.unary("RELU", x)
    model.output(model.unary("RELU", x))
    return model.build()


def without(model: Model, graph: Graph, run: Run) -> Model:
    """The repair: what can go is gone, what is passed works on the map as it was.

    Of a run that does not cancel the last mover stays, with the argument that does it all.
    """
    first = run.movers[0].inputs[0]
    assert first is not None
    shapes: dict[int, Order] = {}
    data: dict[int, bytes] = {}
    total = tuple(range(len(first.shape)))
    last = run.movers[-1]
    between = [n for n in run.passed if run.movers[0].index < n.index < last.index]
    for node in sorted((*run.movers, *between), key=lambda node: node.index):
        y = node.outputs[0]
        if node in run.movers:
            order = node.inputs[1] if len(node.inputs) > 1 else None
            if node.name == "TRANSPOSE":
                assert order is not None
                total = tuple(total[p] for p in order.integers() or ())
            continue
        shapes[y.index] = first.shape
        for constant in node.inputs:
            # A constant for each last index before is one along where that came from.
            if last.name == "TRANSPOSE" and constant and constant.data and constant.elements > 1:
                spread = [1] * len(total)
                spread[total[-1]] = constant.elements
                shapes[constant.index] = tuple(spread)
    gone = list(run.movers if run.cancel else run.movers[:-1])
    if not run.cancel:
        argument = last.inputs[1] if len(last.inputs) > 1 else None
        if last.name == "TRANSPOSE":
            assert argument is not None
            data[argument.index] = struct.pack(f"<{len(total)}i", *total)
    instead = {node.outputs[0].index: node.inputs[0].index for node in gone if node.inputs[0]}
    return rewrite(model, gone=[n.index for n in gone], instead=instead, shapes=shapes, data=data)


def last_is_reshape(run: Run) -> bool:
    """A RESHAPE can stay as it is: its argument is the final shape."""
    return run.cancel or run.movers[-1].name in ("RESHAPE", "TRANSPOSE")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("type", [TensorType.FLOAT32, INT8])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_transposes_that_can_go_change_no_bit(seed: int, type: TensorType, runtime: str) -> None:
    model = chain_of_transposes(random.Random(seed), type)
    graph = graphs(model)[0]
    for run in transpose_runs(graph, Dataflow(graph)):
        after = without(model, graph, run)
        assert len(after.subgraphs[0].operators) == len(graph.nodes) - run.removable
        assert_bit_equal(model, after, runtime, seed)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("type", [TensorType.FLOAT32, INT8])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_reshapes_that_can_go_change_no_bit(seed: int, type: TensorType, runtime: str) -> None:
    model = chain_of_reshapes(random.Random(seed), type)
    graph = graphs(model)[0]
    for run in filter(last_is_reshape, reshape_runs(graph, Dataflow(graph))):
        after = without(model, graph, run)
        assert len(after.subgraphs[0].operators) == len(graph.nodes) - run.removable
        assert_bit_equal(model, after, runtime, seed)


def test_the_chains_have_runs_of_all_kinds() -> None:
    found = []
    for seed in range(100):
        for build, runs in (
            (chain_of_transposes, transpose_runs),
            (chain_of_reshapes, reshape_runs),
        ):
            graph = graphs(build(random.Random(seed), TensorType.FLOAT32))[0]
            found += [(build, r.cancel, bool(r.passed)) for r in runs(graph, Dataflow(graph))]
    assert len(set(found)) == 8


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(4)), st.lists(st.integers(1, 2), min_size=4, max_size=4))
def test_two_transposes_cancel_when_no_element_moves(order: list[int], shape: list[int]) -> None:
    """Also where only dimensions of one index change places."""
    model = ModelBuilder()
    x = model.unary("TANH", model.input(shape))
    y = transpose(model, transpose(model, x, (1, 0, 2, 3)), tuple(order))
    model.output(model.unary("TANH", y))
    graph = graphs(model.build())[0]
    (run,) = transpose_runs(graph, Dataflow(graph))
    values = np.arange(np.prod(shape)).reshape(shape)
    moved = values.transpose(1, 0, 2, 3).transpose(order)

    assert run.cancel is (moved.shape == values.shape and bool((moved == values).all()))


def branches(*, same: bool, other: str = "ADD") -> Model:
    """Two transposed maps that meet, and a transpose back."""
    model = ModelBuilder()
    x = model.input((1, 4, 4, 4))
    left = transpose(model, model.unary("TANH", x), (0, 3, 1, 2))
    right = transpose(model, model.unary("ABS", x), (0, 3, 1, 2) if same else (0, 3, 2, 1))
    y = model.tensor(model.shape(left))
    model.operator(other, [left, right], [y], {"ADD": AddOptions, "SUB": SubOptions}[other]())
    model.output(model.unary("TANH", transpose(model, y, (0, 2, 3, 1))))
    return model.build()


def test_branches_meet_when_they_are_turned_the_same_way() -> None:
    (finding,) = findings("TFL601", branches(same=True))

    assert "saves 3 operators" in finding.help
    assert findings("TFL601", branches(same=False)) == ()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_branches_that_meet_give_the_same_bits(runtime: str) -> None:
    model = branches(same=True, other="SUB")
    graph = graphs(model)[0]
    (run,) = transpose_runs(graph, Dataflow(graph))
    movers = {n.outputs[0].index: n.inputs[0].index for n in run.movers if n.inputs[0]}
    met = run.passed[0].outputs[0].index

    after = rewrite(
        model, gone=[n.index for n in run.movers], instead=movers, shapes={met: (1, 4, 4, 4)}
    )
    assert_bit_equal(model, after, runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_one_that_undoes_another_can_go_alone(runtime: str) -> None:
    model = ModelBuilder()
    x = model.unary("TANH", model.input((1, 2, 3, 4)))
    y = transpose(model, x, (0, 3, 1, 2))
    model.output(model.unary("ABS", y))
    model.output(model.unary("TANH", transpose(model, y, (0, 2, 3, 1))))
    before = model.build()
    (finding,) = findings("TFL601", before)

    assert finding.location.operator == 3
    assert "saves 1 operator and 96 B" in finding.help
    after = rewrite(before, gone=[3], instead={before.subgraphs[0].operators[3].outputs[0]: x})
    assert_bit_equal(before, after, runtime)


def pair(*, source: str = "TANH", end: str = "TANH", between: str = "") -> Model:
    model = ModelBuilder()
    x = model.input((1, 2, 3, 4))
    x = x if source == "input" else model.unary(source, x)
    x = transpose(model, x, (0, 3, 1, 2))
    if between == "prelu":
        y = model.tensor(model.shape(x))
        model.operator("PRELU", [x, model.constant((4, 1, 1))], [y])
        x = y
    elif between == "shared constant":
        y, c = model.tensor(model.shape(x)), model.constant((4, 1, 1))
        model.operator("MUL", [x, c], [y], MulOptions())
        model.output(model.unary("TANH", c))
        x = y
    elif between == "larger constant":
        y, c = model.tensor((2, 4, 2, 3)), model.constant((2, 4, 2, 3))
        model.operator("MUL", [x, c], [y], MulOptions())
        x = y
    elif between == "itself":
        y = model.tensor(model.shape(x))
        model.operator("ADD", [x, x], [y], AddOptions())
        x = y
    elif between:
        x = model.unary(between, x)
    x = transpose(model, x, (0, 2, 3, 1))
    model.output(x if end == "output" else model.unary(end, x))
    return model.build()


@pytest.mark.parametrize(
    ("model", "saved"),
    [
        (pair(), 2),
        (pair(between="prelu"), 2),
        (pair(end="output"), 2),
        (pair(source="input"), 2),
        pytest.param(pair(source="input", end="output"), 1, id="an input is no output"),
        pytest.param(pair(source="input", between="RELU", end="output"), 2, id="RELU makes it"),
        (pair(between="shared constant"), 0),
        (pair(between="larger constant"), 0),
        (pair(between="itself"), 0),
        (pair(between="SOFTMAX"), 0),
    ],
)
def test_what_may_stand_in_between_and_at_the_ends(model: Model, saved: int) -> None:
    found = findings("TFL601", model)

    assert [f"saves {saved} operator" in finding.help for finding in found] == [True] * bool(saved)


def test_a_reinterpreted_scale_is_no_reshape() -> None:
    """The bytes stay, but they mean something else: what TFL405 is about."""
    model = ModelBuilder()
    x = model.reshape(model.input((1, 4, 4), INT8), (1, 16))
    y = model.tensor((1, 4, 4), INT8)
    model.operator("RESHAPE", [x, model.constant((3,), INT32, (1, 4, 4))], [y])
    model.output(model.unary("RELU", y))
    assert findings("TFL602", model.build())

    model.tensors[y] = dataclasses.replace(model.tensors[y], quantization=per_tensor(0.5))
    assert findings("TFL602", model.build()) == ()


def nchw(*, between: bool) -> Model:
    """Two channels_first convolutions; the transposes in between cancel."""
    model = ModelBuilder()
    x = transpose(model, model.input((1, 3, 16, 16)), (0, 2, 3, 1))
    x = model.conv_2d(x, 4, 3)
    if between:
        x = transpose(model, model.unary("TANH", transpose(model, x, (0, 3, 1, 2))), (0, 2, 3, 1))
    x = transpose(model, model.conv_2d(x, 4, 3), (0, 3, 1, 2))
    model.output(model.fully_connected(model.flatten(x), 2))
    return model.build()


def test_a_transpose_is_reported_once() -> None:
    (cancelling,) = findings("TFL601", nchw(between=True))
    (layout,) = findings("TFL101", nchw(between=True))

    assert cancelling.message.startswith("TRANSPOSE #2, TRANSPOSE #4, with TANH #3 in")
    assert layout.message.startswith("2 TRANSPOSE operators")
    assert findings("TFL601", nchw(between=False)) == ()
