"""Operators whose output is their input, element by element."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.quantization_match import same_quantization
from tflint.analysis.signed_zeros import is_sign_of_zero_seen
from tflint.model.graph import MAX_ARGUMENT_ELEMENTS, Node, Value
from tflint.model.schema import ActivationFunctionType, Pool2DOptions, TensorType
from tflint.model.types import FORMATS, packed_bytes

_NONE = ActivationFunctionType.NONE
_FLOAT32, _INT8 = TensorType.FLOAT32, TensorType.INT8
_PLAIN = frozenset((_FLOAT32, TensorType.INT32, TensorType.INT64))
# Quantised kernels compute in fixed point. Within this of 1, a factor moves none of int8's
# 256 values by half a step.
_RELATIVE_ERROR = 1e-6
# ADD and SUB bring both operands to one scale with 20 bits to spare; a constant whose scale
# is larger than this many times the other's would take those bits away.
_SCALE_RATIO = 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """An operator that gives out `value` as it is, and what it does to no effect.

    Not `is_exact` where it gives 0.0 for -0.0 and something in the graph may tell.
    """

    value: Value
    does: str
    is_exact: bool = True


def removable_identity(node: Node, dataflow: Dataflow) -> Identity | None:
    """An identity without which the graph is the same: readers of its output can read its input.

    Not where that would make an input of the model its output, or two outputs one; constants
    are for folding (TFL605), and a variable changes under its readers.
    """
    found = identity(node)
    if found is None:
        return None
    x, y = found.value, node.outputs[0]
    if x.is_constant or not dataflow.is_stable(x) or not dataflow.is_stable(y):
        return None
    maker = dataflow.maker(x)
    if not x.is_input and (maker is None or maker.index >= node.index):
        return None
    return None if y.is_output and (x.is_input or x.is_output) else found


def identity(node: Node) -> Identity | None:
    """Why an operator's output is its input ("adds 0"), or None where it may be another.

    Only what is so for any input of the declared shape counts, and only where the output has
    the input's type, shape and quantisation. Numbers are taken for finite.
    """
    test = _TESTS.get(node.name)
    if test is None or len(node.outputs) != 1:
        return None
    x = node.input(_DATA_INPUT.get(node.name, 0))
    if node.name in _EITHER and x is not None and x.is_constant:
        x = node.input(1)
    y = node.outputs[0]
    if (
        x is None
        or x.shape != y.shape
        or tuple(x.tensor.shape_signature) != tuple(y.tensor.shape_signature)
        or not same_quantization(x, y)
    ):
        return None
    for value in node.inputs:
        # An argument computed at run time may make another shape than the file's.
        if value is not None and value is not x and value.data is None:
            return None
    does = test(node, x)
    if does is None:
        return None
    return Identity(x, does, not (node.name in _SUMMING and is_sign_of_zero_seen(x, y)))


def _pool(node: Node, x: Value) -> str | None:
    options = node.options
    if not isinstance(options, Pool2DOptions) or options.fused_activation_function is not _NONE:
        return None
    sizes = (options.filter_height, options.filter_width, options.stride_h, options.stride_w)
    return "pools 1x1 with a stride of 1" if sizes == (1, 1, 1, 1) else None


def _same_shape(node: Node, x: Value) -> str:
    return "keeps the shape"


def _transpose(node: Node, x: Value) -> str | None:
    """A permutation that leaves the dimensions above 1 in order moves no element."""
    perm = _argument(node, 1)
    if perm is None or sorted(perm) != list(range(len(x.shape))):
        return None
    moved = [p for p in perm if x.shape[p] != 1]
    return "moves no element" if moved == sorted(moved) else None


def _zeros(node: Node, x: Value) -> str | None:
    paddings = _argument(node, 1)
    return "pads by 0" if paddings is not None and not any(paddings) else None


def _strided_slice(node: Node, x: Value) -> str | None:
    strides = _argument(node, 3)
    return "takes everything" if strides is not None and set(strides) <= {1} else None


def _all_of_it(node: Node, x: Value) -> str:
    return "takes everything"


def _one_input(node: Node, x: Value) -> str | None:
    fused = getattr(node.options, "fused_activation_function", _NONE)
    return "joins one tensor" if len(node.inputs) == 1 and fused is _NONE else None


def _one_output(node: Node, x: Value) -> str | None:
    return "splits into one tensor" if len(node.outputs) == 1 else None


def _cast(node: Node, x: Value) -> str:
    return "changes no type"


def _quantize(node: Node, x: Value) -> str | None:
    return "keeps type, scale and zero point" if x.quantization is not None else None


def _resize(node: Node, x: Value) -> str:
    return "keeps the size"


def _reduce(node: Node, x: Value) -> str | None:
    """With the shape kept, all dimensions that are reduced are of size 1."""
    if node.name not in ("REDUCE_MAX", "REDUCE_MIN") and x.type is not _FLOAT32:
        return None
    return "reduces dimensions of 1"


def _add(node: Node, x: Value) -> str | None:
    return "adds 0" if _is_neutral(node, x, 0) else None


def _sub(node: Node, x: Value) -> str | None:
    return "subtracts 0" if x is node.input(0) and _is_neutral(node, x, 0) else None


def _mul(node: Node, x: Value) -> str | None:
    return "multiplies by 1" if _is_neutral(node, x, 1) else None


def _div(node: Node, x: Value) -> str | None:
    # No quantised DIV is the same on every runtime.
    if x is not node.input(0) or x.type is _INT8:
        return None
    return "divides by 1" if _is_neutral(node, x, 1) else None


def _is_neutral(node: Node, x: Value, neutral: int) -> bool:
    """Whether the operand beside `x` is a constant of nothing but this number."""
    other = node.input(1) if x is node.input(0) else node.input(0)
    if (
        other is None
        or len(node.inputs) != 2
        or other.type is not x.type
        or getattr(node.options, "fused_activation_function", _NONE) is not _NONE
    ):
        return False
    stored = _numbers(other)
    # A set, for one comparison however long the constant is.
    values = set(stored or ())
    if x.type in _PLAIN:
        return values == {neutral}
    if x.type is not _INT8 or len(values) != 1 or x.quantization is None:
        return False
    return _is_neutral_int8(values.pop(), x, other, neutral)


def _is_neutral_int8(stored: float, x: Value, other: Value, neutral: int) -> bool:
    quantization, own = other.quantization, x.quantization
    if quantization is None or own is None:
        return False
    if not len(quantization.scale) == len(quantization.zero_point) == len(own.scale) == 1:
        return False
    scale = quantization.scale[0]
    real = scale * (stored - quantization.zero_point[0])
    if neutral == 0:
        return real == 0 and 0 < scale <= _SCALE_RATIO * own.scale[0]
    return abs(real - neutral) <= _RELATIVE_ERROR


def _numbers(value: Value) -> tuple[float, ...] | None:
    """The values of a small constant that is a number an element, else None."""
    code, count = FORMATS.get(value.type), value.elements
    if code is None or value.data is None or count > MAX_ARGUMENT_ELEMENTS:
        return None
    if packed_bytes(value.shape, value.type) != len(value.data):
        return None
    return struct.unpack(f"<{count}{code}", value.data)


def _argument(node: Node, position: int) -> tuple[int, ...] | None:
    value = node.input(position)
    return None if value is None else value.integers()


# What the elements come from, where it is not the first input.
_DATA_INPUT = {"SPLIT": 1}
# What adds zeros of its own: -0.0 + 0.0 is 0.0.
_SUMMING = frozenset(("ADD", "ADD_N", "AVERAGE_POOL_2D", "MEAN", "RESIZE_BILINEAR", "SUM"))
# Operators that take their constant on either side.
_EITHER = frozenset(("ADD", "MUL"))
# That the output has the shape of the input is known when these are asked.
_TESTS: dict[str, Callable[[Node, Value], str | None]] = {
    "MAX_POOL_2D": _pool,
    "AVERAGE_POOL_2D": _pool,
    "RESHAPE": _same_shape,
    "SQUEEZE": _same_shape,
    "BROADCAST_TO": _same_shape,
    "TILE": _same_shape,
    "TRANSPOSE": _transpose,
    "PAD": _zeros,
    "PADV2": _zeros,
    "MIRROR_PAD": _zeros,
    "SPACE_TO_BATCH_ND": _same_shape,
    "BATCH_TO_SPACE_ND": _same_shape,
    "SPACE_TO_DEPTH": _same_shape,
    "DEPTH_TO_SPACE": _same_shape,
    "SLICE": _all_of_it,
    "STRIDED_SLICE": _strided_slice,
    "CONCATENATION": _one_input,
    "ADD_N": _one_input,
    "SPLIT": _one_output,
    "SPLIT_V": _one_output,
    "CAST": _cast,
    "QUANTIZE": _quantize,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "REDUCE_MAX": _reduce,
    "REDUCE_MIN": _reduce,
    "MEAN": _reduce,
    "SUM": _reduce,
    "ADD": _add,
    "SUB": _sub,
    "MUL": _mul,
    "DIV": _div,
}
