"""Statements: removed, and put in front of others, with comments and blank lines kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst  # noqa: TID253 - nothing here does without it; it is imported late itself

Line = cst.SimpleStatementLine | cst.BaseCompoundStatement
Block = cst.Module | cst.IndentedBlock


def block_with(
    block: Block,
    removed: frozenset[int],
    inserted: Mapping[int, Sequence[Line]],
) -> Block:
    """The block without some of its lines, by index, and with others in front of some."""
    body: list[Line] = []
    pending: list[cst.EmptyLine] = []
    for i, line in enumerate(block.body):
        assert isinstance(line, Line)
        if i in removed:
            pending = _joined(pending, line.leading_lines)
            continue
        line = line.with_changes(leading_lines=_joined(pending, line.leading_lines))
        pending = []
        new = list(inserted.get(i, ()))
        if new:
            _lead(new, line.leading_lines, distance=2 if isinstance(block, cst.Module) else 1)
            line = line.with_changes(leading_lines=())
        body += [*new, line]
    if not any(line.comment for line in pending):
        pending = []
    if not body and isinstance(block, cst.IndentedBlock):
        body = [cst.SimpleStatementLine([cst.Pass()], leading_lines=pending)]
        pending = []
    footer = [*pending, *block.footer]
    return block.with_changes(body=body, footer=footer)


def _lead(new: list[Line], leading: Sequence[cst.EmptyLine], *, distance: int) -> None:
    """Give new lines the blank lines and comments that were above the line behind them.

    A function among them keeps its distance, and comments stand above the statements.
    """
    first = next((i for i, line in enumerate(new) if not _is_definition(line)), len(new) - 1)
    if first:
        blank = [cst.EmptyLine(indent=False)] * distance
        comments = [*leading]
        while comments and comments[0].comment is None:
            comments.pop(0)
        new[0] = new[0].with_changes(leading_lines=blank)
        leading = [*blank, *comments]
    new[first] = new[first].with_changes(leading_lines=leading)


def _is_definition(line: Line) -> bool:
    return isinstance(line, cst.FunctionDef | cst.ClassDef)


def line_without(
    line: cst.SimpleStatementLine | cst.SimpleStatementSuite, removed: frozenset[int]
) -> cst.SimpleStatementLine | cst.SimpleStatementSuite:
    """The line without some of the statements that semicolons part on it."""
    kept = [statement for i, statement in enumerate(line.body) if i not in removed]
    if not kept:
        return line.with_changes(body=[cst.Pass()])
    if (len(line.body) - 1) in removed:
        kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return line.with_changes(body=kept)


def line_with(
    line: cst.SimpleStatementLine | cst.SimpleStatementSuite,
    index: int,
    new: Sequence[cst.BaseSmallStatement],
) -> cst.SimpleStatementLine | cst.SimpleStatementSuite:
    """The line with statements in front of one of those on it."""
    parted = [
        statement.with_changes(semicolon=cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" ")))
        for statement in new
    ]
    return line.with_changes(body=[*line.body[:index], *parted, *line.body[index:]])


def _joined(before: Sequence[cst.EmptyLine], after: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The lines one behind the other, blank ones at the seam not doubled."""
    blank = 0
    for line in reversed(before):
        if line.comment is not None:
            break
        blank += 1
    rest = list(after)
    while blank and rest and rest[0].comment is None:
        rest.pop(0)
        blank -= 1
    return [*before, *rest]
