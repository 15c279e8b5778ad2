"""SOFTMAX with CMSIS-NN.

Source: softmax.cc in tensorflow/lite/micro/kernels/cmsis_nn, softmax_common.cc beside it.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.softmax import INT16_TABLE_ENTRIES, SOFTMAX_DATA
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# Number and size of rows.
CMSIS_SOFTMAX_DATA = Struct(SOFTMAX_DATA, "i32*2")


def softmax(ask: Requests) -> None:
    """SOFTMAX: int16 takes two tables, int8 none, whatever the output's type."""
    ask.init(CMSIS_SOFTMAX_DATA)
    x = ask.input(0)
    ask.temporary(x, ask.output(0))
    if x is not None and x.type is TensorType.INT16:
        ask.persistent(2 * INT16_TABLE_ENTRIES)
        ask.persistent(2 * INT16_TABLE_ENTRIES)


CMSIS_NN: dict[str, Kernel] = {"SOFTMAX": softmax}
