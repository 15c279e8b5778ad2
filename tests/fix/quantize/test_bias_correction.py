"""Biases take out what quantising shifts channels by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.fix.quantize.bias_correction import with_corrected_biases
from tflint.fix.quantize.float_model import stored_numbers
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.writer import write_model

INPUT = np.zeros((1, 1, 4), np.float32)


def _dense(type: TensorType) -> bytes:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4), type), units=2))
    return write_model(model.build())


def _bias(data: bytes) -> list[int]:
    value = graphs(parse_model(data))[0].nodes[0].inputs[2]
    assert value is not None
    numbers = stored_numbers(value)
    assert numbers is not None
    return [int(number) for number in numbers]


def test_the_shift_of_each_channel_goes_into_its_bias() -> None:
    original, quantized = _dense(TensorType.FLOAT32), _dense(TensorType.INT8)
    output = graphs(parse_model(quantized))[0].outputs[0]
    assert output.quantization is not None
    scale = output.quantization.scale[0]

    def means(
        model: bytes, ends: Mapping[int, tuple[float, float]], inputs: Sequence[NDArray[Any]]
    ) -> dict[int, NDArray[np.float64]]:
        # In the float model 1.0 and -2.0 on average, in the quantised one half a step each.
        values = [1.0, -2.0] if model == original else [0.5, 0.5]
        return {tensor: np.array(values) for tensor in ends}

    after = with_corrected_biases(original, quantized, {output.index: output.index}, [INPUT], means)
    bias = graphs(parse_model(quantized))[0].nodes[0].inputs[2]
    assert bias is not None
    assert bias.quantization is not None
    step = bias.quantization.scale[0]
    assert _bias(quantized) == [0, 0]
    assert _bias(after) == [round((1 - 0.5 * scale) / step), round((-2 - 0.5 * scale) / step)]


def test_models_without_biases_stay() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4), TensorType.INT8)))
    data = write_model(model.build())

    def means(*arguments: object) -> dict[int, NDArray[np.float64]]:
        raise AssertionError("nothing to measure")

    assert with_corrected_biases(data, data, {0: 0, 1: 1}, [INPUT], means) == data
