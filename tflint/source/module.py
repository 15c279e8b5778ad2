"""One Python source as facts: the Keras calls in it, with exact positions."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from functools import cached_property

from tflint.keras.facts import KerasFacts
from tflint.source.names import Constant, Names, keras_path

# Sources that people write are far smaller; what is not is generated, or hostile.
MAX_BYTES = 256 * 1024


class SourceError(Exception):
    """The source does not parse; `line` and `column` count from 1 where they are known."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source, lines and columns from 1, the end exclusive, as editors count."""

    line: int
    column: int
    end_line: int
    end_column: int


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


class SourceModule:
    """A parsed source file."""

    def __init__(self, text: str) -> None:
        # Python's lines end here only; `splitlines` would also break at form feeds and the like.
        self.lines = re.split(r"\r\n|\r|\n", text)
        self._tree = _parse(text)
        self._names = Names(self._tree)
        self.keras_calls = tuple(self._keras_calls())

    @cached_property
    def keras(self) -> KerasFacts:
        """Layers, networks and conversions, as far as they are known without running it."""
        return KerasFacts()

    def _keras_calls(self) -> list[KerasCall]:
        found = []
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Call):
                continue
            function, positional = node.func, tuple(node.args)
            path = self._names.path(function)
            if path == "functools.partial" and positional:
                path, positional = self._names.path(positional[0]), positional[1:]
            if path is not None and keras_path(path).startswith("keras."):
                found.append(KerasCall(keras_path(path), node, positional))
        return sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset))

    def constant(self, expression: ast.expr | None) -> Constant:
        """The value of an expression, if it is a literal or a name bound once to one."""
        return None if expression is None else self._names.constant(expression)

    def span(self, node: ast.expr) -> Span:
        """Where an expression stands."""
        end_line = node.end_lineno or node.lineno
        end = node.end_col_offset or node.col_offset
        return Span(
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, end),
        )

    def _column(self, line: int, offset: int) -> int:
        """The column of a UTF-8 byte offset, which is how `ast` counts."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode("utf-8")[:offset].decode("utf-8", "ignore")) + 1


def read_source(data: bytes) -> SourceModule:
    """Parse the bytes of a source file; raises `SourceError`."""
    if len(data) > MAX_BYTES:
        raise SourceError(
            f"it is longer than the {MAX_BYTES:,} bytes that tflint reads of a source"
        )
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise SourceError(f"the encoding is wrong: {error}") from error
    return SourceModule(text.removeprefix("\ufeff"))


def _parse(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # Of invalid escapes and the like: the author's interpreter will say so.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise SourceError(error.msg, error.lineno, error.offset) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(str(error) or "nested too deep to parse") from error
