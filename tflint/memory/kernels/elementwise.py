"""Functions of one tensor, element by element, and L2_NORMALIZATION.

Source: elementwise.cc, ceil.cc, exp.cc, floor.cc, neg.cc, round.cc and l2norm.cc in
tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests

# Multiplier and shift, two zero points, whether to rescale, types.
ABS_RSQRT_DATA = Struct("i32*4", "bool", "enum*2")
# A zero point.
L2_NORMALIZATION_DATA = Struct("i32")


def unary(ask: Requests) -> None:
    """Types are compared, nothing is kept."""
    ask.temporary(ask.input(0), ask.output(0))


def abs_rsqrt(ask: Requests) -> None:
    """ABS, RSQRT."""
    ask.init(ABS_RSQRT_DATA)
    unary(ask)


def unprepared(ask: Requests) -> None:
    """FLOOR, NEG: have no `Prepare`."""


def l2_normalization(ask: Requests) -> None:
    """L2_NORMALIZATION."""
    ask.init(L2_NORMALIZATION_DATA)
    unary(ask)


REFERENCE: dict[str, Kernel] = {
    "ABS": abs_rsqrt,
    "CEIL": unary,
    "COS": unary,
    "EXP": unary,
    "FLOOR": unprepared,
    "L2_NORMALIZATION": l2_normalization,
    "LOG": unary,
    "NEG": unprepared,
    "ROUND": unary,
    "RSQRT": abs_rsqrt,
    "SIN": unary,
    "SQRT": unary,
    "SQUARE": unary,
}
