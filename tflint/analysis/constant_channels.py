"""What operators make of a channel that is the same number everywhere."""

from __future__ import annotations

import math
import struct

from tflint.analysis.fusion import BOUNDS, fused_activation
from tflint.analysis.operator_kinds import RESHAPES
from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType
from tflint.model.types import QUANTIZED_RANGES, packed_bytes

# Those that make the same number of it, but for the scale of their results.
_SAME = RESHAPES | frozenset(
    (
        "AVERAGE_POOL_2D",
        "DEQUANTIZE",
        "MAX_POOL_2D",
        "MEAN",
        "MIRROR_PAD",
        "QUANTIZE",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
    )
)
_CLAMPS = {
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_0_TO_1": (0.0, 1.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
_CODES = {
    TensorType.FLOAT32: "f",
    TensorType.INT8: "b",
    TensorType.UINT8: "B",
    TensorType.INT16: "h",
}
_NARROW = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT16))


def passed(node: Node, x: Value, y: Value, number: float, c: int, count: int) -> float | None:
    """What an operator makes of channel `c` of `count`, which is `number` all over `x`.

    None where that is not the same everywhere, or not known.
    """
    try:
        made = _made(node, x, y, number, c, count)
    except (OverflowError, ZeroDivisionError):
        return None
    made = None if made is None else clamped(node, made)
    return None if made is None else settled(y, made)


def clamped(node: Node, number: float) -> float | None:
    """A number behind an operator's fused activation; None for one that is not known."""
    found = fused_activation(node)
    if found is None:
        return number
    if found not in BOUNDS:
        return None
    low, high = BOUNDS[found]
    return min(max(number, low), high)


def settled(value: Value, number: float) -> float | None:
    """A real as a value of its scale and type holds it; None where that is nothing."""
    if not math.isfinite(number):
        return None
    if value.type is TensorType.FLOAT32:
        return number
    found = value.quantization
    if value.type not in _NARROW or found is None or len(found.scale) != 1:
        return None
    scale, zero_point = found.scale[0], (found.zero_point or (0,))[0]
    if not (math.isfinite(scale) and scale > 0):
        return None
    low, high = QUANTIZED_RANGES[value.type]
    steps = number / scale
    if not math.isfinite(steps):
        return None
    return scale * (min(max(round(steps) + zero_point, low), high) - zero_point)


def requantised(value: Value, accumulator: int, step: float) -> float | None:
    """What a kernel makes of an accumulator, whose steps are `step`, in a value's own steps.

    Source: `MultiplyByQuantizedMultiplier` with two roundings in tensorflow/lite/kernels/internal,
    as LiteRT and TFLM are built; for int16, which is rounded otherwise, the nearest step.
    """
    found = value.quantization
    if found is None or len(found.scale) != 1 or not found.scale[0] > 0:
        return None
    scale = found.scale[0]
    if value.type is not TensorType.INT8 or not step / scale < 2.0**30:
        return accumulator * step
    fraction, exponent = math.frexp(step / scale)
    multiplier = round(fraction * (1 << 31))
    left, right = max(exponent, 0), max(-exponent, 0)
    product = (accumulator << left) * multiplier
    nudged = product + ((1 << 30) if product >= 0 else 1 - (1 << 30))
    high = nudged >> 31 if nudged >= 0 else -(-nudged >> 31)
    if right > 31:
        return 0.0
    mask = (1 << right) - 1
    rounded = (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))
    return rounded * scale


def _made(node: Node, x: Value, y: Value, number: float, c: int, count: int) -> float | None:
    name = node.name
    if name in _SAME:
        return number
    if name in _CLAMPS:
        low, high = _CLAMPS[name]
        return min(max(number, low), high)
    if name == "PAD":
        return number if number == 0 else None
    if name == "SUM":
        return number * (x.elements // y.elements) if y.elements else None
    if name in ("ABS", "L2_POOL_2D"):
        return abs(number)
    if name == "NEG":
        return -number
    if name == "SQUARE":
        return number * number
    if name == "TANH":
        return math.tanh(number)
    if name == "LOGISTIC":
        return 0.5 * (1 + math.tanh(number / 2))
    if name == "HARD_SWISH":
        return number * min(max(number + 3, 0), 6) / 6
    if name == "ELU":
        return number if number > 0 else math.expm1(number)
    if name == "LEAKY_RELU":
        alpha = getattr(node.options, "alpha", None)
        return number if number > 0 else None if alpha is None else alpha * number
    other = node.input(1)
    by = number if other is x else None if other is None else _number(other, c, count)
    return None if by is None else _combined(node, number, by)


def _combined(node: Node, number: float, by: float) -> float | None:
    if node.name == "ADD":
        return number + by
    if node.name == "SUB":
        return number - by
    if node.name == "MUL":
        return number * by
    if node.name == "DIV":
        return number / by
    if node.name == "MAXIMUM":
        return max(number, by)
    if node.name == "MINIMUM":
        return min(number, by)
    if node.name == "PRELU":
        return number if number > 0 else number * by
    return None


def _number(constant: Value, c: int, count: int) -> float | None:
    """The real that a constant holds for a channel, or for all of them."""
    code, data, total = _CODES.get(constant.type), constant.data, constant.elements
    if data is None or code is None or total not in (1, count):
        return None
    if total > 1 and constant.shape[-1] != count:
        return None
    if packed_bytes(constant.shape, constant.type) != len(data):
        return None
    at = c if total > 1 else 0
    found = float(struct.unpack_from(f"<{code}", data, struct.calcsize(code) * at)[0])
    if constant.type is TensorType.FLOAT32:
        return found
    quantization = constant.quantization
    if quantization is None or len(quantization.scale) != 1:
        return None
    return quantization.scale[0] * (found - (quantization.zero_point or (0,))[0])
