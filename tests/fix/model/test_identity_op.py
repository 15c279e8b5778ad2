"""TFL305: operators that do nothing are gone, and every output is the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_surroundings,
    hold_untouched,
    operators,
    repaired,
    repaired_to_the_end,
)
from tests.rules.findings import findings
from tests.rules.test_identity_op import FLOAT_KINDS, KINDS
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    MulOptions,
    PadOptions,
    Pool2DOptions,
    SplitOptions,
    SubOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32
SHAPE = (1, 4, 4, 2)


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL305")


@pytest.mark.parametrize("type", [FLOAT32, INT8], ids=["float32", "int8"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_identity_goes(kind: str, type: TensorType) -> None:
    model = KINDS[kind](type)
    unsafe = findings("TFL305", model)[0].fix is not None and any(
        f.fix is not None and f.fix.safety is FixSafety.UNSAFE for f in findings("TFL305", model)
    )
    after = repaired("TFL305", model, unsafe=unsafe)

    assert operators(after) == ["RELU6", "RELU"]
    assert hold_equal(model, after, seeds=range(2), may_refuse=True)


@pytest.mark.parametrize("kind", FLOAT_KINDS)
def test_arithmetic_with_neutral_numbers_goes(kind: str) -> None:
    model = FLOAT_KINDS[kind]()
    after = repaired("TFL305", model, unsafe=True)

    assert operators(after) == ["RELU6", "RELU"]
    assert hold_equal(model, after, seeds=range(2))


def add_nothing(model: ModelBuilder, x: int, name: str = "ADD") -> int:
    y = model.tensor(model.shape(x), model.type(x), model.tensors[x].quantization)
    options = {"ADD": AddOptions, "SUB": SubOptions, "MUL": MulOptions}[name]()
    value = model.constant((1,), model.type(x), (1.0 if name == "MUL" else 0.0,))
    model.operator(name, [x, value], [y], options)
    return y


def pool_nothing(model: ModelBuilder, x: int, kind: str = "MAX_POOL_2D") -> int:
    return model.pool_2d(x, kind, size=1)


def pad_nothing(model: ModelBuilder, x: int) -> int:
    y = model.tensor(model.shape(x), model.type(x), model.tensors[x].quantization)
    model.operator(
        "PAD", [x, model.constant((4, 2), INT32, (0,) * 8)], [y], PadOptions(), version=2
    )
    return y


def turn_nothing(model: ModelBuilder, x: int) -> int:
    y = model.tensor(model.shape(x), model.type(x), model.tensors[x].quantization)
    model.operator(
        "TRANSPOSE", [x, model.constant((4,), INT32, range(4))], [y], TransposeOptions(), version=2
    )
    return y


def split_nothing(model: ModelBuilder, x: int) -> int:
    y = model.tensor(model.shape(x), model.type(x), model.tensors[x].quantization)
    model.operator(
        "SPLIT", [model.constant((), INT32, (3,)), x], [y], SplitOptions(num_splits=1), version=2
    )
    return y


NOTHING = (pool_nothing, pad_nothing, turn_nothing, split_nothing)


@st.composite
def networks(draw: st.DrawFn) -> Model:
    """Operators that do nothing on values that are inputs, outputs, both, read twice or not."""
    model = ModelBuilder(seed=draw(st.integers(0, 99)))
    type = draw(st.sampled_from((FLOAT32, INT8)))
    values = [model.input(SHAPE, type)]
    for _ in range(draw(st.integers(1, 8))):
        x = draw(st.sampled_from(values[-3:]))
        kind = draw(st.sampled_from((*NOTHING, *NOTHING, "RELU", "MUL", "ADD")))
        if callable(kind):
            values.append(kind(model, x))
        elif kind == "RELU" or type is INT8:
            values.append(model.unary("RELU", x))
        elif kind == "MUL":
            values.append(add_nothing(model, x, "MUL"))
        else:
            y = model.tensor(SHAPE, type)
            other = draw(st.sampled_from(values))
            model.operator("ADD", [x, other], [y], AddOptions())
            values.append(y)
    made = values[1:]
    model.output(*draw(st.lists(st.sampled_from(made), min_size=1, max_size=3, unique=True)))
    if model.outputs[-1] != values[-1]:
        model.output(values[-1])
    return model.build()


@settings(max_examples=70)
@given(networks())
def test_networks_give_the_same_without(model: Model) -> None:
    after = repaired_to_the_end("TFL305", model)

    assert not findings("TFL305", after)
    assert len(operators(model)) >= len(operators(after)) > 0
    hold_equal(model, after)
    hold_surroundings("TFL305", model)


def test_an_input_does_not_become_an_output_through_others() -> None:
    model = ModelBuilder()
    x = model.input(SHAPE)
    model.output(pool_nothing(model, pool_nothing(model, pool_nothing(model, x))))
    after = repaired("TFL305", model.build())

    assert operators(after) == ["MAX_POOL_2D"]
    hold_equal(model.build(), after)


def test_two_outputs_stay_two() -> None:
    model = ModelBuilder()
    x = model.unary("TANH", model.input(SHAPE))
    model.output(pool_nothing(model, x), pad_nothing(model, x))
    model.signature({"x": 0}, {"one": model.outputs[0], "other": model.outputs[1]})
    after = repaired("TFL305", model.build())

    assert operators(after) == ["TANH", "PAD"]
    assert [m.tensor_index for m in after.signature_defs[0].outputs] == list(
        after.subgraphs[0].outputs
    )
    hold_equal(model.build(), after)


def test_a_variable_is_not_read_later_than_before() -> None:
    model = ModelBuilder()
    x = model.input((1, 4), INT8)
    state = model.tensor((1, 4), INT8, is_variable=True)
    y = model.tensor((1, 4), INT8)
    model.operator("RESHAPE", [state, model.constant((2,), INT32, (1, 4))], [y])
    model.output(model.unary("RELU", y), model.unary("RELU", x))

    hold_untouched("TFL305", model.build())


def zeros(*, producer: str = "TANH", name: str = "ADD", consumer: str = "NEG") -> Model:
    """An operator that adds zeros between two others."""
    model = ModelBuilder()
    x = model.input(SHAPE)
    if producer == "CONV_2D":
        x = model.conv_2d(x, 2, 1, activation=ActivationFunctionType.NONE)
    else:
        x = model.unary(producer, x)
    x = pool_nothing(model, x, name) if "POOL" in name else add_nothing(model, x, name)
    if consumer == "CONV_2D":
        x = model.conv_2d(x, 2, 1)
    elif consumer:
        x = model.unary(consumer, x)
    model.output(x)
    return model.build()


def test_a_negative_zero_makes_it_unsafe_where_it_shows() -> None:
    """-0.0 + 0.0 is 0.0: TANH of -0.0 is -0.0."""
    for model, safe in (
        (zeros(), False),
        (zeros(consumer=""), False),
        (zeros(consumer="CONV_2D"), True),
        (zeros(producer="CONV_2D"), True),
        (zeros(producer="RELU"), False),
        (zeros(name="AVERAGE_POOL_2D"), False),
        (zeros(name="SUB"), True),
        (zeros(name="MUL"), True),
    ):
        (finding,) = findings("TFL305", model)
        assert finding.fix is not None
        assert (finding.fix.safety is FixSafety.SAFE) is safe
        if not safe:
            hold_untouched("TFL305", model)
        after = repaired("TFL305", model, unsafe=not safe)
        negative = [np.full(SHAPE, -0.0, np.float32)]
        hold_equal(model, after)
        # Held as numbers, and to the bit where it is said to be.
        hold_equal(model, after, inputs=negative, tolerance=None if safe else 0.0)


def test_a_pool_with_an_activation_stays() -> None:
    model = ModelBuilder()
    x = model.unary("TANH", model.input(SHAPE))
    y = model.tensor(SHAPE)
    one = Pool2DOptions(
        stride_w=1,
        stride_h=1,
        filter_width=1,
        filter_height=1,
        fused_activation_function=ActivationFunctionType.RELU,
    )
    model.operator("MAX_POOL_2D", [x], [y], one)
    model.output(y)

    hold_untouched("TFL305", model.build())


def test_many_take_linear_time() -> None:
    model = ModelBuilder()
    x = model.unary("RELU", model.input(SHAPE))
    for _ in range(1200):
        x = pool_nothing(model, x)
    model.output(x)
    after = repaired("TFL305", model.build())

    assert operators(after) == ["RELU"]
