"""Whether a linear layer's weights and bias, as they are stored, can hold an affine run."""

from __future__ import annotations

import math

from tflint.analysis.affine import Affine
from tflint.analysis.constant_ranges import ConstantRanges
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.fusion import LINEAR
from tflint.analysis.stored_constants import stored
from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters
from tflint.model.types import packed_bytes

FLOAT32, FLOAT16 = TensorType.FLOAT32, TensorType.FLOAT16
INT4, INT8, INT16 = TensorType.INT4, TensorType.INT8, TensorType.INT16
INT32, INT64 = TensorType.INT32, TensorType.INT64
# What weights are stored as, by the type of the layer's activations.
_WEIGHTS = {
    FLOAT32: frozenset((FLOAT32, FLOAT16, INT8)),
    INT8: frozenset((INT8,)),
    INT16: frozenset((INT8,)),
}
_BIASES = {
    FLOAT32: frozenset((FLOAT32, FLOAT16)),
    INT8: frozenset((INT32,)),
    INT16: frozenset((INT32, INT64)),
}
_ENDS = {INT8: (-128, 127), INT16: (-32768, 32767)}


def is_fixed(value: Value, dataflow: Dataflow) -> bool:
    """Whether nothing but what is in the file can make a value another, at run time."""
    return not value.is_input and dataflow.is_stable(value)


def can_hold(
    run: Affine, layer: Node, dataflow: Dataflow, ranges: ConstantRanges, *, is_behind: bool
) -> bool:
    """Whether the layer can take the run over with its weights stored as they are now.

    Integers stay the integers that they are (but for the sign) and get other scales: one for
    each output channel, or one for all, as they have now.
    """
    at_weights, at_bias, axis = LINEAR[layer.name]
    read, type = layer.input(at_weights), run.input.type
    weights = stored(read)
    if read is None or weights is None or type not in _WEIGHTS or len(layer.outputs) != 1:
        return False
    if weights.type not in _WEIGHTS[type] or not _is_sound(weights):
        return False
    # Shuffled weights of a dense layer are laid out for one old kernel.
    if getattr(layer.options, "weights_format", 0):
        return False
    channels = weights.shape[axis]
    if not _bias_fits(layer.input(at_bias), type, channels, dataflow):
        return False
    if weights.type is FLOAT16:
        return read is not weights
    if weights.type is FLOAT32:
        return read is weights
    return _scales_can_hold(run, layer, weights, axis, is_behind=is_behind) and (
        type is FLOAT32 or (read is weights and _is_uncut(run, layer, ranges, is_behind=is_behind))
    )


def _is_sound(weights: Value) -> bool:
    """Whether data are what shape and type say."""
    return (
        weights.data is not None
        and weights.tensor.sparsity is None
        and min(weights.shape) > 0
        and packed_bytes(weights.shape, weights.type) == len(weights.data)
    )


def _bias_fits(bias: Value | None, type: TensorType, channels: int, dataflow: Dataflow) -> bool:
    if bias is None:
        return True
    behind = stored(bias)
    if behind is None or behind.type not in _BIASES[type] or behind.elements != channels:
        return False
    if (behind is bias) is (behind.type is FLOAT16) or not _is_sound(behind):
        return False
    return is_fixed(bias, dataflow) and is_fixed(behind, dataflow)


def _scales_can_hold(
    run: Affine, layer: Node, weights: Value, axis: int, *, is_behind: bool
) -> bool:
    """Whether integers with other scales are what the weights come to."""
    found = weights.quantization
    if found is None or any(found.zero_point) or not _are_scales(found):
        return False
    is_per_channel = len(found.scale) > 1
    if is_per_channel:
        if len(found.scale) != weights.shape[axis] or found.quantized_dimension != axis:
            return False
    is_hybrid = run.input.type is FLOAT32
    if not is_behind:
        # What a dynamic range is measured of must not be shifted: that costs resolution.
        if is_hybrid and run.adds:
            return False
        if run.scales_by_channel and layer.name != "DEPTHWISE_CONV_2D":
            return False
    if not run.scales_by_channel or is_per_channel:
        return True
    # Other kernels would run.
    return not is_hybrid and layer.name != "FULLY_CONNECTED"


def _are_scales(found: QuantizationParameters) -> bool:
    return all(math.isfinite(scale) and scale > 0 for scale in found.scale)


def _is_uncut(run: Affine, layer: Node, ranges: ConstantRanges, *, is_behind: bool) -> bool:
    """Whether the activations around are quantised, and none is cut off at 0 on the way.

    A range that ends at its zero point is as good as a RELU.
    """
    at_x = 2 if layer.name == "TRANSPOSE_CONV" else 0
    end = layer.input(at_x) if is_behind else layer.outputs[0]
    for value in (run.input, *(node.outputs[0] for node in run.nodes), end):
        found = None if value is None else value.quantization
        if found is None or len(found.scale) != 1 or not _are_scales(found):
            return False
    if is_behind and _ends_at_zero(run.input):
        return False
    low, high = _reach(run.input)
    steps = list(zip(run.nodes, run.constants, strict=True))
    for node, constant in steps[: len(steps) - is_behind]:
        low, high = _image(node, constant, ranges, low, high)
        y = node.outputs[0]
        bottom, top = _reach(y)
        step = y.quantization.scale[0] if y.quantization else 0.0
        if _ends_at_zero(y) and (low < bottom - step or high > top + step):
            return False
        low, high = max(low, bottom), min(high, top)
    return True


def _ends_at_zero(value: Value) -> bool:
    found = value.quantization
    return found is not None and (found.zero_point or (0,))[0] in _ENDS[value.type]


def _reach(value: Value) -> tuple[float, float]:
    """The least and the greatest real that a quantised value can hold."""
    found = value.quantization
    assert found is not None
    zero_point = (found.zero_point or (0,))[0]
    low, high = (found.scale[0] * (end - zero_point) for end in _ENDS[value.type])
    return low, high


def _image(
    node: Node, constant: Value, ranges: ConstantRanges, low: float, high: float
) -> tuple[float, float]:
    """Bounds of what an affine operator makes of the reals between two bounds."""
    behind = stored(constant)
    by = None if behind is None else ranges.of(behind)
    if by is None:
        return -math.inf, math.inf
    if node.name in ("MUL", "DIV"):
        ends: tuple[float, ...] = (by.low, by.high)
        if node.name == "DIV":
            # What lies on both sides of 0 comes nearest to it on one, which is not known.
            ends = tuple(1 / end for end in ends) if by.low * by.high > 0 else ()
            ends = ends or (-1 / by.nearest, 1 / by.nearest)
        products = [end * bound for end in ends for bound in (low, high)]
        return min(products), max(products)
    if node.name == "ADD":
        return low + by.low, high + by.high
    if node.inputs[0] is constant:
        return by.low - high, by.high - low
    return low - by.high, high - by.low
