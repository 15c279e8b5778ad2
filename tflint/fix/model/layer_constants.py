"""Weights and biases of layers, from reals to integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflint.analysis.integer_grids import INT8, Grid
from tflint.analysis.integer_layers import LayerOperands, bias_type
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters

# Weights reach from -127 to 127.
_REACH = 127
# The largest bias that leaves an accumulator of 32 bits room for the products.
_MOST_BIAS = 2**29
# Where a layer's weights are all 0, its bias is held in this part of an output's step.
_PART_OF_STEP = 256


@dataclass(frozen=True, slots=True)
class Part:
    """A constant tensor of a layer."""

    shape: tuple[int, ...]
    type: TensorType
    quantization: QuantizationParameters
    name: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class LayerConstants:
    """A layer's weights and, where it has one, its bias."""

    weights: Part
    bias: Part | None


def layer_constants(
    w: Value, b: Value | None, x: Grid, y: Grid, operands: LayerOperands
) -> LayerConstants:
    """The integers of a float layer between activations on these grids, a scale a channel."""
    assert w.data is not None
    reals = np.frombuffer(w.data, dtype="<f4").astype(np.float64).reshape(w.shape)
    reals = np.moveaxis(reals, operands.axis, -1)
    peaks = np.abs(reals).reshape(-1, w.shape[operands.axis]).max(0)
    scales = np.where(peaks > 0, peaks / _REACH, y.scale / x.scale / _PART_OF_STEP)
    biases: NDArray[np.float64] | None = None
    if b is not None:
        assert b.data is not None
        biases = np.frombuffer(b.data, dtype="<f4").astype(np.float64)
        scales = np.maximum(scales, np.abs(biases) / x.scale / _MOST_BIAS)
    stored = np.clip(scales, 1e-30, 1e30).astype(np.float32)
    steps = np.clip(np.rint(reals / stored.astype(np.float64)), -_REACH, _REACH).astype(np.int8)
    weights = Part(
        w.shape,
        INT8,
        symmetric(stored, operands.axis),
        w.tensor.name,
        np.ascontiguousarray(np.moveaxis(steps, -1, operands.axis)).tobytes(),
    )
    if b is None or biases is None:
        return LayerConstants(weights, None)
    products = (stored.astype(np.float64) * x.scale).astype(np.float32)
    type = bias_type(x.type)
    code = "<i8" if type is TensorType.INT64 else "<i4"
    least = np.finfo(np.float32).tiny
    integers = np.clip(np.rint(biases / np.maximum(products, least)), -(2**30), 2**30).astype(code)
    bias = Part(b.shape, type, symmetric(products, 0), b.tensor.name, integers.tobytes())
    return LayerConstants(weights, bias)


def symmetric(scales: NDArray[np.float32], axis: int) -> QuantizationParameters:
    """One scale where all are the same, else one for each channel along this axis."""
    found = [float(scale) for scale in scales]
    if len(set(found)) == 1:
        return QuantizationParameters(scale=(found[0],), zero_point=(0,))
    return QuantizationParameters(
        scale=tuple(found), zero_point=(0,) * len(found), quantized_dimension=axis
    )
