"""AVERAGE_POOL_2D and MAX_POOL_2D with CMSIS-NN.

Source: pooling.cc in tensorflow/lite/micro/kernels/cmsis_nn.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels import cmsis_buffer_sizes as cmsis
from tflint.memory.kernels.pooling import POOLING_DATA
from tflint.memory.kernels.shapes import dimension
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# The scratch buffer's index follows what the reference kernels keep.
CMSIS_POOLING_DATA = Struct(POOLING_DATA, "i32")


def max_pool_2d(ask: Requests) -> None:
    """MAX_POOL_2D over (batch, height, width, channels)."""
    ask.init(CMSIS_POOLING_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def average_pool_2d(ask: Requests) -> None:
    """AVERAGE_POOL_2D over (batch, height, width, channels)."""
    max_pool_2d(ask)
    x, y = ask.input(0), ask.output(0)
    ask.temporary(x, y)
    if x is not None and x.type in (TensorType.INT8, TensorType.INT16):
        size = cmsis.average_pool(dimension(x, 3), ask.build.library)
        if size > 0:
            ask.scratch(size)


CMSIS_NN: dict[str, Kernel] = {
    "AVERAGE_POOL_2D": average_pool_2d,
    "MAX_POOL_2D": max_pool_2d,
}
