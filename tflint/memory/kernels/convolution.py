"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV.

Source: conv.h, conv_common.cc, depthwise_conv_common.cc and transpose_conv.cc in
tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests
from tflint.model.graph import Value
from tflint.model.schema import TensorType

# Padding, three zero points, multiplier and shift, per-channel multipliers and shifts,
# activation range, the scratch buffer for unpacked weights.
CONV_DATA = Struct("i32*4", "i32*3", "i32*2", "ptr*2", "i32*2", "i32")
CONV_DATA_COMPRESSION = Struct(*CONV_DATA.fields, "i32*2")
# Of the parameters: padding type; padding; strides and dilation; zero points, multiplier and
# shift; activation range as integers and as reals. Then two scratch buffers, per-channel
# multipliers and shifts.
TRANSPOSE_CONV_DATA = Struct(
    Struct("u8", "i16*4", "i16*4", "i32*5", "i32*2", "f32*2"), "i32*2", "ptr*2"
)
TRANSPOSE_CONV_DATA_COMPRESSION = Struct(*TRANSPOSE_CONV_DATA.fields, "i32*2")

_ACCUMULATOR_BYTES = {TensorType.INT8: 4, TensorType.INT16: 8}


def conv_2d(ask: Requests) -> None:
    """CONV_2D: weights (filters, height, width, depth)."""
    _convolution(ask, channel_axis=0)


def depthwise_conv_2d(ask: Requests) -> None:
    """DEPTHWISE_CONV_2D: weights (1, height, width, channels)."""
    _convolution(ask, channel_axis=3)


def _convolution(ask: Requests, channel_axis: int) -> None:
    ask.init(CONV_DATA_COMPRESSION if ask.build.is_wheel else CONV_DATA)
    x, weights, bias, y = ask.input(0), ask.input(1), ask.input(2), ask.output(0)
    ask.temporary(y, x, weights)
    _per_channel(ask, weights, channel_axis)
    ask.temporary(x, weights, bias, y)
    if weights is not None and weights.type is TensorType.INT4:
        ask.scratch(weights.elements)


def transpose_conv(ask: Requests) -> None:
    """TRANSPOSE_CONV: output shape, weights (filters, height, width, depth), input, bias.

    Integers are summed up in a buffer of the output's shape, with 32 bits for int8 and 64 for
    int16. The output shape is not looked at.
    """
    ask.init(TRANSPOSE_CONV_DATA_COMPRESSION if ask.build.is_wheel else TRANSPOSE_CONV_DATA)
    weights, x, bias, y = ask.input(1), ask.input(2), ask.input(3), ask.output(0)
    ask.temporary(y, x, weights)
    _per_channel(ask, weights, 0)
    type = x.type if x is not None else None
    if y is not None and type in _ACCUMULATOR_BYTES:
        ask.scratch(_ACCUMULATOR_BYTES[type] * y.elements)
    if type is not TensorType.FLOAT32:
        ask.temporary(x, weights, bias, y)
        if type is TensorType.INT16 and bias is not None and bias.type is TensorType.INT16:
            ask.scratch(8 * bias.elements)


def _per_channel(ask: Requests, weights: Value | None, axis: int) -> None:
    """A multiplier and a shift for each channel; float has them, too, and leaves them be."""
    if weights is not None and axis < len(weights.shape):
        is_filled = weights.type is not TensorType.FLOAT32
        ask.persistent(4 * weights.shape[axis], is_filled=is_filled)
        ask.persistent(4 * weights.shape[axis], is_filled=is_filled)


REFERENCE: dict[str, Kernel] = {
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "TRANSPOSE_CONV": transpose_conv,
}
