"""Places in a text, as tflint counts them and as an editor does.

tflint counts lines and columns from 1, columns in characters. The Language Server Protocol
counts from 0, columns in the units of an encoding that client and server agree on: UTF-16 by
default, where a character outside of the Basic Multilingual Plane takes two.
"""

from __future__ import annotations

import bisect
import re

from lsprotocol import types

from tflint.finding import Location

# What ends a line in the protocol, and in Python: not form feeds and U+2028, unlike `splitlines`.
_LINE_END = re.compile(r"\r\n|\r|\n")
Encoding = types.PositionEncodingKind


def encoding_named(name: str | None) -> Encoding:
    """The encoding that was agreed on; UTF-16 where nothing was."""
    try:
        return Encoding(name) if name else Encoding.Utf16
    except ValueError:
        return Encoding.Utf16


def units(text: str, encoding: Encoding) -> int:
    """How many units of the encoding a text takes."""
    if encoding is Encoding.Utf32 or text.isascii():
        return len(text)
    if encoding is Encoding.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def characters(text: str, count: int, encoding: Encoding) -> int:
    """How many characters the first units of a text are; one that is cut in half does not count."""
    if encoding is Encoding.Utf32 or text.isascii():
        return min(count, len(text))
    width = {Encoding.Utf8: _utf8_width}.get(encoding, _utf16_width)
    taken = 0
    for index, character in enumerate(text):
        taken += width(character)
        if taken > count:
            return index
    return len(text)


def _utf8_width(character: str) -> int:
    number = ord(character)
    return 1 + (number > 0x7F) + (number > 0x7FF) + (number > 0xFFFF)


def _utf16_width(character: str) -> int:
    return 1 + (ord(character) > 0xFFFF)


class Text:
    """A text whose places can be told to an editor; any place that is beyond it is its edge."""

    def __init__(self, text: str, encoding: Encoding = Encoding.Utf16) -> None:
        self.text = text
        self.encoding = encoding
        self._starts = [0]
        self._ends = []
        for match in _LINE_END.finditer(text):
            self._ends.append(match.start())
            self._starts.append(match.end())
        self._ends.append(len(text))

    @property
    def line_count(self) -> int:
        """How many lines there are; one at least."""
        return len(self._starts)

    def line(self, index: int) -> str:
        """A line, from 0, without what ends it."""
        return self.text[self._starts[index] : self._ends[index]]

    def offset(self, position: types.Position) -> int:
        """The index into the text of an editor's position."""
        if position.line >= self.line_count:
            return len(self.text)
        line = self.line(position.line)
        return self._starts[position.line] + characters(line, position.character, self.encoding)

    def position(self, offset: int) -> types.Position:
        """An editor's position of an index into the text."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect.bisect_right(self._starts, offset) - 1
        before = self.text[self._starts[line] : min(offset, self._ends[line])]
        return types.Position(line, units(before, self.encoding))

    def offset_of(self, line: int, column: int) -> int:
        """The index into the text of a line and a column as tflint counts them."""
        if line > self.line_count:
            return len(self.text)
        index = max(line - 1, 0)
        return min(self._starts[index] + max(column - 1, 0), self._ends[index])

    def end_of_line(self, line: int) -> int:
        """The index of the end of a line, from 1; what ends the line is behind it."""
        return self._ends[min(max(line, 1), self.line_count) - 1]

    def range(self, start: int, end: int) -> types.Range:
        """An editor's range of two indices into the text."""
        return types.Range(self.position(start), self.position(max(start, end)))

    def span(self, location: Location) -> tuple[int, int]:
        """The indices of a finding's place: its line where no columns are known, or the first."""
        line = location.line or 1
        if location.column is None:
            start = self.offset_of(line, 1)
            line_text = self.text[start : self.end_of_line(line)]
            return start + len(line_text) - len(line_text.lstrip()), self.end_of_line(line)
        start = self.offset_of(line, location.column)
        if location.end_line is None or location.end_column is None:
            return start, max(start, self.end_of_line(line))
        return start, max(start, self.offset_of(location.end_line, location.end_column))
