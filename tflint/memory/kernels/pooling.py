"""AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D.

Source: pooling.h, pooling_common.cc and l2_pool_2d.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests

# Padding, activation range as integers and as reals.
POOLING_DATA = Struct("i32*4", "i32*2", "f32*2")


def pool_2d(ask: Requests) -> None:
    """AVERAGE_POOL_2D, MAX_POOL_2D over (batch, height, width, channels)."""
    ask.init(POOLING_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def l2_pool_2d(ask: Requests) -> None:
    """L2_POOL_2D: keeps the output's shape, which it works out anew, and nothing else."""
    y = ask.output(0)
    ask.temporary(y, ask.input(0))
    ask.own_shape(y)


REFERENCE: dict[str, Kernel] = {
    "AVERAGE_POOL_2D": pool_2d,
    "L2_POOL_2D": l2_pool_2d,
    "MAX_POOL_2D": pool_2d,
}
