"""A source as LibCST's tree, and the nodes in it by where they stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

import libcst as cst  # noqa: TID253 - nothing here does without it; it is imported late itself
from libcst.metadata import (  # noqa: TID253
    CodeRange,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
)

from tflint.finding import Location
from tflint.fix.source.pieces import Habits
from tflint.source.edits import Edit

# LibCST's parser and printer go down by recursion, some frames a level.
MAX_DEPTH = 150

_NEWLINES: dict[str, Literal["\r\n", "\n", "\r"]] = {"\r\n": "\r\n", "\n": "\n", "\r": "\r"}

Span = tuple[int, int, int, int]


class CannotEdit(Exception):
    """An edit cannot be made, with the reason."""


class Tree:
    """A parsed source; raises `CannotEdit` where LibCST does not read it."""

    def __init__(self, text: str, style: Habits) -> None:
        if _depth(text) > MAX_DEPTH:
            raise CannotEdit(f"the code is nested more than {MAX_DEPTH} levels deep")
        try:
            config = cst.PartialParserConfig(
                default_indent=style.indent, default_newline=_NEWLINES[style.newline]
            )
            self.module = cst.parse_module(text, config)
            wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
            positions = wrapper.resolve(PositionProvider)
            self._parents = wrapper.resolve(ParentNodeProvider)
        except (cst.ParserSyntaxError, RecursionError, UnicodeError) as error:
            raise CannotEdit("the parser of the repairs does not read this source") from error
        if self.module.code != text:
            raise CannotEdit("the parser of the repairs does not give back what it read")
        self._nodes: dict[Span, list[cst.CSTNode]] = {}
        self._comments: dict[int, list[tuple[cst.Comment, int, int]]] = {}
        for node, position in positions.items():
            self._nodes.setdefault(_span(position), []).append(node)
            if isinstance(node, cst.Comment):
                here = (node, position.start.column, position.end.column)
                self._comments.setdefault(position.start.line, []).append(here)
            if isinstance(node, cst.Tuple) and node.lpar:
                # Python counts the parentheses of a tuple to it.
                around = CodeRange(positions[node.lpar[-1]].start, positions[node.rpar[0]].end)
                self._nodes.setdefault(_span(around), []).append(node)

    def expression(self, edit: Edit) -> cst.BaseExpression:
        """The outermost expression that stands at the place of an edit."""
        for node in self._at(edit.at):
            if isinstance(node, cst.BaseExpression):
                return node
        raise CannotEdit(_missing("expression", edit.at))

    def statement(self, edit: Edit) -> cst.BaseSmallStatement | cst.BaseCompoundStatement:
        """The statement that stands at the place of an edit."""
        for node in self._at(edit.at):
            if isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
                return node
        raise CannotEdit(_missing("statement", edit.at))

    def comment(self, edit: Edit) -> tuple[cst.Comment, int]:
        """The comment that the place of an edit is in, and the column, from 0, it begins at."""
        at = edit.at
        for node, start, end in self._comments.get(at.line or 0, ()):
            if (
                at.end_line == at.line
                and start < (at.column or 0)
                and (at.end_column or 0) <= end + 1
            ):
                return node, start
        raise CannotEdit(_missing("comment", edit.at))

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node that this one is a part of."""
        return self._parents[node]

    def _at(self, at: Location) -> Iterator[cst.CSTNode]:
        span = (at.line or 0, (at.column or 0) - 1, at.end_line or 0, (at.end_column or 0) - 1)
        yield from self._nodes.get(span, ())


def _span(position: CodeRange) -> Span:
    start, end = position.start, position.end
    return start.line, start.column, end.line, end.column


def _missing(what: str, at: Location) -> str:
    return f"there is no {what} of its own at {at.line}:{at.column}"


def _depth(text: str) -> int:
    """How deep the code is nested, by a walk that does not recurse itself."""
    deepest = 0
    stack: list[tuple[ast.AST, int]] = [(ast.parse(text), 0)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    return deepest
