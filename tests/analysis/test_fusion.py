"""A fused activation does what the operator did; what is folded comes to the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rewrite import rewrite
from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, assert_bit_equal, random_inputs, run
from tflint.analysis.fusion import BOUNDS, CARRIERS, in_turn
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    Conv3DOptions,
    DivOptions,
    MulOptions,
    Padding,
    SubOptions,
    SVDFOptions,
    TensorType,
    TransposeConvOptions,
)
from tflint.model.tables import Model

FLOAT32, INT8, INT16, INT32 = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
    TensorType.INT32,
)
NONE, RELU, RELU6 = (
    ActivationFunctionType.NONE,
    ActivationFunctionType.RELU,
    ActivationFunctionType.RELU6,
)
N1_TO_1 = ActivationFunctionType.RELU_N1_TO_1
ARITHMETIC = {"ADD": AddOptions, "SUB": SubOptions, "MUL": MulOptions, "DIV": DivOptions}
Quantization = tuple[float, int]


def carrier(model: ModelBuilder, name: str, type: TensorType, scale: float, zero: int) -> int:
    """The operator of this name, its inputs and output of this type and scale."""
    quantization = None if type is FLOAT32 else per_tensor(scale, zero)
    if name == "CONV_3D":
        x, y = model.input((1, 4, 4, 4, 2)), model.tensor((1, 3, 3, 3, 3))
        options = Conv3DOptions(padding=Padding.VALID, stride_d=1, stride_w=1, stride_h=1)
        model.operator(
            name, [x, model.constant((2, 2, 2, 2, 3)), model.constant((3,))], [y], options
        )
        return y
    if name == "SVDF":
        x, y = model.input((1, 4)), model.tensor((1, 6))
        constants = [model.constant((6, 4)), model.constant((6, 3)), model.constant((6,))]
        state = model.tensor((1, 18), is_variable=True)
        model.operator(name, [x, *constants, state], [y], SVDFOptions(rank=1))
        return y
    x = model.input((1, 6, 6, 4), type, quantization)
    if name in ARITHMETIC:
        other = model.input((1, 6, 6, 4), type, quantization)
        y = model.tensor((1, 6, 6, 4), type, quantization)
        model.operator(name, [x, other], [y], ARITHMETIC[name]())
        return y
    if name == "TRANSPOSE_CONV":
        model.conv_2d(x, 3, 3)
        weights = model.operators.pop().inputs[1:]
        y = model.tensor((1, 8, 8, 3), type, quantization)
        size = model.constant((4,), INT32, (1, 8, 8, 3))
        strides = TransposeConvOptions(padding=Padding.VALID, stride_w=1, stride_h=1)
        model.operator(name, [size, weights[0], x, weights[1]], [y], strides, version=4)
        return y
    layers: dict[str, Callable[[], int]] = {
        "CONV_2D": lambda: model.conv_2d(x, 3, 3, activation=NONE),
        "DEPTHWISE_CONV_2D": lambda: model.depthwise_conv_2d(x, 3, activation=NONE),
        "FULLY_CONNECTED": lambda: model.fully_connected(x, 5),
    }
    y = layers[name]() if name in layers else model.pool_2d(x, name)
    model.tensors[y] = dataclasses.replace(model.tensors[y], quantization=quantization)
    return y


def network(
    name: str, type: TensorType, activations: list[str], scale: float = 0.05, zero: int = 0
) -> Model:
    model = ModelBuilder()
    y = carrier(model, name, type, scale, zero)
    for activation in activations:
        y = model.unary(activation, y)
    model.output(y)
    return model.build()


def fused(model: Model, activation: ActivationFunctionType) -> Model:
    """The model's first operator with this activation, and nothing behind it."""
    operators = model.subgraphs[0].operators
    options: Any = operators[0].builtin_options
    return rewrite(
        model,
        gone=range(1, len(operators)),
        instead={operator.outputs[0]: operator.inputs[0] for operator in operators[1:]},
        options={0: dataclasses.replace(options, fused_activation_function=activation)},
    )


def runs(name: str, type: TensorType, runtime: str) -> bool:
    """Whether the runtime has a kernel that takes this; LiteRT and TFLM differ in few."""
    if name == "DIV":
        return type is FLOAT32 or (type is INT8 and runtime == "tflm")
    return not (name == "CONV_3D" and runtime == "tflm")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("type", [FLOAT32, INT8, INT16])
