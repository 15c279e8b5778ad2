"""Where the code of a notebook stands in its JSON, for reports that know lines of files only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tflint.source.parsing import split_lines

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},\n]', re.DOTALL)
_SOURCE_KEYS = ("source", "input")
_MAX_DEPTH = 1000


def source_lines(document: str) -> dict[int, list[int]]:
    """The line of the document, from 1, of each line of each cell's source, by the cell's number.

    The document is JSON that was parsed. A source that is one string has all lines on one.
    """
    found: dict[int, list[int]] = {}
    for number, pieces in _pieces(document):
        lines: list[int] = []
        starts = True
        for literal, line in pieces:
            text = _text(literal)
            if not text:
                continue
            parts = split_lines(text)
            count = len(parts) - 1 + starts
            starts = len(parts) > 1 and not parts[-1]
            lines += [line] * (count - starts)
        if starts:
            lines.append(pieces[-1][1] if pieces else 1)
        found[number] = lines
    return found


def _text(literal: str) -> str:
    try:
        text: object = json.loads(literal, strict=False)
    except ValueError:
        return ""
    return text if isinstance(text, str) else ""


def _pieces(document: str) -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """The number of each cell with the string literals of its source and their lines."""
    # For each open bracket: whether it is an object, and the key or index that is read in it.
    stack: list[tuple[bool, str | int]] = []
    number, line = 0, 1
    pieces: list[tuple[str, int]] = []
    is_key = False
    for match in _TOKEN.finditer(document):
        token = match[0]
        if token == "\n":
            line += 1
        elif token in ("[", "{"):
            if len(stack) >= _MAX_DEPTH:
                return
            if _is_cells(stack):
                index = stack[-1][1]
                in_worksheet = len(stack) > 2 or not isinstance(index, int)
                number = number + 1 if in_worksheet else int(index) + 1
                pieces = []
            stack.append((token == "{", "" if token == "{" else 0))
            is_key = token == "{"
        elif token in ("]", "}"):
            if stack:
                stack.pop()
            if _is_cells(stack):
                yield number, pieces
        elif token == ",":
            if stack:
                is_object, at = stack[-1]
                stack[-1] = (is_object, at if isinstance(at, str) else at + 1)
                is_key = is_object
        elif is_key:
            stack[-1] = (True, token[1:-1])
            is_key = False
        else:
            if _is_source(stack):
                pieces.append((token, line))
            line += token.count("\n")


def _is_cells(stack: list[tuple[bool, str | int]]) -> bool:
    """Whether what is read is an element of the list of cells."""
    keys = [at for _, at in stack]
    return (len(keys) == 2 and keys[0] == "cells") or (
        len(keys) == 4 and keys[0] == "worksheets" and keys[2] == "cells"
    )


def _is_source(stack: list[tuple[bool, str | int]]) -> bool:
    """Whether a string belongs to the source of a cell."""
    inside = next((length for length in (2, 4) if _is_cells(stack[:length])), None)
    if inside is None or not inside < len(stack) <= inside + 2:
        return False
    return stack[inside][1] in _SOURCE_KEYS
