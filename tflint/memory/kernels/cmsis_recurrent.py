"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM with CMSIS-NN.

Source: svdf.cc and unidirectional_sequence_lstm.cc in
tensorflow/lite/micro/kernels/cmsis_nn; cmsis_nn_lstm_params in arm_nn_types.h of CMSIS-NN.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels import cmsis_buffer_sizes as cmsis
from tflint.memory.kernels.recurrent import LSTM_DATA, SVDF_DATA
from tflint.memory.kernels.shapes import dimension
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# The kernel sums follow what the reference kernel keeps.
CMSIS_SVDF_DATA = Struct(SVDF_DATA, "ptr")
# Of one gate: multiplier, shift, weights and effective bias for the input and for the
# recurrence; bias; activation.
_GATE = Struct("i32*2", "ptr*2", "i32*2", "ptr*2", "ptr", "enum")
CMSIS_LSTM_DATA = Struct(LSTM_DATA, Struct("i32*15", *[_GATE] * 4))

_LSTM_INPUTS = 24
_LSTM_OUTPUT_STATE = 18
_LSTM_CELL_STATE = 19
# Effective biases of four gates, for the input and for the recurrence.
_LSTM_SUMS = 8
_BIAS_BYTES = {TensorType.INT8: 4, TensorType.INT16: 8}


def svdf(ask: Requests) -> None:
    """SVDF: input (batch, features), weights (filters, features) and (filters, time)."""
    ask.init(CMSIS_SVDF_DATA)
    x, weights = ask.input(0), ask.input(1)
    ask.temporary(*(ask.input(i) for i in range(5)), ask.output(0))
    if x is None or weights is None:
        return
    batch, filters = dimension(x, 0), dimension(weights, 0)
    rank = getattr(ask.node.options, "rank", 0)
    ask.scratch(4 * batch * filters)
    if x.type is TensorType.INT8:
        ask.scratch(4 * batch * (filters // rank if rank > 0 else 0))
        sums = cmsis.svdf_s8(filters, ask.build.library)
        if sums > 0:
            ask.persistent(sums)


def lstm(ask: Requests) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: buffers as large as the cell state, three or for float four.

    Integers keep sums of the weights with the bias in them, as wide as the bias.
    """
    ask.init(CMSIS_LSTM_DATA)
    ask.temporary(*(ask.input(i) for i in range(_LSTM_INPUTS)), ask.output(0))
    x, cell = ask.input(0), ask.input(_LSTM_CELL_STATE)
    if cell is None:
        return
    is_integer = x is not None and x.type in _BIAS_BYTES and cell.type is TensorType.INT16
    if x is not None and is_integer:
        hidden = dimension(ask.input(_LSTM_OUTPUT_STATE), 1)
        for _ in range(_LSTM_SUMS):
            ask.persistent(_BIAS_BYTES[x.type] * hidden)
    for _ in range(3 if is_integer else 4):
        ask.scratch(cell.bytes)


CMSIS_NN: dict[str, Kernel] = {
    "SVDF": svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}
