"""FULLY_CONNECTED and BATCH_MATMUL with CMSIS-NN.

With MVE, sums of the weights speed up the product. Those of constant weights are computed once
and held for good when TFLM is built with OPTIMIZE_KERNELS_FOR=KERNELS_OPTIMIZED_FOR_SPEED, its
default; such a build is described here.

Source: fully_connected.cc and batch_matmul.cc in tensorflow/lite/micro/kernels/cmsis_nn;
fully_connected_common.cc and batch_matmul_common.cc beside them.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels import cmsis_buffer_sizes as cmsis
from tflint.memory.kernels.matrix_multiplication import (
    BATCH_MATMUL_DATA,
    BATCH_MATMUL_QUANTIZATION,
    FULLY_CONNECTED_DATA,
    transposed,
)
from tflint.memory.kernels.shapes import dimension
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# Two scratch buffers, the kernel sums, three sizes.
CMSIS_FULLY_CONNECTED_DATA = Struct(FULLY_CONNECTED_DATA, "i32*2", "ptr", "i32*3")
# The output's shape, a scratch buffer.
CMSIS_BATCH_MATMUL_DATA = Struct(BATCH_MATMUL_DATA, "i32*4", "i32")


def fully_connected(ask: Requests) -> None:
    """FULLY_CONNECTED: weights (units, depth); float, int16 and int4 take no buffer."""
    ask.init(CMSIS_FULLY_CONNECTED_DATA)
    x, weights, bias, y = ask.input(0), ask.input(1), ask.input(2), ask.output(0)
    ask.temporary(x, weights, bias, y)
    if x is None or weights is None or y is None or x.type is TensorType.FLOAT32:
        return
    scales = weights.quantization.scale if weights.quantization else ()
    is_per_channel = len(scales) > 1
    if is_per_channel:
        ask.persistent(4 * len(scales))
        ask.persistent(4 * len(scales))
    if x.type is not TensorType.INT8 or weights.type is TensorType.INT4:
        return
    units = dimension(y, -1)
    if len(y.shape) > 2 and dimension(weights, -1) % 4 == 0:
        # Computed as a fast 1x1 convolution, which wants a multiplier and a shift for each
        # channel, and no buffer of its own.
        if not is_per_channel:
            ask.scratch(2 * 4 * units)
        return
    sums = cmsis.fully_connected_s8(units, ask.build.library)
    if sums > 0:
        is_constant = weights.is_constant and (bias is None or bias.is_constant)
        (ask.persistent if is_constant else ask.scratch)(sums)


def batch_matmul(ask: Requests) -> None:
    """BATCH_MATMUL: what has to be transposed is kept transposed, for good."""
    ask.init(CMSIS_BATCH_MATMUL_DATA)
    x, y, result = ask.input(0), ask.input(1), ask.output(0)
    ask.temporary(x, y, result)
    if x is not None and getattr(ask.node.options, "adj_x", False):
        transposed(ask, x)
    if y is not None and not getattr(ask.node.options, "adj_y", False):
        transposed(ask, y)
    ask.own_shape(result)
    if x is None or x.type is TensorType.FLOAT32:
        return
    ask.persistent(BATCH_MATMUL_QUANTIZATION)
    if x.type is TensorType.INT8:
        sums = cmsis.fully_connected_s8(dimension(result, -1), ask.build.library)
        if sums > 0:
            ask.scratch(sums)


CMSIS_NN: dict[str, Kernel] = {
    "BATCH_MATMUL": batch_matmul,
    "FULLY_CONNECTED": fully_connected,
}
