"""Activation functions that are operators of their own.

Source: activations.cc, logistic_common.cc, tanh.cc, elu.cc, leaky_relu_common.cc, prelu_common.cc
and hard_swish_common.cc with their headers in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests

# Activation type and range; two zero points, multiplier and shift.
RELU_DATA = Struct("u8", "i32*2", "i32*4")
# What 6 and 0 are in the tensor's scale.
RELU6_DATA = Struct("i32*2")
# A table of int8.
ELU_DATA = Struct("i8*256")
# Two multipliers and shifts, two zero points.
LEAKY_RELU_DATA = Struct("i32*6")
# Three zero points, two multipliers and shifts.
PRELU_DATA = Struct("i32*7")
# Zero points and multipliers of 16 bits, shifts of 32.
HARD_SWISH_DATA = Struct("i16*3", "i32", "i16", "i32")
# Zero point, the range that is not saturated, multiplier and shift.
SIGMOID_DATA = Struct("i32*4")


def relu(ask: Requests) -> None:
    """RELU."""
    ask.init(RELU_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def relu6(ask: Requests) -> None:
    """RELU6: never looks at its output."""
    ask.init(RELU6_DATA)
    ask.temporary(ask.input(0))


def elu(ask: Requests) -> None:
    """ELU: has its table for float, too."""
    ask.init(ELU_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def leaky_relu(ask: Requests) -> None:
    """LEAKY_RELU."""
    ask.init(LEAKY_RELU_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def prelu(ask: Requests) -> None:
    """PRELU: slopes broadcast to the input."""
    ask.init(PRELU_DATA)
    ask.temporary(ask.input(0), ask.input(1), ask.output(0))


def hard_swish(ask: Requests) -> None:
    """HARD_SWISH."""
    ask.init(HARD_SWISH_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def logistic(ask: Requests) -> None:
    """LOGISTIC."""
    ask.init(SIGMOID_DATA)
    ask.temporary(ask.input(0), ask.output(0))


def tanh(ask: Requests) -> None:
    """TANH: looks at its input twice."""
    ask.init(SIGMOID_DATA)
    ask.temporary(ask.input(0))
    ask.temporary(ask.input(0), ask.output(0))


REFERENCE: dict[str, Kernel] = {
    "ELU": elu,
    "HARD_SWISH": hard_swish,
    "LEAKY_RELU": leaky_relu,
    "LOGISTIC": logistic,
    "PRELU": prelu,
    "RELU": relu,
    "RELU6": relu6,
    "TANH": tanh,
}
