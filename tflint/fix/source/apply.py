"""Edits carried out on LibCST's tree, so that all other text stays as it is."""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence

import libcst as cst  # noqa: TID253 - nothing here does without it; it is imported late itself

from tflint.fix.source.elements import reordered, with_element, with_keyword, without
from tflint.fix.source.pieces import Habits, Piece, habits, pieces
from tflint.fix.source.statements import block_with, line_with, line_without
from tflint.fix.source.tree import CannotEdit, Tree
from tflint.source.edits import (
    AddArgument,
    Edit,
    InsertBefore,
    InsertElement,
    Permute,
    RemoveElement,
    RemoveStatement,
    Replace,
)

Change = Callable[[cst.CSTNode], cst.CSTNode]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The source with all of the edits made, none of which conflict.

    Raises `CannotEdit` if one cannot be made, or if what comes out does not parse.
    """
    try:
        found = pieces(text, edits)
        style = habits(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotEdit("the source does not parse") from error
    parts: list[str] = []
    end = 0
    for piece in found:
        parts += [text[end : piece.start], _edited(text[piece.start : piece.end], piece, style)]
        end = piece.end
    code = "".join((*parts, text[end:]))
    _check(code)
    return code


def _edited(text: str, piece: Piece, style: Habits) -> str:
    tree = Tree(text, style)
    changes = _Changes(tree)
    try:
        for edit in piece.edits:
            changes.add(edit)
        return tree.module.visit(changes.transformer()).code
    except (RecursionError, cst.CSTValidationError, cst.ParserSyntaxError) as error:
        raise CannotEdit("the edited code could not be put together") from error


def _check(code: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotEdit("the edited code would not parse") from error


class _Changes:
    """What becomes of which node, collected edit by edit."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._expressions: dict[cst.CSTNode, list[Change]] = defaultdict(list)
        self._elements: dict[cst.CSTNode, set[int]] = defaultdict(set)
        self._new_elements: dict[cst.CSTNode, list[tuple[int, cst.BaseExpression]]] = defaultdict(
            list
        )
        self._removed: dict[cst.CSTNode, set[int]] = defaultdict(set)
        self._inserted: dict[tuple[cst.CSTNode, int], list[cst.CSTNode]] = defaultdict(list)
        # Parts of comments with what comes there, by the line that holds the comment.
        self._slices: dict[cst.CSTNode, list[tuple[int, int, str]]] = defaultdict(list)
        self._seen: set[Edit] = set()

    def add(self, edit: Edit) -> None:
        """Take one edit in; raises `CannotEdit`."""
        if edit in self._seen:
            return
        self._seen.add(edit)
        if isinstance(edit, Replace):
            self._replace(edit)
        elif isinstance(edit, Permute):
            node = self._tree.expression(edit)
            order = edit.order
            self._expressions[node].append(lambda updated: _permuted(updated, order))
        elif isinstance(edit, RemoveElement):
            self._remove_element(edit)
        elif isinstance(edit, InsertElement):
            self._insert_element(edit)
        elif isinstance(edit, AddArgument):
            self._add_argument(edit)
        elif isinstance(edit, RemoveStatement):
            holder, index = self._place(self._tree.statement(edit))
            self._removed[holder].add(index)
        elif isinstance(edit, InsertBefore):
            self._insert(edit)
        else:
            comment, column = self._tree.comment(edit)
            start, end = (edit.at.column or 1) - 1 - column, (edit.at.end_column or 1) - 1 - column
            self._slices[self._tree.parent(comment)].append((start, end, edit.text))

    def _replace(self, edit: Replace) -> None:
        node = self._tree.expression(edit)
        new = cst.parse_expression(edit.text, self._tree.module.config_for_parsing)

        def change(updated: cst.CSTNode) -> cst.CSTNode:
            assert isinstance(updated, cst.BaseExpression)
            if isinstance(updated, cst.Tuple) or isinstance(new, cst.Tuple) or not updated.lpar:
                return new
            return new.with_changes(
                lpar=[*updated.lpar, *new.lpar], rpar=[*new.rpar, *updated.rpar]
            )

        self._expressions[node].append(change)

    def _remove_element(self, edit: RemoveElement) -> None:
        element = self._tree.parent(self._tree.expression(edit))
        holder = self._tree.parent(element)
        if isinstance(holder, cst.Call) and isinstance(element, cst.Arg):
            index = list(holder.args).index(element)
        elif isinstance(holder, cst.List | cst.Tuple | cst.Set) and isinstance(
            element, cst.Element
        ):
            index = list(holder.elements).index(element)
        else:
            raise CannotEdit("it is no element of a list and no argument of a call")
        self._elements[holder].add(index)

    def _insert_element(self, edit: InsertElement) -> None:
        element = self._tree.parent(self._tree.expression(edit))
        holder = self._tree.parent(element)
        if not isinstance(holder, cst.List | cst.Tuple) or not isinstance(element, cst.Element):
            raise CannotEdit("it is no element of a list")
        index = list(holder.elements).index(element)
        value = cst.parse_expression(edit.text, self._tree.module.config_for_parsing)

        self._new_elements[holder].append((index, value))
        self._new_elements[holder].sort(key=lambda new: new[0])

    def _add_argument(self, edit: AddArgument) -> None:
        call = self._tree.expression(edit)
        if not isinstance(call, cst.Call):
            raise CannotEdit("there is no call to add an argument to")
        if any(isinstance(argument.value, cst.GeneratorExp) for argument in call.args):
            raise CannotEdit("a call of a generator takes no further argument")
        if any(argument.keyword and argument.keyword.value == edit.name for argument in call.args):
            raise CannotEdit(f"the call has {edit.name} already")
        name, value = edit.name, cst.parse_expression(edit.text)

        def change(updated: cst.CSTNode) -> cst.CSTNode:
            assert isinstance(updated, cst.Call)
            return with_keyword(updated, name, value)

        self._expressions[call].append(change)

    def _place(
        self, statement: cst.BaseSmallStatement | cst.BaseCompoundStatement
    ) -> tuple[cst.CSTNode, int]:
        """The line or block that a statement is part of, and its index there.

        One that has its line to itself counts in the block.
        """
        parent = self._tree.parent(statement)
        if isinstance(parent, cst.SimpleStatementLine) and len(parent.body) == 1:
            return self._place(parent)  # type: ignore[arg-type]
        if isinstance(
            parent,
            cst.Module | cst.IndentedBlock | cst.SimpleStatementLine | cst.SimpleStatementSuite,
        ):
            return parent, [id(child) for child in parent.body].index(id(statement))
        raise CannotEdit("the statement is part of another one")

    def _insert(self, edit: InsertBefore) -> None:
        holder, index = self._place(self._tree.statement(edit))
        new = list(cst.parse_module(edit.text, self._tree.module.config_for_parsing).body)
        if isinstance(holder, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            small = [part for line in new for part in _parts(line)]
            self._inserted[holder, index] += small
        else:
            self._inserted[holder, index] += new

    def transformer(self) -> cst.CSTTransformer:
        """What carries everything out."""
        return _Transformer(self)

    def changed(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        """What becomes of a node, once its parts have been seen to."""
        for change in self._expressions.get(original, ()):
            updated = change(updated)
        removed = self._elements.get(original, set())
        for index, value in reversed(self._new_elements.get(original, ())):
            updated = _with_element(updated, index, value)
            removed = {i + 1 if i > index else i for i in removed}
        if removed:
            updated = _without(updated, removed)
        if isinstance(original, cst.TrailingWhitespace) and original in self._slices:
            return _trailing(updated, self._comment(original))
        return self._statements(original, updated)

    def _statements(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        if not isinstance(
            original,
            cst.Module | cst.IndentedBlock | cst.SimpleStatementLine | cst.SimpleStatementSuite,
        ):
            return updated
        removed = frozenset(self._removed.get(original, ()))
        inserted = {
            index: new for (holder, index), new in self._inserted.items() if holder is original
        }
        if not removed and not inserted:
            return updated
        if isinstance(updated, cst.Module | cst.IndentedBlock):
            return block_with(updated, removed, inserted)  # type: ignore[arg-type]
        assert isinstance(updated, cst.SimpleStatementLine | cst.SimpleStatementSuite)
        for index, new in sorted(inserted.items(), reverse=True):
            updated = line_with(updated, index, new)  # type: ignore[arg-type]
            removed = frozenset(i + len(new) if i >= index else i for i in removed)
        return line_without(updated, removed) if removed else updated

    def comment_line(self, original: cst.CSTNode) -> str | None:
        """The comment that a line of its own gets, empty for none; None where it stays."""
        if not isinstance(original, cst.EmptyLine) or original not in self._slices:
            return None
        return self._comment(original)

    def _comment(self, holder: cst.TrailingWhitespace | cst.EmptyLine) -> str:
        """What is left of a comment; empty where it says nothing any more."""
        assert holder.comment is not None
        text = holder.comment.value
        for start, end, new in sorted(self._slices[holder], reverse=True):
            text = text[:start] + new + text[end:]
        text = text.strip()
        if not text.strip("# \t"):
            return ""
        return text if text.startswith("#") else f"# {text}"


class _Transformer(cst.CSTTransformer):
    def __init__(self, changes: _Changes) -> None:
        super().__init__()
        self._changes = changes

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel:
        comment = self._changes.comment_line(original_node)
        if comment is None:
            return self._changes.changed(original_node, updated_node)
        if not comment:
            return cst.RemoveFromParent()
        return updated_node.with_changes(comment=cst.Comment(comment))


def _parts(line: cst.CSTNode) -> Sequence[cst.BaseSmallStatement]:
    if not isinstance(line, cst.SimpleStatementLine):
        raise CannotEdit("the line has other statements on it")
    return line.body


def _trailing(updated: cst.CSTNode, comment: str) -> cst.CSTNode:
    if comment:
        return updated.with_changes(comment=cst.Comment(comment))
    return updated.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))


def _permuted(updated: cst.CSTNode, order: tuple[int, ...]) -> cst.CSTNode:
    if isinstance(updated, cst.Call):
        named = any(argument.keyword or argument.star for argument in updated.args)
        if named or len(updated.args) != len(order):
            raise CannotEdit("the arguments are not those that were to change places")
        items, _ = reordered(updated.args, order, cst.SimpleWhitespace(""))
        return updated.with_changes(args=items)
    if not isinstance(updated, cst.List | cst.Tuple):
        raise CannotEdit("there is no list or tuple of elements to change places")
    elements = [element for element in updated.elements if isinstance(element, cst.Element)]
    if not len(elements) == len(updated.elements) == len(order):
        raise CannotEdit("the elements are not those that were to change places")
    _, after = _around(updated)
    items_, after = reordered(elements, order, after)
    return _bracketed(updated.with_changes(elements=items_), None, after)


def _without(updated: cst.CSTNode, removed: set[int]) -> cst.CSTNode:
    if isinstance(updated, cst.Call):
        last = updated.args[-1]
        trails = isinstance(last.comma, cst.Comma)
        end = last.comma.whitespace_after if trails else last.whitespace_after_arg  # type: ignore[union-attr]
        items, before, after = without(updated.args, removed, updated.whitespace_before_args, end)
        if items:
            comma = items[-1].comma
            items[-1] = (
                items[-1].with_changes(comma=comma.with_changes(whitespace_after=after))
                if isinstance(comma, cst.Comma)
                else items[-1].with_changes(whitespace_after_arg=after)
            )
        return updated.with_changes(
            args=items, whitespace_before_args=before if items else cst.SimpleWhitespace("")
        )
    assert isinstance(updated, cst.List | cst.Tuple | cst.Set)
    before, after = _around(updated)
    kept, before, after = without(updated.elements, removed, before, after)  # type: ignore[type-var]
    return _bracketed(updated.with_changes(elements=kept), before, after)


def _with_element(updated: cst.CSTNode, index: int, value: cst.BaseExpression) -> cst.CSTNode:
    assert isinstance(updated, cst.List | cst.Tuple)
    before, after = _around(updated)
    items, after = with_element(updated.elements, index, value, before, after)
    return _bracketed(updated.with_changes(elements=items), None, after)


def _around(
    display: cst.List | cst.Tuple | cst.Set,
) -> tuple[cst.BaseParenthesizableWhitespace, cst.BaseParenthesizableWhitespace]:
    """The gaps before the first element and behind the last."""
    if isinstance(display, cst.List):
        return display.lbracket.whitespace_after, display.rbracket.whitespace_before
    if isinstance(display, cst.Set):
        return display.lbrace.whitespace_after, display.rbrace.whitespace_before
    if not display.lpar:
        return cst.SimpleWhitespace(""), cst.SimpleWhitespace("")
    return display.lpar[-1].whitespace_after, display.rpar[0].whitespace_before


def _bracketed(
    display: cst.List | cst.Tuple | cst.Set,
    before: cst.BaseParenthesizableWhitespace | None,
    after: cst.BaseParenthesizableWhitespace,
) -> cst.CSTNode:
    """The display with other gaps at its ends."""
    first, _ = _around(display)
    before = first if before is None else before
    if isinstance(display, cst.List):
        return display.with_changes(
            lbracket=display.lbracket.with_changes(whitespace_after=before),
            rbracket=display.rbracket.with_changes(whitespace_before=after),
        )
    if isinstance(display, cst.Set):
        return display.with_changes(
            lbrace=display.lbrace.with_changes(whitespace_after=before),
            rbrace=display.rbrace.with_changes(whitespace_before=after),
        )
    if not display.lpar:
        return display
    lpar = [*display.lpar[:-1], display.lpar[-1].with_changes(whitespace_after=before)]
    rpar = [display.rpar[0].with_changes(whitespace_before=after), *display.rpar[1:]]
    return display.with_changes(lpar=lpar, rpar=rpar)
