"""Comparisons, logical operators and SELECT_V2.

Source: comparisons.cc, logical_common.cc, elementwise.cc and select.cc in
tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.plain import plain
from tflint.memory.requests import Kernel

# Left shift and for each input shift, multiplier and offset; whether it has to broadcast.
COMPARISON_DATA = Struct("i32*7", "bool")
# An empty struct.
SELECT_DATA = Struct("bool")

_COMPARISON = plain((0, 1), (), COMPARISON_DATA)

REFERENCE: dict[str, Kernel] = {
    "EQUAL": _COMPARISON,
    "NOT_EQUAL": _COMPARISON,
    "LESS": _COMPARISON,
    "LESS_EQUAL": _COMPARISON,
    "GREATER": _COMPARISON,
    "GREATER_EQUAL": _COMPARISON,
    "LOGICAL_AND": plain(),
    "LOGICAL_OR": plain(),
    "LOGICAL_NOT": plain((0,), (0,)),
    "SELECT_V2": plain((0, 1, 2), (0,), SELECT_DATA),
}
