"""The options that TFLM's parsers copy into the arena, by operator.

Source: the structs of tensorflow/lite/core/c/builtin_op_data.h and the `Parse...` functions of
tensorflow/lite/core/api/flatbuffer_conversions.cc. Operators that are not here have parsers
that allocate nothing.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.model.tables import OperatorCode

_ACTIVATION = Struct("enum")
_ADD = Struct("enum", "bool")
_POOL = Struct("enum", "i32*4", "enum", Struct("i32*4"))
_REDUCER = Struct("bool")
_RESIZE = Struct("bool*2")
_AXIS = Struct("i32")
_COUNT_AND_AXIS = Struct("i32*2")
_SHAPE = Struct("i32*8", "i32")
_TYPE = Struct("enum")

_PARAMS: dict[str, Struct] = {
    "ADD": _ADD,
    "ARG_MAX": _TYPE,
    "ARG_MIN": _TYPE,
    "AVERAGE_POOL_2D": _POOL,
    "BATCH_MATMUL": Struct("bool*3"),
    "CALL_ONCE": _AXIS,
    "CAST": Struct("enum*2"),
    "CONCATENATION": Struct("i32", "enum"),
    "CONV_2D": Struct("enum", "i32*2", "enum", "i32*2", "enum"),
    "CUMSUM": Struct("bool*2"),
    "DEPTHWISE_CONV_2D": Struct("enum", "i32*3", "enum", "i32*2"),
    "DEPTH_TO_SPACE": _AXIS,
    "DIV": _ACTIVATION,
    "FULLY_CONNECTED": Struct("enum*2", "bool*2", "enum"),
    "GATHER": _COUNT_AND_AXIS,
    "IF": Struct("i32*2"),
    "L2_NORMALIZATION": _ACTIVATION,
    "L2_POOL_2D": _POOL,
    "LEAKY_RELU": Struct("f32"),
    "MAX_POOL_2D": _POOL,
    "MEAN": _REDUCER,
    "MIRROR_PAD": Struct("enum"),
    "MUL": _ACTIVATION,
    "PACK": _COUNT_AND_AXIS,
    "REDUCE_ALL": _REDUCER,
    "REDUCE_MAX": _REDUCER,
    "REDUCE_MIN": _REDUCER,
    "RESHAPE": _SHAPE,
    "RESIZE_BILINEAR": _RESIZE,
    "RESIZE_NEAREST_NEIGHBOR": _RESIZE,
    "SHAPE": _TYPE,
    "SOFTMAX": Struct("f32"),
    "SPACE_TO_DEPTH": _AXIS,
    "SPLIT": _AXIS,
    "SPLIT_V": _AXIS,
    "SQUEEZE": _SHAPE,
    "STRIDED_SLICE": Struct("i32*5", "bool"),
    "SUB": _ADD,
    "SUM": _REDUCER,
    "SVDF": Struct("i32", "enum", "bool"),
    "TRANSPOSE_CONV": Struct("enum", "i32*2", "enum", "enum"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Struct("enum", "f32*2", "bool*3"),
    "UNPACK": _COUNT_AND_AXIS,
    "VAR_HANDLE": Struct("ptr*2"),
    "WHILE": Struct("i32*2"),
}

# In the PyPI wheel, measured: 32 bytes at a multiple of 8, where the header gives 16 at one of 4.
_WHEEL_FULLY_CONNECTED = Struct("i64*4")


def builtin_params(code: OperatorCode, *, is_wheel: bool) -> Struct | None:
    """The struct for an operator's options, None when its parser allocates nothing."""
    if code.is_custom:
        return None
    if is_wheel and code.name == "FULLY_CONNECTED":
        return _WHEEL_FULLY_CONNECTED
    return _PARAMS.get(code.name)
