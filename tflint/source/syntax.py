"""The syntax tree of a source by place: the node at a location, and what is around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property, lru_cache

from tflint.finding import Location
from tflint.source.module import SourceModule

_Place = tuple[int | None, int | None, int | None, int | None, int | None]
# What tells one data format from the other, in Keras' words and in those of Keras 1.
FORMATS = frozenset(("channels_first", "channels_last", "th", "tf"))


class Syntax:
    """The nodes of a module by their places, with their parents."""

    def __init__(self, module: SourceModule) -> None:
        self.module = module
        self._parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(module.tree):
            for child in ast.iter_child_nodes(node):
                self._parents[child] = node

    @cached_property
    def _expressions(self) -> dict[_Place, ast.expr]:
        found: dict[_Place, ast.expr] = {}
        for node in self._parents:
            if isinstance(node, ast.expr):
                # The outermost of those that stand at one place: `walk` goes from outside.
                found.setdefault(place(self.module.locate(node)), node)
        return found

    def expression(self, at: Location | None) -> ast.expr | None:
        """The outermost expression that stands at a place."""
        return None if at is None else self._expressions.get(place(at))

    @cached_property
    def _statements(self) -> dict[_Place, ast.stmt]:
        return {
            place(self.module.locate(node)): node
            for node in self._parents
            if isinstance(node, ast.stmt)
        }

    def statement_at(self, at: Location | None) -> ast.stmt | None:
        """The statement that stands at a place."""
        return None if at is None else self._statements.get(place(at))

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the file uses or binds, wherever."""
        found: set[str] = set()
        for node in self._parents:
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.alias):
                found.add((node.asname or node.name).partition(".")[0])
        return frozenset(found)

    def nodes(self) -> Iterator[ast.AST]:
        """All nodes but the module, outer ones before inner ones."""
        return iter(self._parents)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that this one is a part of; None for the module."""
        return self._parents.get(node)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that this one is in, the innermost first."""
        parent = self._parents.get(node)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement that a node is in, or is."""
        if isinstance(node, ast.stmt):
            return node
        return next((each for each in self.around(node) if isinstance(each, ast.stmt)), None)

    def calls_at(self, at: Location) -> Iterator[ast.Call]:
        """The calls that have something at this place as an argument, the innermost first."""
        node = self.expression(at)
        if node is not None:
            yield from (each for each in self.around(node) if isinstance(each, ast.Call))

    def locate(self, node: ast.expr | ast.stmt) -> Location:
        """Where a node stands."""
        return self.module.locate(node)

    def text(self, node: ast.expr) -> str:
        """The source of an expression, as it is written."""
        lines = self.module.lines
        at = self.module.locate(node)
        first, last = node.lineno, node.end_lineno or node.lineno
        start, end = (at.column or 1) - 1, (at.end_column or 1) - 1
        if first == last:
            return self.module.line_text(first)[start:end]
        middle = lines[first : last - 1]
        return "\n".join((lines[first - 1][start:], *middle, lines[last - 1][:end]))

    def follows_format(self, node: ast.AST) -> bool:
        """Whether it is run only where a test of the data format comes out one way."""
        for inner, outer in zip((node, *self.around(node)), self.around(node), strict=False):
            if isinstance(outer, ast.IfExp | ast.If) and inner is not outer.test:
                if any(_is_format(part) for part in ast.walk(outer.test)):
                    return True
        return False

    @cached_property
    def _loads(self) -> dict[str, list[ast.Name]]:
        found: dict[str, list[ast.Name]] = {}
        for node in self._parents:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.setdefault(node.id, []).append(node)
        return found

    def loads(self, name: str) -> list[ast.Name]:
        """Where a name is read, anywhere in the file."""
        return self._loads.get(name, [])


@lru_cache(maxsize=4)
def syntax_of(module: SourceModule) -> Syntax:
    """The syntax of a module, which each repair of one source asks for."""
    return Syntax(module)


def place(at: Location) -> _Place:
    """What tells two places apart."""
    return at.cell, at.line, at.column, at.end_line, at.end_column


def _is_format(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in FORMATS
