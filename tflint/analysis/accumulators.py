"""What layers of integers add up: their scales, biases and the accumulator's range."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tflint.analysis.weighted_layers import WeightedLayer
from tflint.model.constants import Constants
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters
from tflint.model.types import QUANTIZED_RANGES

# From here on a bias in other units than the accumulator's moves outputs visibly: half a step,
# or one per cent of the bias where its size is not known.
LEAST_STEPS = 0.5
LEAST_DIFFERENCE = 0.01
# What rounding the product to float32 may cost.
_ROUNDING = 1e-6
INT32_MAX = 2**31 - 1
# The furthest that an int8 weight is from its zero point, which has to be 0.
_MOST_WEIGHT = 128


@dataclass(frozen=True, slots=True)
class ScaleMismatch:
    """Biases in other units than input scale x weight scale.

    `ratio` is how many times the product the bias scale is in the worst channel, `steps` how
    far that moves outputs at most, in quantised steps; None where the biases are not known.
    """

    differing: int
    channels: int
    ratio: float
    steps: float | None


def refused_difference(layer: WeightedLayer) -> float | None:
    """|input scale x weight scale - bias scale| / output scale, where a kernel looks at it.

    That is a dense layer with one scale for its weights; 0.02 is the most that it takes, and a
    bias without a scale counts as 0. Source: `GetQuantizedConvolutionMultipler` in
    tensorflow/lite/kernels/kernel_util.cc, for TFLM in lite/micro/kernels.
    """
    weights = _scales(layer.weights)
    x, y = _scales(layer.x), _scales(layer.output)
    if layer.node.name != "FULLY_CONNECTED" or layer.bias is None or len(weights) != 1:
        return None
    if not (x and y) or not all(map(_is_scale, (x[0], y[0], weights[0]))):
        return None
    bias = _scales(layer.bias)
    return abs(x[0] * weights[0] - (bias[0] if bias else 0.0)) / y[0]


def scale_mismatch(layer: WeightedLayer) -> ScaleMismatch | None:
    """How the scales of the biases differ from what the accumulator counts in."""
    if layer.bias is None:
        return None
    x, weights, bias, y = map(_scales, (layer.x, layer.weights, layer.bias, layer.output))
    count = layer.channels.channels
    if not x or not y or not _is_scale(y[0]) or not {len(weights), len(bias)} <= {1, count}:
        return None
    values = layer.bias.integers() if layer.bias.elements == count else None
    differing, worst, ratio, steps = 0, -1.0, 1.0, 0.0
    for c in range(max(len(weights), len(bias), len(values or ()))):
        product, scale = x[0] * weights[c % len(weights)], bias[c % len(bias)]
        if not (0 < product < math.inf and 0 < scale < math.inf):
            return None
        off = abs(scale - product)
        if off <= _ROUNDING * product:
            continue
        moved = 0.0 if values is None else abs(values[c]) * off / y[0]
        if off > LEAST_DIFFERENCE * product or moved >= LEAST_STEPS:
            differing += 1
            badness = moved if values is not None else off / product
            if badness > worst:
                worst, ratio = badness, scale / product
            steps = max(steps, moved)
    if not differing:
        return None
    if len(weights) == len(bias) == 1:
        differing = count
    return ScaleMismatch(differing, count, ratio, None if values is None else steps)


def overflow(constants: Constants, layer: WeightedLayer) -> tuple[int, int] | None:
    """In how many channels an int32 accumulator can overflow, and the sum furthest out.

    The sum is the largest that any input gives: weights above zero with the input's highest
    value, those below with its lowest, and the bias. Bounds decide first, from the depth and
    without a look at the weights.
    """
    if layer.x.type is TensorType.INT16:
        # Otherwise kernels for int16 add up in 64 bits; tests/rules/test_weights.py.
        if layer.bias is None or layer.bias.type is not TensorType.INT32:
            return None
    elif layer.x.type is not TensorType.INT8:
        return None
    low, high = _input_range(layer.x)
    biases = None if layer.bias is None else layer.bias.integers()
    if biases is None or len(biases) != layer.channels.channels:
        biases = (0,)
    bound = layer.channels.depth * _MOST_WEIGHT * max(high, -low)
    if bound + max(*biases, -min(biases)) <= INT32_MAX:
        return None
    sums = constants.sums(layer.weights, layer.channels)
    if sums is None:
        return None
    channels, furthest = 0, 0
    for c, (above, below) in enumerate(sums):
        bias = biases[c % len(biases)]
        most, least = above * high + below * low + bias, above * low + below * high + bias
        if most > INT32_MAX or least < -INT32_MAX - 1:
            channels += 1
            furthest = max(furthest, most, -least)
    return (channels, furthest) if channels else None


def _input_range(x: Value) -> tuple[int, int]:
    """The lowest and the highest value of an input, from its zero point."""
    low, high = QUANTIZED_RANGES[x.type]
    found = x.tensor.quantization
    zero_point = found.zero_point[0] if found is not None and found.zero_point else 0
    zero_point = min(max(zero_point, low), high)
    return low - zero_point, high - zero_point


def _scales(value: Value) -> tuple[float, ...]:
    found: QuantizationParameters | None = value.quantization
    return () if found is None else found.scale


def _is_scale(number: float) -> bool:
    return number > 0 and math.isfinite(number)
