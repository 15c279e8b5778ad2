"""Operators whose result on constants is known to the bit, without a runtime that computes it.

What `tflint/fix/model/evaluation.py` computes: that every runtime gives the same is so where
elements are only moved, for integers, and for floats where each result is the one number nearest
to the exact one. What calls a mathematical library, sums up floats or rescales integers is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from tflint.analysis.quantization_match import same_per_tensor_quantization
from tflint.model.graph import Node, Value
from tflint.model.schema import (
    ActivationFunctionType,
    MirrorPadOptions,
    ReshapeOptions,
    StridedSliceOptions,
    TensorType,
)
from tflint.model.types import FORMATS

# No result has more bytes than this: what an archive of a few bytes could ask for otherwise.
MAX_RESULT_BYTES = 1 << 26

_Types = frozenset[TensorType]
_NARROW: _Types = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT16))
_ANY: _Types = frozenset(FORMATS) | {TensorType.FLOAT16}
_FLOAT: _Types = frozenset((TensorType.FLOAT32,))
_INTEGER: _Types = frozenset((TensorType.INT32, TensorType.INT64))
_NUMBER: _Types = _FLOAT | _INTEGER
_FLOAT_INT32: _Types = _FLOAT | {TensorType.INT32}
_BOOL: _Types = frozenset((TensorType.BOOL,))
_PLAIN: _Types = _NUMBER | _BOOL
_CASTS: _Types = _PLAIN | _NARROW

# The types that an operator's elements may have, and the inputs that hold elements (None: all);
# the other inputs are arguments.
_ELEMENTS: Mapping[str, tuple[_Types, tuple[int, ...] | None]] = {
    "RESHAPE": (_ANY, (0,)),
    "SQUEEZE": (_ANY, (0,)),
    "EXPAND_DIMS": (_ANY, (0,)),
    "TRANSPOSE": (_ANY, (0,)),
    "SLICE": (_ANY, (0,)),
    "STRIDED_SLICE": (_ANY, (0,)),
    "PACK": (_ANY, None),
    "UNPACK": (_ANY, (0,)),
    "CONCATENATION": (_ANY, None),
    "GATHER": (_ANY, (0,)),
    "SPLIT": (_ANY, (1,)),
    "SPLIT_V": (_ANY, (0,)),
    "TILE": (_ANY, (0,)),
    "BROADCAST_TO": (_ANY, (0,)),
    "REVERSE_V2": (_PLAIN, (0,)),
    "PAD": (_NUMBER | {TensorType.INT8}, (0,)),
    "PADV2": (_NUMBER | {TensorType.INT8}, (0, 2)),
    "MIRROR_PAD": (_NUMBER | {TensorType.INT8}, (0,)),
    "FILL": (_ANY, (1,)),
    "ZEROS_LIKE": (_NUMBER, (0,)),
    "SELECT_V2": (_NUMBER, (1, 2)),
    "CAST": (_CASTS, (0,)),
    "RANGE": (_NUMBER, None),
    "BROADCAST_ARGS": (_INTEGER, None),
    "ADD": (_NUMBER, None),
    "SUB": (_NUMBER, None),
    "MUL": (_NUMBER, None),
    "DIV": (_FLOAT_INT32, None),
    "FLOOR_DIV": (frozenset((TensorType.INT32,)), None),
    "FLOOR_MOD": (_INTEGER, None),
    "MAXIMUM": (_NUMBER, None),
    "MINIMUM": (_NUMBER, None),
    "SQUARED_DIFFERENCE": (_FLOAT_INT32, None),
    "NEG": (_NUMBER, (0,)),
    "ABS": (_FLOAT_INT32, (0,)),
    "SQUARE": (_FLOAT, (0,)),
    "SQRT": (_FLOAT, (0,)),
    "RSQRT": (_FLOAT, (0,)),
    "FLOOR": (_FLOAT, (0,)),
    "CEIL": (_FLOAT, (0,)),
    "ROUND": (_FLOAT, (0,)),
    "RELU": (_FLOAT, (0,)),
    "RELU6": (_FLOAT, (0,)),
    "RELU_N1_TO_1": (_FLOAT, (0,)),
    "LOGICAL_AND": (_BOOL, None),
    "LOGICAL_OR": (_BOOL, None),
    "LOGICAL_NOT": (_BOOL, (0,)),
    "SUM": (_INTEGER, (0,)),
    "REDUCE_PROD": (_INTEGER, (0,)),
    "REDUCE_MAX": (_NUMBER, (0,)),
    "REDUCE_MIN": (_NUMBER, (0,)),
    "REDUCE_ANY": (_BOOL, (0,)),
    "REDUCE_ALL": (_BOOL, (0,)),
}
# What gives truth values of numbers, and places of the largest.
_COMPARISONS = frozenset(("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"))
_OF_SHAPE = frozenset(("SHAPE", "RANK"))
# These only give the same bytes another shape or order, whatever the bytes stand for.
_BLIND = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE"))
# The number of inputs, where another one would be something else.
_INPUTS: Mapping[str, tuple[int, int]] = {
    "RESHAPE": (1, 2),
    "SLICE": (3, 3),
    "STRIDED_SLICE": (4, 4),
    "PADV2": (3, 3),
    "SELECT_V2": (3, 3),
    "RANGE": (3, 3),
    "SPLIT_V": (3, 3),
}
_UNARY = frozenset(
    (
        "SQUEEZE",
        "UNPACK",
        "ZEROS_LIKE",
        "CAST",
        "NEG",
        "ABS",
        "SQUARE",
        "SQRT",
        "RSQRT",
        "FLOOR",
        "CEIL",
        "ROUND",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "LOGICAL_NOT",
        "QUANTIZE",
        *_OF_SHAPE,
    )
)
_SEVERAL = frozenset(("PACK", "CONCATENATION"))
_ARGUMENTS = frozenset((TensorType.INT32, TensorType.INT64))
_CLAMPS = frozenset(
    (
        ActivationFunctionType.NONE,
        ActivationFunctionType.RELU,
        ActivationFunctionType.RELU6,
        ActivationFunctionType.RELU_N1_TO_1,
    )
)


def is_evaluable(node: Node) -> bool:
    """Whether an operator's outputs can be computed when its inputs are known.

    That is by its name, types, options and declared shapes. Values may still stand in the way:
    an overflow, a division by 0, a number that is not finite.
    """
    if not node.outputs or not _has_its_inputs(node):
        return False
    if not all(_is_small(y) for y in node.outputs):
        return False
    x = node.inputs[0]
    if node.name in _OF_SHAPE:
        return node.outputs[0].type in _ARGUMENTS
    if any(value is None or value.tensor.sparsity is not None for value in node.inputs):
        return False
    if node.name in _COMPARISONS:
        types = {value.type for value in node.inputs if value is not None}
        return len(types) == 1 and types <= _NUMBER and node.outputs[0].type in _BOOL
    if node.name == "QUANTIZE":
        return x is not None and _is_quantised(x, node.outputs[0])
    if node.name in ("ARG_MAX", "ARG_MIN"):
        return x is not None and x.type in _NUMBER and node.outputs[0].type in _ARGUMENTS
    return _has_its_types(node) and _has_plain_options(node)


def _is_quantised(x: Value, y: Value) -> bool:
    """Whether floats become integers of one scale."""
    quantization = y.quantization
    return (
        x.type is TensorType.FLOAT32
        and y.type in (TensorType.INT8, TensorType.UINT8, TensorType.INT16)
        and quantization is not None
        and len(quantization.scale) == len(quantization.zero_point) == 1
    )


def _has_its_inputs(node: Node) -> bool:
    count = len(node.inputs)
    if node.name in _SEVERAL:
        return count > 0
    if node.name in _UNARY:
        return count == 1
    fewest, most = _INPUTS.get(node.name, (2, 2))
    return fewest <= count <= most


def _is_small(value: Value) -> bool:
    return min(value.shape, default=1) > 0 and value.bytes <= MAX_RESULT_BYTES


def _has_its_types(node: Node) -> bool:
    types, positions = _ELEMENTS.get(node.name, (frozenset(), None))
    elements = range(len(node.inputs)) if positions is None else positions
    y = node.outputs[0]
    for position, value in enumerate(node.inputs):
        if value is None:
            return False
        if position not in elements:
            wanted = _BOOL if node.name == "SELECT_V2" else _ARGUMENTS
            if value.type not in wanted:
                return False
            continue
        if value.type not in types or y.type not in types:
            return False
        if node.name == "CAST":
            continue
        if value.type is not y.type or any(other.type is not y.type for other in node.outputs):
            return False
        if node.name not in _BLIND and y.type in _NARROW:
            if not all(same_per_tensor_quantization(value, other) for other in node.outputs):
                return False
    return True


def _has_plain_options(node: Node) -> bool:
    options = node.options
    activation = getattr(options, "fused_activation_function", ActivationFunctionType.NONE)
    if activation is not ActivationFunctionType.NONE and not (
        activation in _CLAMPS and node.outputs[0].type is TensorType.FLOAT32
    ):
        return False
    if node.name == "CONCATENATION":
        return activation is ActivationFunctionType.NONE
    if node.name == "RESHAPE":
        return len(node.inputs) == 2 or isinstance(options, ReshapeOptions)
    if node.name == "STRIDED_SLICE":
        return isinstance(options, StridedSliceOptions) and not (
            options.ellipsis_mask or options.new_axis_mask or options.offset
        )
    if node.name == "GATHER":
        return not getattr(options, "batch_dims", 0)
    if node.name == "MIRROR_PAD":
        return isinstance(options, MirrorPadOptions) and options.mode in (0, 1)
    return True
