"""One Python source, or all code of a notebook, as facts with exact positions."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.printable import printable
from tflint.source.names import Constant, Names, keras_path
from tflint.source.parsing import SourceError, decode_source, parse_source, split_lines

# What a finding is known by need not be a line of a megabyte.
_MAX_ANCHOR = 500
# Lines from which on it is worth to remember where their characters begin.
_LONG_LINE = 200


@dataclass(frozen=True, slots=True)
class KerasCall:
    """A call of something in Keras, or a `functools.partial` of it.

    `path` names it as `keras.layers.Conv2D` however it was reached.
    """

    path: str
    node: ast.Call
    positional: tuple[ast.expr, ...]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """The expression given for a parameter, by keyword or by position."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value
        if position is None or position >= len(self.positional):
            return None
        if any(isinstance(value, ast.Starred) for value in self.positional[: position + 1]):
            return None
        return self.positional[position]


@dataclass(frozen=True, slots=True)
class Cell:
    """The code of a cell of a notebook, inside the text of its module.

    `number` counts from 1 among all cells, as editors show it, `first_line` is the module's.
    `text` is what the author wrote; `python` is the same with IPython's own syntax replaced by
    Python on the same lines, and at the same columns where an expression of it is kept.
    """

    number: int
    first_line: int
    text: str
    python: str


class SourceModule:
    """A parsed source file, or the parsed code cells of a notebook one behind the other.

    `tree` counts lines through all `cells`, which only notebooks have; locations count inside a
    cell. `errors` are cells that do not parse, and are not in the tree. `document` is the JSON
    that the cells are from.
    """

    def __init__(
        self,
        text: str,
        tree: ast.Module | None = None,
        cells: Sequence[Cell] = (),
        errors: Sequence[SourceError] = (),
        document: str = "",
    ) -> None:
        self.text = text
        self.lines = split_lines(text)
        self.tree = parse_source(text) if tree is None else tree
        self.cells = tuple(cells)
        self.errors = tuple(errors)
        self._document = document
        self._numbers = [cell.number for cell in cells]
        self._first_lines = [cell.first_line for cell in cells]
        # Of lines that were asked for: for people, and as they are.
        self._shown_lines: dict[int, tuple[str, str]] = {}
        self._character_starts: dict[int, list[int]] = {}

    @cached_property
    def keras(self) -> KerasFacts:
        """Layers, networks and conversions, as far as they are known without running it."""
        from tflint.source.interpreter import interpret

        return interpret(self.tree, self.locate)

    @cached_property
    def _names(self) -> Names:
        return Names(self.tree)

    @cached_property
    def keras_calls(self) -> tuple[KerasCall, ...]:
        """The calls of something in Keras, in order."""
        found = []
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call):
                continue
            function, positional = node.func, tuple(node.args)
            path = self._names.path(function)
            if path == "functools.partial" and positional:
                path, positional = self._names.path(positional[0]), positional[1:]
            if path is not None and keras_path(path).startswith("keras."):
                found.append(KerasCall(keras_path(path), node, positional))
        return tuple(sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset)))

    def constant(self, expression: ast.expr | None) -> Constant:
        """The value of an expression, if it is a literal or a name bound once to one."""
        return None if expression is None else self._names.constant(expression)

    def locate(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg | ast.alias) -> Location:
        """Where a node stands; the line it begins on is what it is known by."""
        end_line = node.end_lineno or node.lineno
        end = node.end_col_offset or node.col_offset
        return self.location(
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, end),
        )

    def location(self, line: int, column: int, end_line: int, end_column: int) -> Location:
        """The location of a span of the module's lines, in a notebook inside its cell."""
        shown = self._shown_lines.get(line)
        if shown is None:
            text = self.line_text(line)[:_MAX_ANCHOR].strip()
            shown = self._shown_lines[line] = (printable(text), text)
        cell, before = self.cell_at(line)
        return Location(
            line=line - before,
            column=column,
            end_line=end_line - before,
            end_column=end_column,
            context=shown[0],
            anchor=shown[1],
            cell=cell,
        )

    def cell_at(self, line: int) -> tuple[int | None, int]:
        """The cell that a line of the module is in, and how many lines are before that cell."""
        if not self.cells:
            return None, 0
        cell = self.cells[max(bisect_right(self._first_lines, line) - 1, 0)]
        return cell.number, cell.first_line - 1

    def module_line(self, cell: int | None, line: int) -> int | None:
        """The module's line of a line of a cell, or of a file; None where that cell has no code."""
        if cell is None:
            return line
        at = bisect_left(self._numbers, cell)
        if at == len(self.cells) or self._numbers[at] != cell:
            return None
        return self._first_lines[at] + line - 1

    def file_line(self, cell: int | None, line: int) -> int | None:
        """The line of the file that a line of a cell stands on; None where that is not known."""
        if cell is None:
            return line
        lines = self._lines_in_file.get(cell, [])
        return lines[line - 1] if 1 <= line <= len(lines) else None

    @cached_property
    def _lines_in_file(self) -> dict[int, list[int]]:
        from tflint.source.notebook_lines import source_lines

        return source_lines(self._document)

    def line_text(self, line: int) -> str:
        """A line of the module, from 1, as the author wrote it."""
        return self.lines[line - 1] if 1 <= line <= len(self.lines) else ""

    def _column(self, line: int, offset: int) -> int:
        """The column of a UTF-8 byte offset, which is how `ast` counts."""
        text = self.line_text(line)
        if text.isascii():
            return min(offset, len(text)) + 1
        if len(text) < _LONG_LINE:
            return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")) + 1
        starts = self._character_starts.get(line)
        if starts is None:
            starts, start = [], 0
            for character in text:
                starts.append(start)
                start += len(character.encode("utf-8", "surrogatepass"))
            self._character_starts[line] = starts
        return max(bisect_right(starts, offset), 1) if offset <= starts[-1] else len(text) + 1


def read_source(data: bytes) -> SourceModule:
    """Parse the bytes of a source file; raises `SourceError`."""
    return SourceModule(decode_source(data))
