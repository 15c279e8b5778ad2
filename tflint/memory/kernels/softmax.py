"""SOFTMAX and LOG_SOFTMAX.

Source: softmax_common.cc and log_softmax.cc in tensorflow/lite/micro/kernels, SoftmaxParams in
tensorflow/lite/kernels/internal/types.h.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# Beta; multipliers, shifts and the least difference; zero point and scale; five tables.
SOFTMAX_DATA = Struct("f64", "i32*5", "i32", "f32", "ptr*5")
LOG_SOFTMAX_DATA = Struct("i32*5", "size*2")
# Entries of each table that int16 softmax looks exp(x) and 1 / (1 + x) up in.
INT16_TABLE_ENTRIES = 513


def softmax(ask: Requests) -> None:
    """SOFTMAX: int16 takes two tables."""
    ask.init(SOFTMAX_DATA)
    x = ask.input(0)
    ask.temporary(x, ask.output(0))
    if x is not None and x.type is TensorType.INT16:
        ask.persistent(2 * INT16_TABLE_ENTRIES)
        ask.persistent(2 * INT16_TABLE_ENTRIES)


def log_softmax(ask: Requests) -> None:
    """LOG_SOFTMAX: only int8 has data, allocated in `Prepare`."""
    x = ask.input(0)
    ask.temporary(x, ask.output(0))
    if x is not None and x.type is TensorType.INT8:
        ask.persistent(LOG_SOFTMAX_DATA)


REFERENCE: dict[str, Kernel] = {
    "LOG_SOFTMAX": log_softmax,
    "SOFTMAX": softmax,
}
