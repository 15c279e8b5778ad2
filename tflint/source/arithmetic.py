"""Operators on constants, as Python computes them, within bounds."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any, Final

from tflint.source.limits import MAX_BITS, MAX_LENGTH
from tflint.source.objects import Scalar

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
# What the operators are called in paths of results.
OPERATOR_NAMES: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or_",
    ast.BitAnd: "and_",
    ast.BitXor: "xor",
}
# What Python raises for operands that do not fit.
_ERRORS = (TypeError, ValueError, ArithmeticError, MemoryError, AttributeError, LookupError)


# Directives that make hundreds of characters of one.
_WIDE = re.compile(r"%[-+ #]*(?:\d{3,}|\*|\d*\.(?:\d{3,}|\*))")


class NotComputed(Exception):
    """It fails in Python as well, or is too large to be computed."""


def bounded(value: object) -> Scalar:
    """The value, if it is a scalar of sane size; raises `NotComputed`."""
    if value is None or isinstance(value, bool | float | complex):
        return value
    if isinstance(value, int):
        if value.bit_length() <= MAX_BITS:
            return value
    elif isinstance(value, str | bytes) and len(value) <= MAX_LENGTH:
        return value
    raise NotComputed


def binary(kind: type[ast.operator], left: Scalar, right: Scalar) -> Scalar:
    """A binary operator; raises `NotComputed`."""
    function = _BINARY.get(kind)
    if function is None or not _is_sane(kind, left, right):
        raise NotComputed
    try:
        return bounded(function(left, right))
    except _ERRORS as error:
        raise NotComputed from error


def _is_sane(kind: type[ast.operator], left: Scalar, right: Scalar) -> bool:
    """Whether the result is small enough to be computed."""
    if kind is ast.Pow and isinstance(left, int) and isinstance(right, int):
        return abs(right) * max(left.bit_length(), 1) <= MAX_BITS
    if kind is ast.LShift and isinstance(right, int):
        return right <= MAX_BITS
    if kind is ast.Mult:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, str | bytes):
                return isinstance(other, int) and len(one) * max(other, 0) <= MAX_LENGTH
    # A width in a format makes as many characters.
    return not (kind is ast.Mod and isinstance(left, str | bytes))


def compare(kind: type[ast.cmpop], left: Scalar, right: Scalar) -> bool:
    """A comparison of scalars; raises `NotComputed`."""
    function = _COMPARISONS.get(kind)
    if function is None:
        raise NotComputed
    try:
        return bool(function(left, right))
    except _ERRORS as error:
        raise NotComputed from error


def unary(kind: type[ast.unaryop], value: Scalar) -> Scalar:
    """A unary operator; raises `NotComputed`."""
    try:
        return bounded(_UNARY[kind](value))
    except _ERRORS as error:
        raise NotComputed from error


def percent_format(text: str, values: Scalar | tuple[Scalar, ...]) -> str:
    """`"conv%d" % 3`, for directives without a width; raises `NotComputed`."""
    if _WIDE.search(text):
        raise NotComputed
    try:
        return str(bounded(text % values))
    except _ERRORS as error:
        raise NotComputed from error
