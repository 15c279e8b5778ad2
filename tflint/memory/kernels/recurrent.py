"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM.

Source: svdf.h, svdf_common.cc, lstm_shared.h and unidirectional_sequence_lstm.cc in
tensorflow/lite/micro/kernels; FullyConnectedParams in tensorflow/lite/kernels/internal/types.h.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.arithmetic import ARITHMETIC_PARAMS
from tflint.memory.kernels.shapes import dimension
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# Two multipliers and shifts, two scratch buffers, three zero points.
SVDF_DATA = Struct("i32*9")

# Zero points, multiplier and shift, activation range as integers and as reals; what can be
# cached, the weights' format.
_FULLY_CONNECTED_PARAMS = Struct("i32*5", "i32*2", "f32*2", "bool*2", "u8")
LSTM_DATA = Struct(
    Struct("bool", "i32*4"),  # time major or not, sizes
    Struct("f32", "i16", "i32"),  # clip and scale of the cell state
    "enum",  # activation
    *[_FULLY_CONNECTED_PARAMS] * 8,  # four gates, of input and recurrence
    *[ARITHMETIC_PARAMS] * 3,  # between gates
    "i32*4",  # scratch buffers
)
_LSTM_INPUTS = 24
_LSTM_CELL_STATE = 19


def svdf(ask: Requests) -> None:
    """SVDF: input (batch, features), weights (filters, features) and (filters, time)."""
    ask.init(SVDF_DATA)
    x, weights = ask.input(0), ask.input(1)
    ask.temporary(*(ask.input(i) for i in range(5)), ask.output(0))
    if x is None or weights is None:
        return
    batch, filters = dimension(x, 0), dimension(weights, 0)
    rank = getattr(ask.node.options, "rank", 0)
    ask.scratch(4 * batch * filters)
    if x.type is TensorType.INT8:
        ask.scratch(4 * batch * (filters // rank if rank > 0 else 0))


def lstm(ask: Requests) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: four buffers as large as the cell state."""
    ask.init(LSTM_DATA)
    ask.temporary(*(ask.input(i) for i in range(_LSTM_INPUTS)), ask.output(0))
    cell = ask.input(_LSTM_CELL_STATE)
    for _ in range(4):
        ask.scratch(cell.bytes if cell is not None else 0)


REFERENCE: dict[str, Kernel] = {
    "SVDF": svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}
