"""Small weights as float32 again: one graph, whatever a model's weights were stored as."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fix.quantize.float_networks import float_inputs, image_network
from tests.runtimes import run
from tflint.fix.quantize.float_model import dequantized, stored_numbers, with_float_weights
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model

FLOAT16, FLOAT32, INT8 = TensorType.FLOAT16, TensorType.FLOAT32, TensorType.INT8


def _names(model: Model) -> list[str]:
    return [node.name for node in graphs(model)[0].nodes]


def _constants(model: Model) -> set[TensorType]:
    return {v.type for v in graphs(model)[0].values if v.is_constant and v.type.name != "INT32"}


@pytest.mark.parametrize("weights", [FLOAT16, INT8])
def test_siblings_end_as_the_same_operators(weights: TensorType) -> None:
    after = with_float_weights(image_network(weights=weights))
    assert _names(after) == _names(image_network())
    assert _constants(after) == {FLOAT32}
    assert parse_model(write_model(after)) is not None


def test_float16_means_the_same_to_the_bit() -> None:
    before = image_network(weights=FLOAT16)
    after = with_float_weights(before)
    for sample in float_inputs(before, 3)[0]:
        left, right = run(before, [sample], "litert"), run(after, [sample], "litert")
        assert left[0].tobytes() == right[0].tobytes()


def test_hybrid_weights_mean_their_real_values() -> None:
    before = image_network(weights=INT8)
    after = with_float_weights(before)
    # The hybrid kernel rounds its inputs to eight bits as well.
    for sample in float_inputs(before, 3)[0]:
        left, right = run(before, [sample], "litert"), run(after, [sample], "litert")
        assert np.abs(left[0] - right[0]).max() < 0.05


def test_a_float_model_stays_the_object_it_is() -> None:
    model = image_network()
    assert with_float_weights(model) is model


def test_an_integer_model_stays_the_object_it_is() -> None:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 4, 4, 1), INT8), filters=2, kernel=2))
    built = model.build()
    assert with_float_weights(built) is built


def test_scales_by_channel() -> None:
    model = ModelBuilder()
    values = bytes([1, 2, 3, 4, 5, 6])
    model.constant((2, 3), INT8, values, per_channel((0.5, 2.0, 4.0), 1))
    (value,) = graphs(model.build())[0].values
    real = dequantized(value)
    assert real is not None
    assert real.tolist() == [[0.5, 4, 12], [2, 10, 24]]


def test_four_bits_are_unpacked_lowest_first() -> None:
    model = ModelBuilder()
    model.constant((3,), TensorType.INT4, bytes([0xF1, 0x08]), per_tensor(1.0))
    (value,) = graphs(model.build())[0].values
    numbers = stored_numbers(value)
    assert numbers is not None
    assert numbers.tolist() == [1, -1, -8]


@pytest.mark.parametrize("shape", [(3,), (-1,), (2**31, 2**31)])
def test_data_that_do_not_fit_are_left_alone(shape: tuple[int, ...]) -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    w = model.constant(shape, INT8, b"abcd", per_tensor(0.1))
    y = model.tensor((1, 4))
    model.operator("ADD", [x, w], [y])
    model.output(y)
    built = model.build()
    assert graphs(with_float_weights(built))[0].values[1].type is INT8


def test_scales_that_do_not_fit_are_left_alone() -> None:
    model = ModelBuilder()
    model.constant((4,), INT8, b"abcd", per_channel((0.5, 2.0, 4.0), 0))
    (value,) = graphs(model.build())[0].values
    assert dequantized(value) is None
