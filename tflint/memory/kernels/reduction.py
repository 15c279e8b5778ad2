"""Reductions, and ARG_MAX and ARG_MIN.

Source: reduce.h, reduce_common.cc and arg_min_max.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.plain import look_at, plain
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# Multiplier, shift, three scratch buffers, zero points, scales, the output's elements and
# one more.
REDUCE_DATA = Struct("i32*2", "i32*3", "i32*2", "f32*2", "i32*2")

# Types of which MEAN and SUM add up in 32 bits.
_SUMMED_APART = (TensorType.INT8, TensorType.INT16)


def mean_or_sum(ask: Requests) -> None:
    """MEAN and SUM: narrow integers are summed up in a buffer of 32-bit numbers."""
    ask.init(REDUCE_DATA)
    x, y = ask.input(0), ask.output(0)
    ask.temporary(x, y)
    if x is not None and y is not None and x.type in _SUMMED_APART:
        ask.scratch(4 * y.elements)
    _simple(ask)
    _index_and_axes(ask)


def extreme(ask: Requests) -> None:
    """REDUCE_MAX, REDUCE_MIN and REDUCE_ALL."""
    ask.init(REDUCE_DATA)
    _simple(ask)
    look_at(ask, (0,), (0,))
    _index_and_axes(ask)


def _simple(ask: Requests) -> None:
    """`PrepareSimple`: only int8 needs the output's scale."""
    x = ask.input(0)
    look_at(ask, (0, 1))
    if x is not None and x.type is TensorType.INT8:
        look_at(ask, (), (0,))


def _index_and_axes(ask: Requests) -> None:
    """Where in the input the kernel is, and the axes without those named twice."""
    x, axes = ask.input(0), ask.input(1)
    ask.temporary(axes)
    if x is not None:
        ask.scratch(4 * len(x.shape))
    if axes is not None:
        ask.scratch(4 * axes.elements)


REFERENCE: dict[str, Kernel] = {
    "MEAN": mean_or_sum,
    "SUM": mean_or_sum,
    "REDUCE_MAX": extreme,
    "REDUCE_MIN": extreme,
    "REDUCE_ALL": extreme,
    "ARG_MAX": plain(),
    "ARG_MIN": plain(),
}
