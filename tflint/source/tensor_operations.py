"""Operations on tensors outside layers: the axes that they are told, from the code of the call."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

from tflint.keras.network import Call
from tflint.keras.shapes.operations import ELEMENTWISE, REDUCTIONS
from tflint.source.syntax import Syntax

_JOINS: Final = frozenset(("concat", "concatenate"))
_TRANSPOSES: Final = frozenset(("permute_dimensions", "transpose"))
_KEYWORDS: Final = ("axis", "perm", "axes", "pattern")
_KEEP: Final = ("keepdims", "keep_dims")


@dataclass(frozen=True, slots=True)
class Operation:
    """A call of a function that is told axes.

    `axes` are None where it is told none; `argument` is the expression of them. `keeps` tells
    whether what comes out has as many dimensions as what goes in.
    """

    kind: str
    axes: tuple[int, ...] | None
    argument: ast.expr | None
    keeps: bool

    @property
    def is_transpose(self) -> bool:
        """Whether the axes are the order of the dimensions."""
        return self.kind in _TRANSPOSES

    @property
    def is_join(self) -> bool:
        """Whether it joins tensors along an axis."""
        return self.kind in _JOINS


def is_elementwise(call: Call) -> bool:
    """Whether an operation, which is no layer, works on each number by itself."""
    return call.layer.kind in ELEMENTWISE and not call.layer.path.startswith("keras.layers.")


def operation(syntax: Syntax, call: Call) -> Operation | None:
    """What a call outside layers does to axes; None for layers, and where that is not known."""
    kind = call.layer.kind
    if call.layer.path.startswith("keras.layers.") or kind not in _JOINS | REDUCTIONS | _TRANSPOSES:
        return None
    node = syntax.expression(call.location)
    if not isinstance(node, ast.Call) or any(isinstance(a, ast.Starred) for a in node.args):
        return None
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    argument = next((given[name] for name in _KEYWORDS if name in given), None)
    if argument is None and len(node.args) > 1:
        argument = node.args[1]
    axes = None if argument is None else integers(argument)
    if argument is not None and axes is None:
        return None
    keep = next((given[name] for name in _KEEP if name in given), None)
    if keep is not None and not isinstance(keep, ast.Constant):
        return None
    keeps = kind not in REDUCTIONS or (isinstance(keep, ast.Constant) and keep.value is True)
    return Operation(kind, axes, argument, keeps)


def integers(node: ast.expr) -> tuple[int, ...] | None:
    """The integers that a literal holds."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    found = []
    for part in parts:
        sign, inner = 1, part
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
            sign, inner = -1, part.operand
        if not isinstance(inner, ast.Constant) or type(inner.value) is not int:
            return None
        found.append(sign * inner.value)
    return tuple(found)
