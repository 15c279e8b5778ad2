"""Whether a linear layer's weights and bias, as they are stored, can hold an affine run."""

from __future__ import annotations

import math

from tflint.analysis.affine import Affine
from tflint.analysis.clipping import is_cut_alike, reach
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


def is_fixed(value: Value, dataflow: Dataflow) -> bool:
    """Whether nothing but what is in the file can make a value another, at run time."""
    return not value.is_input and dataflow.is_stable(value)


def can_hold(run: Affine, layer: Node, dataflow: Dataflow, *, is_behind: bool) -> bool:
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
        type is FLOAT32
        or (
            read is weights
            and _has_scales(run, layer, is_behind=is_behind)
            and is_cut_alike(run, is_behind=is_behind)
        )
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


def _has_scales(run: Affine, layer: Node, *, is_behind: bool) -> bool:
    """Whether the values around are quantised with one scale each."""
    at_x = 2 if layer.name == "TRANSPOSE_CONV" else 0
    end = layer.input(at_x) if is_behind else layer.outputs[0]
    return all(
        value is not None and reach(value) is not None
        for value in (run.input, *(node.outputs[0] for node in run.nodes), end)
    )
