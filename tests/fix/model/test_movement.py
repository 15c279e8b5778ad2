"""TFL601 and TFL602: with fewer transposes and reshapes, every output has the same bytes."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.test_movement import (
    branches,
    chain_of_reshapes,
    chain_of_transposes,
    nchw,
    pair,
    transpose,
)
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_surroundings,
    hold_untouched,
    operators,
    repaired,
    repaired_to_the_end,
    rewritten,
)
from tests.rules.findings import findings
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    AddOptions,
    ExpandDimsOptions,
    MulOptions,
    ReshapeOptions,
    SqueezeOptions,
    SubOptions,
    TensorType,
)
from tflint.model.tables import Model

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32
Shape = tuple[int, ...]


def test_the_examples_of_the_rules_are_repaired() -> None:
    hold_examples("TFL601")
    hold_examples("TFL602")


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([FLOAT32, INT8]))
def test_chains_of_transposes(seed: int, type: TensorType) -> None:
    model = chain_of_transposes(random.Random(seed), type)
    after = repaired_to_the_end("TFL601", model)

    assert not findings("TFL601", after)
    hold_equal(model, after, seeds=(seed,))


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([FLOAT32, INT8]))
def test_chains_of_reshapes(seed: int, type: TensorType) -> None:
    model = chain_of_reshapes(random.Random(seed), type)
    after = repaired_to_the_end("TFL602", model)

    assert not findings("TFL602", after)
    hold_equal(model, after, seeds=(seed,))


def reshaped(model: ModelBuilder, x: int, rng: random.Random) -> int:
    """By any of the three operators."""
    shape, type, quantization = model.shape(x), model.type(x), model.tensors[x].quantization
    kind = rng.choice(("RESHAPE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"))
    if kind == "SQUEEZE" and 1 in shape and len(shape) > 1:
        axis = shape.index(1)
        y = model.tensor((*shape[:axis], *shape[axis + 1 :]), type, quantization)
        model.operator("SQUEEZE", [x], [y], SqueezeOptions(squeeze_dims=(axis,)))
        return y
    if kind == "EXPAND_DIMS" and len(shape) < 4:
        axis = rng.randint(0, len(shape))
        y = model.tensor((*shape[:axis], 1, *shape[axis:]), type, quantization)
        argument = model.constant((), INT32, (axis,))
        model.operator("EXPAND_DIMS", [x, argument], [y], ExpandDimsOptions())
        return y
    return model.reshape(x, rng.choice([(1, 2, 3, 4), (1, 6, 4), (2, 12), (24,), (1, 6, 1, 4)]))


def turned(model: ModelBuilder, x: int, rng: random.Random) -> int:
    rank = len(model.shape(x))
    if rank == 4 and rng.random() < 0.7:
        return transpose(model, x, rng.choice(((0, 3, 1, 2), (0, 2, 3, 1))))
    return transpose(model, x, tuple(rng.sample(range(rank), rank)))


@st.composite
def networks(draw: st.DrawFn) -> Model:
    """Movers of both kinds, elementwise operators of one and two values and of constants of all
    shapes, branches that meet, values that are outputs or read twice.
    """
    rng = random.Random(draw(st.integers(0, 10**6)))
    model = ModelBuilder(seed=rng.randint(0, 99))
    type = rng.choice((FLOAT32, INT8))
    shape = rng.choice(((1, 2, 3, 4), (1, 3, 4, 2), (6, 1, 1, 4), (6, 4), (1, 1, 24)))
    values = [model.input(shape, type)]
    moves = rng.choice(((turned,), (turned,), (reshaped,), (turned, reshaped)))
    for _ in range(draw(st.integers(2, 12))):
        x = values[-1] if rng.random() < 0.7 else rng.choice(values)
        if rng.random() < 0.55:
            values.append(rng.choice(moves)(model, x, rng))
            continue
        values.append(elementwise(model, x, values, rng))
    made = [value for value in values if value not in model.inputs]
    model.output(*rng.sample(made, min(len(made), rng.choice((0, 0, 1, 2)))))
    if values[-1] not in model.outputs:
        model.output(values[-1])
    return model.build()


def elementwise(model: ModelBuilder, x: int, values: list[int], rng: random.Random) -> int:
    shape, type, quantization = model.shape(x), model.type(x), model.tensors[x].quantization
    if rng.random() < 0.4:
        return model.unary("RELU", x)
    y = model.tensor(shape, type, quantization)
    name, options = rng.choice(
        (("ADD", AddOptions()), ("SUB", SubOptions()), ("MUL", MulOptions()))
    )
    alike = [value for value in values if model.shape(value) == shape]
    if rng.random() < 0.5:
        other = rng.choice(alike)
    else:
        kept = rng.randint(0, len(shape))
        of = tuple(d if rng.random() < 0.6 else 1 for d in shape[kept:])
        if rng.random() < 0.3:
            of = (1,) * rng.randint(0, len(shape))
        other = model.constant(of, type)
    inputs = [x, other] if rng.random() < 0.7 else [other, x]
    model.operator(name, inputs, [y], options, version=2 if type is INT8 else 1)
    return y


@settings(max_examples=70)
@given(networks())
def test_networks_of_all_kinds_give_the_same(model: Model) -> None:
    for code in ("TFL601", "TFL602"):
        after = repaired_to_the_end(code, model)
        assert not [f for f in findings(code, after) if f.fix is not None]
        saved = any(f.fix is not None for f in findings(code, model))
        assert (len(operators(model)) > len(operators(after))) is saved
        hold_equal(model, after, may_refuse=True)
        hold_shapes(after)
        hold_surroundings(code, model)
        model = after


def hold_shapes(model: Model) -> None:
    """Every elementwise operator's result has the shape that its operands broadcast to."""
    for node in Graph(model, 0).nodes:
        if node.name in ("ADD", "SUB", "MUL", "RELU", "LEAKY_RELU"):
            shapes = [value.shape for value in node.inputs if value is not None]
            assert np.broadcast_shapes(*shapes) == node.outputs[0].shape


