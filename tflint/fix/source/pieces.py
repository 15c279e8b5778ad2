"""The parts of a source that edits touch: all the rest need not be taken apart for them."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tflint.source.edits import Edit

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some statements on the outermost level, with the lines above each, and the edits in them.

    `start` and `end` are offsets into the source; the edits count lines from the piece's first.
    """

    start: int
    end: int
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """What new lines are to look like: those that a source has."""

    indent: str
    newline: str


def pieces(text: str, edits: Sequence[Edit]) -> list[Piece]:
    """The pieces that the edits are in, each with a statement around them, in order."""
    starts = [0]
    for match in _LINE.finditer(text):
        starts.append(match.end())
    ends = list(_last_lines(ast.parse(text)))
    if not ends:
        return [Piece(0, len(text), tuple(edits))]
    touched: dict[int, list[Edit]] = {}
    for edit in edits:
        unit = min(bisect_left(ends, edit.at.line or 1), len(ends) - 1)
        touched.setdefault(unit, []).append(edit)
    found = []
    for first, last, inside in _runs(touched, len(ends)):
        line = ends[first - 1] if first else 0
        end = len(text) if last == len(ends) - 1 else starts[min(ends[last], len(starts) - 1)]
        moved = tuple(_moved(edit, line) for edit in inside)
        found.append(Piece(starts[line], end, moved))
    return found


def habits(text: str) -> Habits:
    """The indentation and the line end that a source begins with."""
    newline = re.search(r"\r\n|\r|\n", text)
    indent = "    "
    lines = re.split(r"\r\n|\r|\n", text)
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module) or not isinstance(body, list) or not body:
            continue
        first = body[0]
        if isinstance(first, ast.stmt) and isinstance(node, ast.stmt) and node.col_offset == 0:
            blank = lines[first.lineno - 1][: first.col_offset]
            if first.lineno > node.lineno and blank and not blank.strip(" \t"):
                indent = blank
                break
    return Habits(indent, newline[0] if newline else "\n")


def _last_lines(tree: ast.Module) -> Iterator[int]:
    """The last line of each statement, those that share a line taken together."""
    last = 0
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        if last and first > last:
            yield last
        last = max(last, node.end_lineno or node.lineno)
    if last:
        yield last


def _runs(touched: dict[int, list[Edit]], count: int) -> Iterator[tuple[int, int, list[Edit]]]:
    """First and last statement of each piece, with its edits; one more on either side."""
    first = last = -1
    inside: list[Edit] = []
    for unit in sorted(touched):
        if inside and unit - 1 > last:
            yield first, last, inside
            inside = []
        if not inside:
            first = max(unit - 1, 0)
        last = min(unit + 1, count - 1)
        inside = [*inside, *touched[unit]]
    if inside:
        yield first, last, inside


def _moved(edit: Edit, lines: int) -> Edit:
    at = edit.at
    place = replace(
        at,
        line=None if at.line is None else at.line - lines,
        end_line=None if at.end_line is None else at.end_line - lines,
    )
    return replace(edit, at=place)
