"""Errors of rounded weights cancel on inputs that move together."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fix.quantize.float_networks import image_network
from tflint.fix.quantize import weight_rounding
from tflint.fix.quantize.weight_rounding import Covariance, Layer, rounded
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import Conv2DOptions, Padding, TensorType

INT8 = TensorType.INT8


@pytest.mark.parametrize("seed", range(5))
def test_errors_are_smaller_than_of_the_nearest_integers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # One motion that all inputs share, as neighbours have, and a little of their own.
    inputs = rng.standard_normal((500, 1)) * 20 + rng.standard_normal((500, 9))
    weights = rng.uniform(-127, 127, (6, 9))
    covariance = np.cov(inputs.T)
    nearest, made = np.rint(weights), rounded(weights, covariance)

    def error(integers: np.ndarray) -> float:
        apart = (inputs - inputs.mean(axis=0)) @ (integers - weights).T
        return float(np.square(apart).mean())

    assert error(made) < 0.5 * error(nearest)
    assert np.abs(made - weights).max() < 2.5
    assert np.array_equal(made, np.rint(made))


def test_inputs_that_have_nothing_to_do_with_each_other_round_to_the_nearest() -> None:
    weights = np.random.default_rng(0).uniform(-127, 127, (4, 7))
    assert np.array_equal(rounded(weights, np.eye(7)), np.rint(weights))


def test_inputs_that_never_move_round_to_the_nearest() -> None:
    weights = np.array([[1.4, -2.6, 126.9]])
    assert rounded(weights, np.zeros((3, 3))).tolist() == [[1, -3, 127]]


def test_weights_stay_within_what_is_symmetric() -> None:
    covariance = np.full((3, 3), 5.0) + np.eye(3) * 0.01
    assert np.abs(rounded(np.array([[127.0, 127.0, -127.0]]), covariance)).max() <= 127


@pytest.mark.parametrize("padding", Padding)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_rows_are_what_a_convolution_multiplies(
    padding: Padding, stride: int, dilation: int
) -> None:
    from tests.runtimes import run

    model = ModelBuilder()
    x = model.input((1, 7, 6, 2))
    y = model.conv_2d(
        x,
        3,
        (2, 3),
        stride=stride,
        dilation=dilation,
        padding=padding,
        activation=weight_rounding.Conv2DOptions().fused_activation_function,
    )
    model.output(y)
    built = model.build()
    node = graphs(built)[0].nodes[0]
    assert isinstance(node.options, Conv2DOptions)
    values = np.random.default_rng(1).standard_normal((1, 7, 6, 2)).astype(np.float32)
    rows = weight_rounding._rows(node, values.astype(np.float64), (3, 2, 3, 2))
    weights, bias = (np.frombuffer(node.inputs[n].data, np.float32) for n in (1, 2))
    expected = rows @ weights.reshape(3, -1).T + bias
    (found,) = run(built, [values], "litert")
    np.testing.assert_allclose(found.reshape(-1, 3), expected, rtol=1e-4, atol=1e-5)


def test_too_few_rows_tell_nothing() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), INT8, per_tensor(0.1, 3))
    model.output(model.fully_connected(x, units=2))
    node = graphs(model.build())[0].nodes[0]
    covariance = Covariance(Layer(node, np.zeros((2, 8), np.float32)))
    for sample in range(40):
        assert (covariance.value() is None) == (sample < 32)
        covariance.add(np.random.default_rng(sample).integers(-128, 128, (1, 8)).astype(np.int8))


def test_float_layers_are_none() -> None:
    graph = graphs(image_network())[0]
    same = {value.index: value.index for value in graph.values}
    assert weight_rounding.layers(graph, graph, same) == []