@pytest.mark.parametrize(
    ("model", "left"),
    [
        (pair(), ["TANH", "TANH"]),
        (pair(between="prelu"), ["TANH", "PRELU", "TANH"]),
        (pair(end="output"), ["TANH"]),
        (pair(source="input"), ["TANH"]),
        (pair(source="input", end="output"), ["TRANSPOSE"]),
        (pair(source="input", between="RELU", end="output"), ["RELU"]),
    ],
)
def test_what_may_stand_in_between_and_at_the_ends(model: Model, left: list[str]) -> None:
    after = repaired("TFL601", model)

    assert operators(after) == left
    hold_equal(model, after)


@pytest.mark.parametrize("between", ["shared constant", "larger constant", "itself", "SOFTMAX"])
def test_what_keeps_a_pair_apart(between: str) -> None:
    hold_untouched("TFL601", pair(between=between))


@pytest.mark.parametrize("other", ["ADD", "SUB"])
def test_branches_that_meet(other: str) -> None:
    model = branches(same=True, other=other)
    after = repaired("TFL601", model)

    assert operators(after) == ["TANH", "ABS", other, "TANH"]
    hold_equal(model, after)
    hold_untouched("TFL601", branches(same=False, other=other))


@pytest.mark.parametrize("end", ["TANH", "output"])
def test_branches_that_meet_are_turned_once_behind(end: str) -> None:
    """Two transposes of what is added: one of the sum does."""
    model = ModelBuilder()
    x = model.input((1, 3, 4, 2))
    parts = [transpose(model, model.unary(name, x), (0, 3, 1, 2)) for name in ("TANH", "ABS")]
    y = model.tensor(model.shape(parts[0]))
    model.operator("SUB", parts, [y], SubOptions())
    model.output(y if end == "output" else model.unary(end, y))
    if end == "output":
        model.signature({"x": x}, {"y": y})
    before = model.build()
    after = repaired("TFL601", before)

    assert operators(after)[:4] == ["TANH", "ABS", "SUB", "TRANSPOSE"]
    hold_equal(before, after)


def test_transposes_of_a_layout_are_another_rule() -> None:
    model = nchw(between=True)
    after = repaired("TFL601", model)

    assert operators(after).count("TRANSPOSE") == 2
    hold_equal(model, after)
    hold_untouched("TFL601", nchw(between=False))


def test_two_outputs_of_one_value_stay_two() -> None:
    """Both pairs cancel, but one tensor cannot be both outputs."""
    model = ModelBuilder()
    x = model.unary("TANH", model.input((1, 2, 3, 4)))
    for order in ((0, 3, 1, 2), (1, 0, 2, 3)):
        back = tuple(sorted(range(4), key=order.__getitem__))
        model.output(transpose(model, transpose(model, x, order), back))
    before = model.build()
    after = repaired_to_the_end("TFL601", before)

    assert not findings("TFL601", after)
    hold_equal(before, after)