@pytest.mark.parametrize("name", CARRIERS)
@settings(max_examples=15, deadline=None)
@given(
    scale=st.floats(0.004, 0.2),
    zero=st.integers(-128, 127),
    activation=st.sampled_from([RELU, RELU6]),
    seed=st.integers(0, 1000),
)
def test_a_fused_activation_gives_the_same_bits(
    name: str,
    type: TensorType,
    runtime: str,
    scale: float,
    zero: int,
    activation: ActivationFunctionType,
    seed: int,
) -> None:
    if type not in CARRIERS[name] or not runs(name, type, runtime):
        return
    before = network(name, type, [activation.name], scale, zero if type is INT8 else 0)
    (finding,) = findings("TFL603", before, runtime)

    assert finding.fix is not None
    assert finding.fix.safety is FixSafety.SAFE
    assert_bit_equal(before, fused(before, activation), runtime, seed)


@pytest.mark.parametrize("name", [name for name in CARRIERS if name != "CONV_3D"])
def test_tflm_clamps_to_one_as_well_though_it_has_no_such_operator(name: str) -> None:
    before = network(name, FLOAT32, [])
    inputs = [20 * x for x in random_inputs(before, 1)]
    (plain,) = run(before, inputs, "tflm")
    (clamped,) = run(fused(before, N1_TO_1), inputs, "tflm")

    np.testing.assert_array_equal(clamped, np.clip(plain, -1, 1))
    assert (clamped != plain).any()
    (finding,) = findings("TFL603", network(name, FLOAT32, ["RELU_N1_TO_1"]))
    assert "fused only" in finding.help


@pytest.mark.parametrize("name", ["CONCATENATION", "L2_NORMALIZATION", "MEAN", "SOFTMAX"])
def test_operators_that_carry_none_are_let_pass(name: str) -> None:
    model = ModelBuilder()
    y = model.unary("RELU", model.unary(name, model.input((1, 4))))
    model.output(y)

    assert findings("TFL603", model.build()) == ()


@pytest.mark.parametrize("second", [RELU, RELU6, N1_TO_1])
@pytest.mark.parametrize("first", BOUNDS)
def test_two_activations_in_turn(
    first: ActivationFunctionType, second: ActivationFunctionType
) -> None:
    values = np.linspace(-9, 9, 181)
    both = np.clip(np.clip(values, *BOUNDS[first]), *BOUNDS[second])
    equal = [a for a in BOUNDS if (np.clip(values, *BOUNDS[a]) == both).all()]

    assert equal == ([in_turn(first, second)] if equal else [])
    assert (in_turn(first, second) is None) is (not equal)


def test_a_chain_of_activations_ends_in_one() -> None:
    before = network("CONV_2D", FLOAT32, ["RELU", "RELU6", "RELU"])

    assert [f.location.operator for f in findings("TFL603", before)] == [1, 2, 3]
    assert_bit_equal(before, fused(before, RELU6), "litert")


def test_an_int8_activation_with_its_own_scale_is_an_unsafe_repair_or_none() -> None:
    for name, expected in (("CONV_2D", FixSafety.UNSAFE), ("MAX_POOL_2D", None)):
        model = ModelBuilder()
        x = carrier(model, name, INT8, 0.05, 0)
        y = model.tensor(model.shape(x), INT8, per_tensor(0.02, -128))
        model.operator("RELU", [x], [y])
        model.output(y)
        found = findings("TFL603", model.build())
        assert [f.fix.safety for f in found if f.fix] == ([expected] if expected else [])


@pytest.mark.parametrize("twist", ["output", "reader", "written twice", "input", "made late"])
def test_an_activation_stays_where_its_input_is_needed(twist: str) -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 1)), 2, 3, activation=NONE)
    y = model.unary("RELU", x)
    model.output(y)
    if twist == "output":
        model.output(x)
    if twist == "reader":
        model.output(model.unary("TANH", x))
    if twist == "written twice":
        model.operator("TANH", [y], [x])
    if twist == "input":
        model.inputs.append(x)
    if twist == "made late":
        model.operators.reverse()

    assert findings("TFL603", model.build()) == ()
