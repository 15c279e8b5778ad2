"""What the text of functions says beyond the values that they give."""

from __future__ import annotations

import ast
from functools import cached_property

from tflint.finding import Location
from tflint.source.module import SourceModule


class FunctionTexts:
    """The functions of a module, by where they stand."""

    def __init__(self, module: SourceModule) -> None:
        self._module = module
        self._may_fill: dict[Location, bool] = {}

    @cached_property
    def _nodes(self) -> dict[Location, ast.AST]:
        return {
            self._module.locate(node): node
            for node in ast.walk(self._module.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        }

    def may_fill_buffers(self, place: Location) -> bool:
        """Whether a function assigns to elements, or calls something for what that does."""
        if place not in self._may_fill:
            node = self._nodes.get(place)
            self._may_fill[place] = node is not None and any(map(_may_fill, ast.walk(node)))
        return self._may_fill[place]


def _may_fill(node: ast.AST) -> bool:
    return (
        (isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        or (isinstance(node, ast.keyword) and node.arg == "out")
        or isinstance(node, ast.AugAssign)
    )


def is_inside(place: Location | None, function: Location) -> bool:
    """Whether a place is inside a function, by lines."""
    if place is None or place.cell != function.cell:
        return False
    first, last, line = function.line, function.end_line, place.line
    if line is None or first is None or last is None:
        return False
    return first <= line <= last
