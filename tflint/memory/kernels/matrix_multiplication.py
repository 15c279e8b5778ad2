"""FULLY_CONNECTED, BATCH_MATMUL and EMBEDDING_LOOKUP.

Source: fully_connected.h, fully_connected_common.cc, batch_matmul.cc and embedding_lookup.cc in
tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory import core_structs as core
from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests
from tflint.model.graph import Value
from tflint.model.schema import TensorType

# Multiplier and shift, activation range, the index of a cache, three zero points; the scratch
# buffer for unpacked weights; per-channel multipliers and shifts, whether there are any.
FULLY_CONNECTED_DATA = Struct("i32*8", "i32", "ptr*2", "bool")
FULLY_CONNECTED_DATA_COMPRESSION = Struct(*FULLY_CONNECTED_DATA.fields, "i32*2")
# Quantisation, the two transposed operands; what is transposed, what is constant.
BATCH_MATMUL_DATA = Struct("ptr*3", "bool*3")
# Multiplier and shift, activation range, three zero points.
BATCH_MATMUL_QUANTIZATION = Struct("i32*7")
# Scale, number of columns.
EMBEDDING_LOOKUP_DATA = Struct("f32", "size")

_QUANTIZED = (TensorType.INT8, TensorType.INT16)


def fully_connected(ask: Requests) -> None:
    """FULLY_CONNECTED: weights (units, depth)."""
    ask.init(FULLY_CONNECTED_DATA_COMPRESSION if ask.build.is_wheel else FULLY_CONNECTED_DATA)
    x, weights, bias, y = ask.input(0), ask.input(1), ask.input(2), ask.output(0)
    ask.temporary(x, weights, bias, y)
    if weights is None:
        return
    if weights.type is TensorType.INT4:
        ask.scratch(weights.elements)
    scales = weights.quantization.scale if weights.quantization else ()
    if x is not None and x.type is not TensorType.FLOAT32 and len(scales) > 1:
        ask.persistent(4 * len(scales))
        ask.persistent(4 * len(scales))


def batch_matmul(ask: Requests) -> None:
    """BATCH_MATMUL: what has to be transposed is kept transposed, for good."""
    ask.init(BATCH_MATMUL_DATA)
    x, y, result = ask.input(0), ask.input(1), ask.output(0)
    ask.temporary(x, y, result)
    if x is not None and x.type in _QUANTIZED:
        ask.persistent(BATCH_MATMUL_QUANTIZATION)
    if x is not None and getattr(ask.node.options, "adj_x", False):
        transposed(ask, x)
    if y is not None and not getattr(ask.node.options, "adj_y", False):
        transposed(ask, y)
    ask.own_shape(result)


def transposed(ask: Requests, value: Value) -> None:
    """A copy of a tensor with rows and columns exchanged: itself, its shape, its data."""
    ask.persistent(core.EVAL_TENSOR)
    ask.persistent(4 + 4 * len(value.shape))
    ask.persistent(value.bytes, is_filled=False)


def embedding_lookup(ask: Requests) -> None:
    """EMBEDDING_LOOKUP: lookup (rows), values (rows of the table, ...)."""
    ask.temporary(ask.input(0), ask.input(1), ask.output(0))
    ask.own_shape(ask.output(0))
    ask.persistent(EMBEDDING_LOOKUP_DATA)


REFERENCE: dict[str, Kernel] = {
    "BATCH_MATMUL": batch_matmul,
    "EMBEDDING_LOOKUP": embedding_lookup,
    "FULLY_CONNECTED": fully_connected,
}
