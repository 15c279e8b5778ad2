"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV.

Source: conv.h, conv_common.cc, depthwise_conv_common.cc and transpose_conv.cc in
tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# Padding, three zero points, multiplier and shift, per-channel multipliers and shifts,
# activation range, the scratch buffer for unpacked weights.
_OP_DATA = Struct("i32*4", "i32*3", "i32*2", "ptr*2", "i32*2", "i32")
_OP_DATA_COMPRESSION = Struct(*_OP_DATA.fields, "i32*2")


def conv_2d(ask: Requests) -> None:
    """CONV_2D: weights (filters, height, width, depth)."""
    _convolution(ask, channel_axis=0)


def depthwise_conv_2d(ask: Requests) -> None:
    """DEPTHWISE_CONV_2D: weights (1, height, width, channels)."""
    _convolution(ask, channel_axis=3)


def _convolution(ask: Requests, channel_axis: int) -> None:
    ask.init(_OP_DATA_COMPRESSION if ask.build.is_wheel else _OP_DATA)
    x, weights, bias, y = ask.input(0), ask.input(1), ask.input(2), ask.output(0)
    ask.temporary(y, x, weights)
    if weights is not None and channel_axis < len(weights.shape):
        per_channel = 4 * weights.shape[channel_axis]
        ask.persistent(per_channel)
        ask.persistent(per_channel)
    ask.temporary(x, weights, bias, y)
    if weights is not None and weights.type is TensorType.INT4:
        ask.scratch(weights.elements)


REFERENCE: dict[str, Kernel] = {
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
}
