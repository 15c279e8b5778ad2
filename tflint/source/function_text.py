"""What the text of a function says beyond the values that it gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tflint.finding import Location
from tflint.source.module import SourceModule


class FunctionText:
    """The syntax of the function that stands at a place of a module."""

    def __init__(self, module: SourceModule, place: Location) -> None:
        self._place = place
        self._nodes = list(_nodes(module, place))

    @property
    def may_fill_buffers(self) -> bool:
        """Whether it assigns to elements, or calls something for what that does to arguments."""
        return any(
            (isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store))
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
            or (isinstance(node, ast.keyword) and node.arg == "out")
            or isinstance(node, ast.AugAssign)
            for node in self._nodes
        )

    def has(self, place: Location | None) -> bool:
        """Whether a place is inside."""
        if place is None or place.cell != self._place.cell:
            return False
        first, last, line = self._place.line, self._place.end_line, place.line
        if line is None or first is None or last is None:
            return False
        return first <= line <= last


def _nodes(module: SourceModule, place: Location) -> Iterator[ast.AST]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if module.locate(node) == place:
                yield from ast.walk(node)
                return