def test_a_bias_along_a_turned_dimension_is_not_stored_twice() -> None:
    model = ModelBuilder()
    x = transpose(model, model.unary("TANH", model.input((1, 4, 4, 2))), (0, 3, 1, 2))
    y = model.tensor((1, 2, 4, 4))
    model.operator("ADD", [x, model.constant((2, 1, 1))], [y], AddOptions())
    model.output(model.unary("TANH", transpose(model, y, (0, 2, 3, 1))))
    after = repaired("TFL601", model.build())
    (add,) = (n for n in Graph(after, 0).nodes if n.name == "ADD")

    assert add.inputs[1] is not None
    assert add.inputs[1].shape == (2,)
    hold_equal(model.build(), after)


def test_one_number_of_many_dimensions_does_not_lift_a_map() -> None:
    """(1, 1, 1, 1) on the map of two dimensions before the reshape would make it one of four."""
    model = ModelBuilder()
    x = model.reshape(model.unary("TANH", model.input((6, 4))), (1, 6, 1, 4))
    y = model.tensor((1, 6, 1, 4))
    model.operator("ADD", [x, model.constant((1, 1, 1, 1))], [y], AddOptions())
    model.output(model.unary("TANH", model.reshape(y, (6, 4))))
    after = repaired("TFL602", model.build())

    assert operators(after) == ["TANH", "ADD", "TANH"]
    hold_shapes(after)
    hold_equal(model.build(), after)


def squeezed(signature: Shape = ()) -> Model:
    """An EXPAND_DIMS and a SQUEEZE of other dimensions: one RESHAPE does."""
    model = ModelBuilder()
    x = model.input((1, 1, 4, 2), shape_signature=signature)
    x = model.unary("TANH", x)
    y, z = model.tensor((1, 4, 2)), model.tensor((1, 4, 2, 1))
    for tensor, at in ((x, (0, 1, 2, 3)), (y, (0, 2, 3)), (z, (0, 2, 3, None))):
        if signature:
            model.tensors[tensor] = model.tensors[tensor].__class__(
                shape=model.shape(tensor),
                type=FLOAT32,
                name=model.tensors[tensor].name,
                shape_signature=tuple(1 if i is None else signature[i] for i in at),
            )
    model.operator("SQUEEZE", [x], [y], SqueezeOptions(squeeze_dims=(1,)))
    model.operator("EXPAND_DIMS", [y, model.constant((), INT32, (3,))], [z], ExpandDimsOptions())
    model.output(model.unary("TANH", z))
    return model.build()


def test_a_batch_that_can_be_resized_stays_so() -> None:
    """The RESHAPE in the place of SQUEEZE and EXPAND_DIMS takes it from the elements."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    model = squeezed((-1, 1, 4, 2))
    after = repaired("TFL602", model)
    assert operators(after) == ["TANH", "RESHAPE", "TANH"]
    hold_equal(model, after)
    from tflint.model.writer import write_model

    interpreter = litert.Interpreter(model_content=write_model(after))
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], (3, 1, 4, 2))
    interpreter.allocate_tensors()
    assert tuple(interpreter.get_output_details()[0]["shape"]) == (3, 4, 2, 1)


def test_two_dimensions_that_are_not_known_are_left_to_the_operators() -> None:
    model = squeezed((-1, 1, -1, 2))

    assert [finding.fix for finding in findings("TFL602", model)] == [None]
    hold_untouched("TFL602", model)


def test_a_change_of_meaning_stays() -> None:
    model = ModelBuilder()
    x = model.reshape(model.input((1, 4, 4), INT8), (1, 16))
    y = model.tensor((1, 4, 4), INT8, per_tensor(0.5))
    model.operator("RESHAPE", [x, model.constant((3,), INT32, (1, 4, 4))], [y], ReshapeOptions())
    model.output(model.unary("RELU", y))

    hold_untouched("TFL602", model.build())


def test_most_networks_have_something_to_take_out() -> None:
    done = 0
    for seed in range(40):
        for build, code in ((chain_of_transposes, "TFL601"), (chain_of_reshapes, "TFL602")):
            done += rewritten(code, build(random.Random(seed), INT8)) is not None
    assert done > 25


def test_long_chains_take_linear_time() -> None:
    model = ModelBuilder()
    x = model.unary("TANH", model.input((1, 2, 3, 4)))
    for _ in range(300):
        x = transpose(model, x, (0, 3, 1, 2))
        x = transpose(model, model.unary("RELU", x), (0, 3, 1, 2))
        x = model.unary("ABS", x)
    model.output(x)
    after = repaired("TFL601", model.build())

    assert operators(after).count("TRANSPOSE") <= 1
