"""Notebooks: the sources of code cells edited, all other text of the file as it was."""

from __future__ import annotations

import difflib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.fix.source.document import Document, unified_diff
from tflint.fix.source.tree import CannotEdit
from tflint.source.edits import Edit
from tflint.source.module import Cell, SourceModule
from tflint.source.notebook import read_notebook

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_BLANKS = re.compile(r"[ \t\n\r]*")
# Pairs of lines: edits of one cell are few and near each other.
_MOST_COMPARED = 4_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook: its JSON, which is UTF-8, with or without a byte order mark."""

    text: str
    mark: bytes = b""

    @classmethod
    def read(cls, data: bytes) -> Notebook:
        """The notebook of these bytes; raises `SourceError` as `read_notebook` does."""
        mark = _BYTE_ORDER_MARK if data.startswith(_BYTE_ORDER_MARK) else b""
        read_notebook(data)
        return cls(data.decode("utf-8-sig"), mark)

    @property
    def data(self) -> bytes:
        return self.mark + self.text.encode("utf-8")

    @property
    def module(self) -> SourceModule:
        return read_notebook(self.data)

    def edited(self, edits: Sequence[Edit]) -> Notebook:
        from tflint.fix.source.apply import apply_edits

        by_cell: dict[int | None, list[Edit]] = defaultdict(list)
        for edit in edits:
            by_cell[edit.at.cell].append(edit)
        cells = {cell.number: cell for cell in self.module.cells}
        places = dict(_sources(self.text))
        changes = []
        for number, some in by_cell.items():
            if number is None or number not in cells or number not in places:
                raise CannotEdit("there is no such cell")
            cell = cells[number]
            text = _as_written(cell, apply_edits(cell.python, some))
            changes.append((places[number], text))
        document = self.text
        for (start, end), text in sorted(changes, reverse=True):
            literal = _literal(document[start:end], text, ascii_only=document.isascii())
            document = document[:start] + literal + document[end:]
        return Notebook(document, self.mark)

    def diff(self, earlier: Document, path: str) -> str:
        assert isinstance(earlier, Notebook)
        before = {cell.number: cell.text for cell in earlier.module.cells}
        return "".join(
            unified_diff(before[cell.number], cell.text, f"{path}:cell {cell.number}")
            for cell in self.module.cells
        )


def _as_written(cell: Cell, python: str) -> str:
    """The edited Python of a cell with IPython's own syntax where it was.

    Raises `CannotEdit` where an edit touches such a line.
    """
    if cell.python == cell.text:
        return python
    before, written = _lines(cell.python), _lines(cell.text)
    after = _lines(python)
    if len(before) != len(written):
        raise CannotEdit("the cell has magics that cannot be kept apart from Python")
    masked = [line != own for line, own in zip(before, written, strict=True)]
    result: list[str] = []
    kept = 0
    for start, other, length in _unchanged(before, after):
        result += after[len(result) : other]
        result += written[start : start + length]
        kept += sum(masked[start : start + length])
    result += after[len(result) :]
    if kept < sum(masked):
        raise CannotEdit("the edit touches a magic of the cell")
    return "".join(result)


def _unchanged(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int]]:
    """The runs of lines that are the same: their starts and lengths. Raises `CannotEdit`."""
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    yield 0, 0, head
    middle = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(middle[0]) * len(middle[1]) > _MOST_COMPARED:
        raise CannotEdit("the cell is too long to keep its magics apart from Python")
    matcher = difflib.SequenceMatcher(None, *middle, autojunk=False)
    for start, other, length in matcher.get_matching_blocks():
        yield head + start, head + other, length
    yield len(before) - tail, len(after) - tail, tail


def _lines(text: str) -> list[str]:
    """The lines with their ends."""
    return _LINE.findall(text)


def _literal(literal: str, text: str, *, ascii_only: bool) -> str:
    """The JSON of a source, laid out as it was, with as many of its own strings as can stay."""
    ascii_only = ascii_only and "\\u" in literal
    if not literal.startswith("["):
        return json.dumps(text, ensure_ascii=ascii_only)
    strings = list(_strings(literal))
    known = {json.loads(part, strict=False): part for _, part in strings}
    lines = _lines(text)
    parts = [known.get(line) or json.dumps(line, ensure_ascii=ascii_only) for line in lines]
    if not parts:
        return "[]"
    if not strings:
        return f"[{', '.join(parts)}]"
    first_start, first = strings[0]
    last_start, last = strings[-1]
    between = ", "
    if len(strings) > 1:
        between = literal[first_start + len(first) : strings[1][0]]
    elif "\n" in literal[:first_start]:
        between = "," + literal[1:first_start]
    return literal[:first_start] + between.join(parts) + literal[last_start + len(last) :]


def _strings(literal: str) -> Iterator[tuple[int, str]]:
    """The strings of a JSON array, as they are written, and where they begin."""
    for start, end in _items(literal, 0):
        yield start, literal[start:end]


def _sources(document: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """Where the source of each cell stands in the JSON, by the cell's number."""
    number = 0
    for cells in _cell_lists(document):
        for start, _ in _items(document, cells):
            number += 1
            if document[start] != "{":
                continue
            members = dict(_members(document, start))
            found = members.get("source", members.get("input"))
            if found is not None:
                yield number, found


def _cell_lists(document: str) -> Iterator[int]:
    """Where the lists of cells begin."""
    top = dict(_members(document, _skip(document, 0)))
    if "cells" in top:
        yield top["cells"][0]
        return
    if "worksheets" not in top:
        return
    for start, _ in _items(document, top["worksheets"][0]):
        if document[start] == "{":
            cells = dict(_members(document, start)).get("cells")
            if cells is not None and document[cells[0]] == "[":
                yield cells[0]


def _members(document: str, start: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The keys of a JSON object, and where their values stand; the last of equal keys counts."""
    decoder = json.JSONDecoder(strict=False)
    position = _skip(document, start + 1)
    while document[position] != "}":
        key, position = decoder.raw_decode(document, position)
        position = _skip(document, position)  # at the colon
        position = _skip(document, position + 1)
        _, end = decoder.raw_decode(document, position)
        yield key, (position, end)
        position = _skip(document, end)
        if document[position] == ",":
            position = _skip(document, position + 1)


def _items(document: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the items of a JSON array stand."""
    if document[start] != "[":
        return
    decoder = json.JSONDecoder(strict=False)
    position = _skip(document, start + 1)
    while document[position] != "]":
        _, end = decoder.raw_decode(document, position)
        yield position, end
        position = _skip(document, end)
        if document[position] == ",":
            position = _skip(document, position + 1)


def _skip(document: str, position: int) -> int:
    """The position behind blanks and line ends."""
    match = _BLANKS.match(document, position)
    return match.end() if match else position
