"""What is wrong with the quantisation of a tensor, and what of it can be set right unnoticed."""

from __future__ import annotations

import dataclasses
import math

from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters, SubGraph, Tensor
from tflint.model.types import QUANTIZED_RANGES

# Operators that compute with the scales of their operands; the others pass integers on.
_SCALED = frozenset(
    (
        "ADD",
        "BATCH_MATMUL",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "LOGISTIC",
        "MUL",
        "SOFTMAX",
        "SUB",
        "TANH",
    )
)
# The dimension of a filter that convolutions take a scale each for.
_CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
_NARROW = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.INT4))
# Integers that are used as numbers as often as quantised; a zero point means something
# only where the narrow types have one.
_WIDE = (TensorType.INT32, TensorType.INT64)


def filter_problem(tensor: Tensor, axis: int) -> str | None:
    """What convolutions refuse of their filter's scales, which `axis` is the channels of.

    Source: `TF_LITE_ENSURE` on scale->size in TFLM's conv_common.cc and LiteRT's conv.cc.
    """
    quantization = tensor.quantization
    assert quantization is not None
    scales, along = len(quantization.scale), quantization.quantized_dimension
    if scales == 1 or len(tensor.shape) <= axis:
        return None
    if scales != tensor.shape[axis]:
        return f"{scales} scales for a filter of {tensor.shape[axis]} channels"
    if along != axis and not (0 <= along < len(tensor.shape) and scales == tensor.shape[along]):
        return f"quantised along dimension {along}, not along its channels, dimension {axis}"
    return None


def missing_problem(
    quantization: QuantizationParameters | None, operator: str | None, is_mcu: bool
) -> str | None:
    """What is wrong with half of a quantisation, or none, on a tensor that `operator` needs."""
    if quantization is not None and quantization.scale and not (is_mcu and operator is None):
        return "scales without zero points count as none, and LiteRT refuses them"
    return None if operator is None else f"no scale, but {operator} computes with one"


def scale_users(model: Model, subgraph: SubGraph) -> tuple[dict[int, str], dict[int, int]]:
    """Narrow integers that operators compute with, and filters.

    By tensor index: the name of such an operator; the dimension of a filter's channels.
    """
    scaled = [
        code.name if not code.is_custom and code.name in _SCALED else None
        for code in model.operator_codes
    ]
    needed: dict[int, str] = {}
    filters: dict[int, int] = {}
    for operator in subgraph.operators:
        name = scaled[operator.opcode_index] if operator.opcode_index < len(scaled) else None
        if name is None:
            continue
        for index in (*operator.inputs, *operator.outputs):
            if 0 <= index < len(subgraph.tensors) and subgraph.tensors[index].type in _NARROW:
                needed[index] = name
        if name in _CHANNELS and len(operator.inputs) > 1:
            filters[operator.inputs[1]] = _CHANNELS[name]
    return needed, filters


def value_problem(type: TensorType, quantization: QuantizationParameters) -> str | None:
    """What is wrong with the numbers themselves, where the type gives them a meaning."""
    bounds = QUANTIZED_RANGES.get(type)
    if bounds is None:
        return None
    for scale in quantization.scale:
        if not (math.isfinite(scale) and scale > 0):
            return f"scale {scale!r} is not a finite number above zero"
    if type in _WIDE:
        return None
    for zero_point in quantization.zero_point:
        if not bounds[0] <= zero_point <= bounds[1]:
            return f"zero point {zero_point} is outside {bounds[0]}..{bounds[1]}"
    return None


def count_problem(tensor: Tensor, quantization: QuantizationParameters) -> str | None:
    """What LiteRT's `ParseQuantization` (interpreter_builder.cc) refuses."""
    scales, zero_points = len(quantization.scale), len(quantization.zero_point)
    if scales != zero_points:
        return f"{scales} scales, but {zero_points} zero points"
    axis, rank = quantization.quantized_dimension, len(tensor.shape)
    if axis < 0 or (rank and axis >= rank):
        return f"quantised along dimension {axis}, but it has {rank}"
    if scales != 1 and rank and scales != tensor.shape[axis]:
        return f"{scales} scales for {tensor.shape[axis]} indices of dimension {axis}"
    return None


def equal_quantization(
    tensor: Tensor, filter_axis: int | None = None
) -> QuantizationParameters | None:
    """The quantisation that TFLM takes this miscounted one for, and that LiteRT does not refuse.

    None where there is nothing to repair, or where nobody knows what was meant. `filter_axis` is
    the dimension of the channels when the tensor is the filter of a convolution.

    TFLM reads the first zero point for all scales unless there are as many, and the quantised
    dimension only to find how many channels there are. Source: `InitializeTfLiteTensorFromFlat
    buffer` in tensorflow/lite/micro/micro_allocator.cc, `PopulateConvolutionQuantizationParams`.
    """
    old = tensor.quantization
    if old is None or not (old.scale and old.zero_point) or old.details is not None:
        return None
    if value_problem(tensor.type, old) is not None or count_problem(tensor, old) is None:
        return None
    new, scales = old, len(old.scale)
    if len(old.zero_point) != scales:
        new = dataclasses.replace(new, zero_point=old.zero_point[:1] * scales)
    if not 0 <= old.quantized_dimension < max(len(tensor.shape), 1):
        found = [axis for axis, size in enumerate(tensor.shape) if size == scales]
        if scales == 1:
            new = dataclasses.replace(new, quantized_dimension=0)
        elif len(found) == 1:
            new = dataclasses.replace(new, quantized_dimension=found[0])
    changed = dataclasses.replace(tensor, quantization=new)
    if count_problem(changed, new) is not None:
        return None
    if filter_axis is not None and filter_problem(tensor, filter_axis) is not None:
        return None
    return new
