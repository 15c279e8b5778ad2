"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV with CMSIS-NN.

Compiled with GCC; see `cmsis_buffer_sizes` for what Arm Compiler 6 changes.

Source: conv.cc, depthwise_conv.cc and transpose_conv.cc in
tensorflow/lite/micro/kernels/cmsis_nn; padding.h in tensorflow/lite/kernels.
"""

from __future__ import annotations

import dataclasses

from tflint.memory.abi import Struct
from tflint.memory.kernels import cmsis_buffer_sizes as cmsis
from tflint.memory.kernels.cmsis_buffer_sizes import Convolution, Pair
from tflint.memory.kernels.convolution import CONV_DATA, TRANSPOSE_CONV_DATA
from tflint.memory.kernels.shapes import dimension
from tflint.memory.requests import Kernel, Library, Requests
from tflint.model.graph import Value
from tflint.model.schema import Padding, TensorType

# The scratch buffer's index follows what the reference kernels keep.
CMSIS_CONV_DATA = Struct(CONV_DATA, "i32")
# A second scratch buffer, for reversed weights, is among the indices.
CMSIS_TRANSPOSE_CONV_DATA = Struct(
    TRANSPOSE_CONV_DATA.fields[0], "i32*3", *TRANSPOSE_CONV_DATA.fields[2:]
)

_INTEGERS = (TensorType.INT8, TensorType.INT16)


def conv_2d(ask: Requests) -> None:
    """CONV_2D: weights (filters, height, width, depth); int4 takes the buffer of int8."""
    x, weights, y = _prepare(ask, channel_axis=0)
    conv = _convolution(ask, x, weights, y)
    if x is None or x.type not in _INTEGERS:
        return
    is_int8 = x.type is TensorType.INT8
    size = (cmsis.convolution_s8 if is_int8 else cmsis.convolution_s16)(conv, ask.build.library)
    if size > 0:
        ask.scratch(size)


def depthwise_conv_2d(ask: Requests) -> None:
    """DEPTHWISE_CONV_2D: weights (1, height, width, channels); int16 takes no buffer."""
    x, weights, y = _prepare(ask, channel_axis=3)
    if x is None or x.type is not TensorType.INT8 or weights is None:
        return
    conv = dataclasses.replace(_convolution(ask, x, weights, y), depth=1)
    is_int4 = weights.type is TensorType.INT4
    size = (cmsis.depthwise_s4 if is_int4 else cmsis.depthwise_s8)(conv, ask.build.library)
    if size > 0:
        ask.scratch(size)
    if not is_int4 and ask.build.library is Library.CMSIS_NN_MVE:
        _doubt_stride(ask, conv, size)


def _doubt_stride(ask: Requests, conv: Convolution, size: int) -> None:
    """Say where the size hangs on a stride that the kernel's `Prepare` does not set.

    That is where a convolution of one input channel along one axis becomes an ordinary one:
    with any stride that the memory happens to hold it takes the general buffer, or that for
    rows, of which the output's width bounds the padding.
    """
    if conv.is_1x1 or not dataclasses.replace(conv, stride=(4, 4)).is_1xn:
        return
    if conv.output_channels == 1:
        return
    weights = conv.output_channels * conv.taps
    general = cmsis.convolution_s8(dataclasses.replace(conv, stride=(1, 1)), Library.CMSIS_NN_MVE)
    kernel = conv.kernel[1]
    longest = max(kernel + conv.padding[1], kernel - 1 + conv.output_width)
    off = max(abs(weights + other - size) for other in (general, kernel, longest))
    ask.doubt("its scratch buffer depends on memory that TFLM does not initialise", off)


def _prepare(ask: Requests, channel_axis: int) -> tuple[Value | None, Value | None, Value | None]:
    """What both ask for first: float takes no per-channel multipliers and shifts."""
    ask.init(CMSIS_CONV_DATA)
    x, weights, bias, y = ask.input(0), ask.input(1), ask.input(2), ask.output(0)
    ask.temporary(x, weights, y)
    if x is not None and x.type in _INTEGERS:
        _per_channel(ask, weights, channel_axis)
    ask.temporary(x, weights, bias, y)
    return x, weights, y


def transpose_conv(ask: Requests) -> None:
    """TRANSPOSE_CONV: output shape, weights (filters, height, width, depth), input, bias.

    Both buffers of int8 are asked for whether they are needed or not.
    """
    ask.init(CMSIS_TRANSPOSE_CONV_DATA)
    weights, x, bias, y = ask.input(1), ask.input(2), ask.input(3), ask.output(0)
    ask.temporary(y, x, weights)
    _per_channel(ask, weights, 0)
    type = x.type if x is not None else None
    if type is TensorType.INT8:
        conv = _convolution(ask, x, weights, y)
        ask.scratch(cmsis.transpose_conv_s8(conv, ask.build.library))
        ask.scratch(cmsis.reversed_weights_s8(conv))
    if type is TensorType.INT16 and y is not None:
        ask.scratch(8 * y.elements)
    if type is not TensorType.FLOAT32:
        ask.temporary(x, weights, bias, y)
        if type is TensorType.INT16 and bias is not None and bias.type is TensorType.INT16:
            ask.scratch(8 * bias.elements)


def _per_channel(ask: Requests, weights: Value | None, axis: int) -> None:
    """A multiplier and a shift for each channel."""
    for _ in range(2):
        ask.persistent(4 * dimension(weights, axis))


def _convolution(
    ask: Requests, x: Value | None, weights: Value | None, y: Value | None
) -> Convolution:
    """The convolution of an operator, with the padding that TFLM computes for it."""
    size = dimension(x, 1), dimension(x, 2)
    kernel = dimension(weights, 1), dimension(weights, 2)
    stride = _pair(ask, "stride_h", "stride_w")
    dilation = _pair(ask, "dilation_h_factor", "dilation_w_factor")
    padding = (0, 0)
    if getattr(ask.node.options, "padding", Padding.SAME) == Padding.SAME:
        padding = (
            _same_padding(size[0], kernel[0], stride[0], dilation[0]),
            _same_padding(size[1], kernel[1], stride[1], dilation[1]),
        )
    return Convolution(
        batch=dimension(x, 0),
        height=size[0],
        width=size[1],
        channels=dimension(x, 3),
        kernel=kernel,
        depth=dimension(weights, 3),
        output_width=dimension(y, 2),
        output_channels=dimension(y, 3),
        stride=stride,
        dilation=dilation,
        padding=padding,
    )


def _pair(ask: Requests, height: str, width: str) -> Pair:
    options = ask.node.options
    return int(getattr(options, height, 1)), int(getattr(options, width, 1))


def _same_padding(size: int, kernel: int, stride: int, dilation: int) -> int:
    """What comes before the first row or column (`ComputePaddingWithOffset`)."""
    output = -(-size // stride) if stride > 0 else 0
    return max((output - 1) * stride + (kernel - 1) * dilation + 1 - size, 0) // 2


CMSIS_NN: dict[str, Kernel] = {
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "TRANSPOSE_CONV": transpose_conv,
}
