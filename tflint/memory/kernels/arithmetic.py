"""Operators on two or more tensors, element by element, and CUMSUM.

Source: add_common.cc, sub_common.cc, mul_common.cc, div.cc, add_n.cc, squared_difference.cc,
maximum_minimum.cc, floor_div.cc, floor_mod.cc and cumsum.cc in tensorflow/lite/micro/kernels;
ArithmeticParams in tensorflow/lite/kernels/internal/types.h.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests
from tflint.model.schema import TensorType

# How shapes broadcast; zero points, multipliers and shifts; activation ranges as int32, float
# and int64; strides.
ARITHMETIC_PARAMS = Struct("u8", "i32*10", "i32*2", "f32*2", "i64*2", "i32*5")
# Whether shapes broadcast; shifts, multipliers, activation range, left shift, zero points.
ADD_DATA = Struct("bool", "i32*3", "i32*3", "i32*2", "f32*2", "i32", "i32*3")
SUB_DATA = Struct("bool", "i32*3", "i32*3", "i32*2", "i32", "i32*3")
# Zero points, activation range as integers and as reals, multiplier and shift.
MUL_DATA = Struct("i32*7", "f32*2")
DIV_DATA = Struct("i32*7")
ADD_N_DATA = Struct("i32*10")
SQUARED_DIFFERENCE_DATA = Struct("bool", ARITHMETIC_PARAMS)
CUMSUM_DATA = Struct("i32*9")


def add(ask: Requests) -> None:
    """ADD."""
    _binary(ask, ADD_DATA)


def sub(ask: Requests) -> None:
    """SUB."""
    _binary(ask, SUB_DATA)


def mul(ask: Requests) -> None:
    """MUL."""
    _binary(ask, MUL_DATA)


def div(ask: Requests) -> None:
    """DIV."""
    _binary(ask, DIV_DATA)


def squared_difference(ask: Requests) -> None:
    """SQUARED_DIFFERENCE."""
    _binary(ask, SQUARED_DIFFERENCE_DATA)


def cumsum(ask: Requests) -> None:
    """CUMSUM: input and axis; only int8 has data."""
    x = ask.input(0)
    floor(ask)
    if x is not None and x.type is TensorType.INT8:
        ask.persistent(CUMSUM_DATA)


def _binary(ask: Requests, data: Struct) -> None:
    ask.init(data)
    floor(ask)


def floor(ask: Requests) -> None:
    """FLOOR_DIV, FLOOR_MOD: no data of their own."""
    ask.temporary(ask.input(0), ask.input(1), ask.output(0))


def extremum(ask: Requests) -> None:
    """MAXIMUM, MINIMUM: nothing to prepare."""


def add_n(ask: Requests) -> None:
    """ADD_N: a scratch buffer for the addresses of its inputs."""
    y = ask.output(0)
    ask.temporary(ask.input(0), y, *ask.node.inputs[1:])
    if y is not None and y.type is TensorType.INT8:
        ask.persistent(ADD_N_DATA)
    ask.scratch(ask.build.abi.pointer * len(ask.node.inputs))


REFERENCE: dict[str, Kernel] = {
    "ADD": add,
    "ADD_N": add_n,
    "CUMSUM": cumsum,
    "DIV": div,
    "FLOOR_DIV": floor,
    "FLOOR_MOD": floor,
    "MAXIMUM": extremum,
    "MINIMUM": extremum,
    "MUL": mul,
    "SQUARED_DIFFERENCE": squared_difference,
    "SUB": sub,
}
