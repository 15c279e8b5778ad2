"""What TFL604 says folds into a layer does so; what it lets pass would not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tests.rewrite import rewrite
from tests.rules.findings import findings
from tests.runtimes import random_inputs, run
from tflint.analysis.affine import Affine, affine_runs
from tflint.analysis.dataflow import Dataflow
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    DivOptions,
    FullyConnectedOptions,
    MulOptions,
    Padding,
    SubOptions,
    TensorType,
    TransposeConvOptions,
)
from tflint.model.tables import Model

NONE, RELU = ActivationFunctionType.NONE, ActivationFunctionType.RELU
OPTIONS = {"ADD": AddOptions, "SUB": SubOptions, "MUL": MulOptions, "DIV": DivOptions}
Array = np.ndarray[Any, Any]


def affine(model: ModelBuilder, x: int, names: str, shape: tuple[int, ...] = (1,)) -> int:
    """Operators by constants of this shape, in turn; `-SUB` is the constant less the map."""
    for position, name in enumerate(names.split()):
        values = np.random.default_rng(position).uniform(0.5, 2, shape).astype(np.float32)
        constant = model.constant(shape, values=values.tobytes())
        y = model.tensor(model.shape(x))
        operands = [constant, x] if name.startswith("-") else [x, constant]
        name = name.lstrip("-")
        model.operator(name, operands, [y], OPTIONS[name]())
        x = y
    return x


def layer(model: ModelBuilder, name: str, x: int, padding: Padding = Padding.VALID) -> int:
    """A linear layer with four channels out."""
    if name == "CONV_2D":
        return model.conv_2d(x, 4, 3, padding=padding, activation=NONE)
    if name == "POINTWISE":
        return model.conv_2d(x, 4, 1, padding=padding, activation=NONE)
    if name == "DEPTHWISE_CONV_2D":
        multiplier = 4 // model.shape(x)[3]
        return model.depthwise_conv_2d(
            x, 3, multiplier=multiplier, padding=padding, activation=NONE
        )
    if name == "FULLY_CONNECTED":
        return model.fully_connected(model.flatten(x), 4)
    height, width, channels = model.shape(x)[1:]
    weights, bias = model.constant((4, 3, 3, channels)), model.constant((4,))
    shape = (1, height + 2, width + 2, 4)
    size, y = model.constant((4,), TensorType.INT32, shape), model.tensor(shape)
    options = TransposeConvOptions(padding=Padding.VALID, stride_w=1, stride_h=1)
    model.operator("TRANSPOSE_CONV", [size, weights, x, bias], [y], options, version=3)
    return y


def behind(name: str, names: str, shape: tuple[int, ...] = (4,)) -> Model:
    model = ModelBuilder()
    x = layer(model, name, model.input((1, 6, 6, 2)))
    model.output(model.unary("TANH", affine(model, x, names, shape)))
    return model.build()


def before(name: str, names: str, padding: Padding, shape: tuple[int, ...] = (2,)) -> Model:
    model = ModelBuilder()
    x = affine(model, model.input((1, 6, 6, 2)), names, shape)
    model.output(layer(model, name, x, padding))
    return model.build()


def the_run(model: Model) -> Affine:
    graph = graphs(model)[0]
    (found,) = affine_runs(graph, Dataflow(graph))
    return found


def factor_and_summand(model: Model, found: Affine, channels: int) -> tuple[Array, Array]:
    """What the run comes to, evaluated on 0 and on 1."""
    ends = []
    for value in (np.zeros(channels), np.ones(channels)):
        for node in found.nodes:
            left, right = (
                value if operand is not None and operand.data is None else numbers(operand)
                for operand in node.inputs
            )
            value = {
                "ADD": np.add,
                "SUB": np.subtract,
                "MUL": np.multiply,
                "DIV": np.divide,
            }[node.name](left, right)
        ends.append(value)
    return ends[1] - ends[0], ends[0]


def numbers(value: Any) -> Array:
    return np.frombuffer(value.data, np.float32).reshape(value.shape).astype(np.float64)


def folded(model: Model, *, is_behind: bool) -> Model:
    """The run folded into the layer next to it."""
    graph, found = graphs(model)[0], the_run(model)
    taker = next(node for node in graph.nodes if len(node.inputs) > 2)
    at = (1, 3) if taker.name == "TRANSPOSE_CONV" else (1, 2)
    weights, bias = taker.input(at[0]), taker.input(at[1])
    assert weights is not None
    assert bias is not None
    w, b = numbers(weights), numbers(bias)
    factor, summand = factor_and_summand(model, found, found.input.shape[-1])
    depthwise = taker.name == "DEPTHWISE_CONV_2D"
    if is_behind:
        w = w * (factor if depthwise else factor.reshape((-1,) + (1,) * (w.ndim - 1)))
        b = b * factor + summand
    else:
        repeat = w.shape[-1] // len(factor)
        spread = np.repeat if depthwise else np.tile
        each, added = spread(factor, repeat), spread(summand, repeat)
        axes = tuple(range(w.ndim - 1)) if depthwise else tuple(range(1, w.ndim))
        b = b + (w * added).sum(axis=axes)
        w = w * each
    return rewrite(
        model,
        gone=[node.index for node in found.nodes],
        instead={found.output.index: found.input.index},
        data={
            weights.index: w.astype(np.float32).tobytes(),
            bias.index: b.astype(np.float32).tobytes(),
        },
    )


def same(model: Model, other: Model) -> bool:
    inputs = random_inputs(model, 3)
    (left,), (right,) = (run(m, inputs, "litert") for m in (model, other))
    return bool(np.allclose(left, right, rtol=1e-4, atol=1e-4))


ORDERS = ["MUL ADD", "ADD", "MUL", "SUB DIV", "-SUB", "ADD MUL SUB"]
LAYERS = ["CONV_2D", "POINTWISE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"]


@pytest.mark.parametrize("shape", [(4,), (1,), ()])
@pytest.mark.parametrize("names", ORDERS)
@pytest.mark.parametrize("name", [*LAYERS, "TRANSPOSE_CONV"])
def test_a_run_behind_a_layer_folds_into_it(name: str, names: str, shape: tuple[int, ...]) -> None:
    model = behind(name, names, shape)

    (finding,) = findings("TFL604", model)
    assert f"saves {len(names.split())} operator" in finding.help
    assert same(model, folded(model, is_behind=True))


@pytest.mark.parametrize("shape", [(2,), (1,)])
@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])
@pytest.mark.parametrize("names", ORDERS)
@pytest.mark.parametrize("name", LAYERS)
def test_a_run_before_a_layer_is_reported_when_it_folds(
    name: str, names: str, padding: Padding, shape: tuple[int, ...]
) -> None:
    model = before(name, names, padding, shape)

    assert bool(findings("TFL604", model)) is same(model, folded(model, is_behind=False))


@pytest.mark.parametrize(
    "twist",
    ["activation", "between", "reader", "output", "both constants", "whole map", "shared weights"],
)
def test_a_run_that_does_not_fold_is_let_pass(twist: str) -> None:
    model = ModelBuilder()
    x = model.input((1, 6, 6, 2))
    y = model.conv_2d(x, 4, 3, activation=RELU if twist == "activation" else NONE)
    if twist == "between":
        y = model.unary("TANH", y)
    if twist == "reader":
        model.output(model.unary("TANH", y))
    if twist == "output":
        model.output(y)
    if twist == "shared weights":
        again = dataclasses.replace(model.operators[0], outputs=(model.tensor((1, 4, 4, 4)),))
        model.operators.append(again)
        model.output(again.outputs[0])
    if twist == "both constants":
        y = model.constant((1, 4, 4, 4))
    model.output(affine(model, y, "MUL", (1, 4, 4, 4) if twist == "whole map" else (4,)))

    assert findings("TFL604", model.build()) == ()


def test_an_activation_in_the_middle_ends_a_run() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 2)), 4, 3, activation=NONE)
    y, z = model.tensor((1, 4, 4, 4)), model.tensor((1, 4, 4, 4))
    model.operator("MUL", [x, model.constant((4,))], [y], MulOptions(RELU))
    model.operator("ADD", [y, model.constant((4,))], [z], AddOptions())
    model.output(z)
    graph = graphs(model.build())[0]

    runs = affine_runs(graph, Dataflow(graph))
    assert [[node.name for node in found.nodes] for found in runs] == [["MUL"], ["ADD"]]
    assert [f.location.operator for f in findings("TFL604", model.build())] == [1]


def test_a_constant_that_a_float16_model_expands_is_one() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 2)), 4, 3, activation=NONE)
    factor, y = model.tensor((4,)), model.tensor((1, 4, 4, 4))
    model.operator("DEQUANTIZE", [model.constant((4,), TensorType.FLOAT16)], [factor])
    model.operator("MUL", [x, factor], [y], MulOptions())
    model.output(y)

    (finding,) = findings("TFL604", model.build(), "litert")
    assert "8 B of constants" not in finding.message
    assert "8 B of constants" in finding.help


def test_a_layer_without_a_bias_can_take_a_factor() -> None:
    model = ModelBuilder()
    y = model.tensor((1, 4))
    weights = model.constant((4, 8))
    model.operator(
        "FULLY_CONNECTED", [model.input((1, 8)), weights, -1], [y], FullyConnectedOptions()
    )
    model.output(affine(model, y, "MUL", (4,)))

    (finding,) = findings("TFL604", model.build())
    assert "weights of FULLY_CONNECTED #0" in finding.help


@pytest.mark.parametrize(("units", "severity"), [(16, Severity.INFO), (4096, Severity.WARNING)])
def test_what_is_small_is_for_information(units: int, severity: Severity) -> None:
    """A Normalization layer in front of a dense network, as the converter leaves it."""
    model = ModelBuilder()
    x = affine(model, model.input((1, units)), "SUB MUL", (units,))
    model.output(model.fully_connected(x, 3))
    (finding,) = findings("TFL604", model.build())

    assert finding.severity is severity


def test_what_is_left_of_batch_normalisation_is_said_once() -> None:
    """A float ELU in an int8 network, and a normalisation behind it: TFL111."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 18, 18, 1), TensorType.INT8), 8, 3, activation=NONE)
    wide, narrow = model.tensor(model.shape(x)), model.tensor(model.shape(x), TensorType.INT8)
    model.operator("DEQUANTIZE", [x], [wide])
    model.operator("QUANTIZE", [model.unary("ELU", wide)], [narrow])
    for name, options in (("MUL", MulOptions()), ("ADD", AddOptions())):
        y = model.tensor(model.shape(x), TensorType.INT8)
        model.operator(name, [narrow, model.constant((8,), TensorType.INT8)], [y], options)
        narrow = y
    model.output(model.conv_2d(narrow, 4, 3))
    built = model.build()

    assert len(findings("TFL111", built)) == 1
    assert findings("TFL604", built) == ()
