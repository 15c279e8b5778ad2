"""Reshapes around one-dimensional layers go, and every number stays."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.fix.quantize.float_networks import float_inputs, reshaped, sequence_network
from tests.runtimes import run
from tflint.fix.quantize.one_dimension import without_reshapes
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import (
    ActivationFunctionType,
    Conv2DOptions,
    Padding,
    Pool2DOptions,
    ReducerOptions,
    TensorType,
)
from tflint.model.tables import Model

INT32 = TensorType.INT32


def _names(model: Model) -> list[str]:
    return [node.name for node in graphs(model)[0].nodes]


def _hold_equal(before: Model, after: Model) -> None:
    for values in zip(*float_inputs(before, 3), strict=True):
        left, right = run(before, list(values), "litert"), run(after, list(values), "litert")
        for a, b in zip(left, right, strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_network_over_time() -> None:
    before = sequence_network()
    after = without_reshapes(before)
    assert _names(after) == [
        "RESHAPE",
        "CONV_2D",
        "ADD",
        "RELU",
        "MAX_POOL_2D",
        "CONV_2D",
        "ADD",
        "RELU",
        "REDUCE_MAX",
        "FULLY_CONNECTED",
        "LOGISTIC",
    ]
    _hold_equal(before, after)
    assert without_reshapes(after) is after


@pytest.mark.parametrize("padding", Padding)
@pytest.mark.parametrize("kernel", [(1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_a_convolution_turns(padding: Padding, kernel: tuple[int, int], dilation: int) -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 1, 12, 2)), (1, 12, 1, 2))
    height, width = (12, 1) if padding is Padding.SAME else (12 - (kernel[0] - 1) * dilation, 1)
    if padding is Padding.VALID and kernel[1] > 1:
        pytest.skip("no such convolution: its window is wider than the input")
    y = model.tensor((1, height, width, 4))
    options = Conv2DOptions(
        padding=padding, stride_w=1, stride_h=1, dilation_h_factor=dilation, dilation_w_factor=1
    )
    weights = model.constant((4, *kernel, 2))
    model.operator("CONV_2D", [x, weights, model.constant((4,))], [y], options)
    model.output(y)
    before = model.build()
    after = without_reshapes(before)
    assert _names(after) == ["CONV_2D", "RESHAPE"]
    _hold_equal(before, after)


def test_what_two_read_stays() -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 4, 1, 2)), (1, 1, 4, 2))
    model.output(model.unary("RELU", x), model.unary("TANH", x))
    before = model.build()
    assert without_reshapes(before) is before


def test_what_the_model_gives_stays() -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 4, 1, 2)), (1, 1, 4, 2))
    model.output(x, model.unary("RELU", x))
    before = model.build()
    assert without_reshapes(before) is before


def test_height_and_width_that_are_both_wide_stay() -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 2, 6, 2)), (1, 6, 2, 2))
    y = model.tensor((1, 3, 1, 2))
    options = Pool2DOptions(
        padding=Padding.VALID, stride_h=2, stride_w=2, filter_height=2, filter_width=2
    )
    model.operator("MAX_POOL_2D", [x], [y], options)
    model.output(y)
    before = model.build()
    assert without_reshapes(before) is before


@pytest.mark.parametrize("kind", ["REDUCE_MAX", "MEAN", "SUM"])
def test_a_reduction_reads_what_was_reshaped(kind: str) -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 1, 5, 3)), (1, 5, 3))
    y = model.tensor((1, 3))
    model.operator(kind, [x, model.constant((1,), INT32, (-2,))], [y], ReducerOptions())
    model.output(y)
    before = model.build()
    after = without_reshapes(before)
    assert _names(after) == [kind]
    _hold_equal(before, after)


def test_a_reduction_over_what_a_reshape_mixes_stays() -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 4, 6)), (1, 6, 4))
    y = model.tensor((1, 4))
    model.operator("REDUCE_MAX", [x, model.constant((1,), INT32, (1,))], [y], ReducerOptions())
    model.output(y)
    before = model.build()
    assert without_reshapes(before) is before


def test_dense_layers_flatten_by_themselves() -> None:
    model = ModelBuilder()
    x = model.flatten(model.input((1, 2, 3, 4)))
    model.output(model.fully_connected(x, units=5))
    before = model.build()
    after = without_reshapes(before)
    assert _names(after) == ["FULLY_CONNECTED"]
    _hold_equal(before, after)


def test_dense_layers_over_other_rows_keep_their_reshape() -> None:
    model = ModelBuilder()
    x = reshaped(model, model.input((1, 4, 6)), (4, 6))
    model.output(model.fully_connected(x, units=5))
    before = model.build()
    assert without_reshapes(before) is before


def _random_network(rng: random.Random) -> Model:
    model = ModelBuilder(seed=rng.randrange(99))
    x = model.input((1, 1, 8, 2))
    for _ in range(rng.randrange(2, 9)):
        shape = model.shape(x)
        kind = rng.randrange(7)
        if kind == 0 and len(shape) == 4:
            x = reshaped(model, x, (shape[0], shape[2], shape[1], shape[3]))
        elif kind == 1 and len(shape) == 4 and 1 in shape[1:3]:
            x = reshaped(model, x, (shape[0], shape[1] * shape[2], shape[3]))
        elif kind == 2 and len(shape) == 3:
            x = reshaped(model, x, (shape[0], *rng.sample((1, shape[1]), 2), shape[2]))
        elif kind == 3:
            x = model.unary(rng.choice(("RELU", "TANH", "ABS", "LOGISTIC")), x)
        elif kind == 4:
            y = model.tensor(shape)
            operands = [x, model.constant(rng.choice(((shape[-1],), (1,), (1, 1, shape[-1]))))]
            rng.shuffle(operands)
            model.operator(rng.choice(("ADD", "MUL", "SUB")), operands, [y])
            x = y
        elif kind == 5 and len(shape) == 4:
            x = model.conv_2d(
                x,
                3,
                rng.choice(((1, 2), (2, 1), (3, 3))),
                padding=Padding.SAME,
                activation=ActivationFunctionType.NONE,
            )
        elif kind == 6 and len(shape) == 4:
            x = model.pool_2d(
                x, rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D")), padding=Padding.SAME
            )
    model.output(x)
    return model.build()


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_keep_their_numbers(seed: int) -> None:
    before = _random_network(random.Random(seed))
    after = without_reshapes(before)
    assert len(_names(after)) <= len(_names(before))
    _hold_equal(before, after)
    assert without_reshapes(after) is after
