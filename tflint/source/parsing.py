"""From the bytes of a source to its text, and from that to a syntax tree; nothing is executed."""

from __future__ import annotations

import ast
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator

from tflint.finding import Location
from tflint.model.garbage import uncollected
from tflint.printable import printable

# Sources that people write are far smaller; what is not is generated, or hostile.
MAX_BYTES = 2 * 1024 * 1024
# Outputs are pictures: a notebook is far longer than its code.
MAX_NOTEBOOK_BYTES = 64 * 1024 * 1024
# Encodings that take a time that grows with the square of the length.
_SLOW_ENCODINGS = frozenset(("idna", "punycode"))
_BYTE_ORDER_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
# Python's lines end here only; `splitlines` would also break at form feeds and the like.
_LINE_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FIRST_LINES = 2
_MAX_CONTEXT = 500
# Up to Python 3.10 a tree of 100,000 levels overflows the stack, which ends the process.
_OVERFLOWS = sys.version_info < (3, 11)
_MOST_LEVELS = 15_000
# What takes most memory: a statement about 3 KB, an element of a list 1 KB.
_MOST_PARTS = 300_000
_SEPARATORS = (",", ";", "\n", "\r")


class SourceError(Exception):
    """The source does not parse; `location` is where, as far as that is known.

    `text` is the line where it does not.
    """

    def __init__(
        self,
        message: str,
        line: int | None = None,
        column: int | None = None,
        cell: int | None = None,
        text: str = "",
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.cell = cell
        self.text = text

    @property
    def location(self) -> Location:
        """Where it does not parse, one character wide."""
        end = None if self.column is None else self.column + 1
        return Location(
            line=self.line,
            column=self.column,
            end_line=None if end is None else self.line,
            end_column=end,
            context=printable(self.text[:_MAX_CONTEXT].strip()) or None,
            anchor=self.text[:_MAX_CONTEXT].strip() or None,
            cell=self.cell,
        )


def split_lines(text: str) -> list[str]:
    """The lines of a source as Python counts them, without what ends them."""
    return _LINE_END.split(text)


def decode_source(data: bytes) -> str:
    """The text of a source in its encoding, which it may declare; raises `SourceError`."""
    if len(data) > MAX_BYTES:
        raise SourceError(
            f"it is longer than the {MAX_BYTES:,} bytes that tflint reads of a source"
        )
    for mark, name in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise SourceError(
                f"the encoding is wrong: it is {name}, which Python does not read", 1, 1
            )
    encoding = _encoding(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line, column, shown = _position(data, error.start)
        message = f"the encoding is wrong: byte 0x{data[error.start]:02x} is not {encoding}"
        raise SourceError(message, line, column, text=shown) from error
    except (UnicodeError, LookupError) as error:
        raise SourceError(f"the encoding is wrong: {printable(str(error))}", 1, 1) from error
    return text.removeprefix("\ufeff")


def _encoding(data: bytes) -> str:
    lines = _first_lines(data)
    try:
        encoding, _ = tokenize.detect_encoding(lambda: next(lines, b""))
    except SyntaxError as error:
        if "problem" in str(error):
            raise SourceError(
                "the encoding is wrong: a mark says UTF-8, a comment another one", 1, 1
            ) from error
        # Of bytes that are not UTF-8 it does not say where they are: decoding does.
        if "unknown encoding" not in str(error):
            return "utf-8"
        line = 2 if b"coding" not in next(_first_lines(data), b"") else 1
        raise SourceError(f"the encoding is wrong: {printable(str(error))}", line, 1) from error
    if encoding in _SLOW_ENCODINGS:
        raise SourceError(f"the encoding is wrong: no source is written in {encoding}", 1, 1)
    return encoding


def _first_lines(data: bytes) -> Iterator[bytes]:
    """The lines that may declare an encoding."""
    start = 0
    for _ in range(_FIRST_LINES):
        match = _LINE.match(data, start)
        if match is None or match.end() == start:
            return
        yield match[0]
        start = match.end()


def _position(data: bytes, offset: int) -> tuple[int, int, str]:
    """Line and column, from 1, of a byte that cannot be decoded, and what the line is like."""
    lines = split_lines(data[:offset].decode("utf-8", "replace"))
    behind = split_lines(data[offset:].decode("utf-8", "replace"))
    return len(lines), len(lines[-1]) + 1, lines[-1] + behind[0]


def parse_source(text: str) -> ast.Module:
    """The syntax tree of a text; raises `SourceError`."""
    null = text.find("\0")
    if null >= 0:
        raise _at_end("it contains a null byte", text, null)
    _refuse_what_is_too_much(text)
    try:
        with warnings.catch_warnings():
            # Of invalid escapes and the like: the author's interpreter will say so.
            warnings.simplefilter("ignore")
            with uncollected():
                return ast.parse(text)
    except SyntaxError as error:
        raise _located(error, text) from error
    except UnicodeEncodeError as error:
        raise _at_end("it contains a lone surrogate", text, error.start) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _too_deep(text) from error


def _refuse_what_is_too_much(text: str) -> None:
    """Raise `SourceError` for a tree that would fill the memory or overflow the stack."""
    may_be_many = sum(text.count(mark) for mark in _SEPARATORS) > _MOST_PARTS
    may_be_deep = _OVERFLOWS and len(text) > _MOST_LEVELS
    if may_be_many or may_be_deep:
        from tflint.source.nesting import nesting

        found = nesting(text)
        if found.parts > _MOST_PARTS:
            most = f"{_MOST_PARTS:,}"
            raise SourceError(f"it has more than the {most} statements and elements tflint reads")
        if may_be_deep and found.depth > _MOST_LEVELS:
            raise _too_deep(text)


def _in_f_string(error: SyntaxError, lines: list[str]) -> SourceError:
    """The error at the only line that has this expression in braces, if there is one."""
    wanted = "{" + (error.text or "").strip().removeprefix("(").removesuffix(")")
    found = [number for number, line in enumerate(lines, 1) if len(wanted) > 1 and wanted in line]
    if len(found) != 1:
        return SourceError(error.msg)
    line = lines[found[0] - 1]
    return SourceError(error.msg, found[0], line.index(wanted) + 1, text=line)


def _too_deep(text: str) -> SourceError:
    from tflint.source.nesting import nesting

    return _at_end("it is nested too deeply to be parsed", text, nesting(text).offset)


def _at_end(message: str, text: str, offset: int) -> SourceError:
    """The error at a character of the text."""
    before = split_lines(text[:offset])
    line = split_lines(text)[len(before) - 1]
    return SourceError(message, len(before), len(before[-1]) + 1, text=line)


def _located(error: SyntaxError, text: str) -> SourceError:
    """The error with a position that exists in the text."""
    if error.lineno is None:
        return SourceError(error.msg)
    lines = split_lines(text)
    if error.filename == "<fstring>":
        # Up to Python 3.11 the expressions of f-strings are sources of their own.
        return _in_f_string(error, lines)
    line = min(max(error.lineno, 1), len(lines))
    column = min(max(error.offset or 1, 1), len(lines[line - 1]) + 1)
    return SourceError(error.msg, line, column, text=lines[line - 1])
