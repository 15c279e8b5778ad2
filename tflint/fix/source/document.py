"""Sources as bytes, as text to edit, and as modules to look at."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tflint.fix.source.tree import CannotEdit
from tflint.source.edits import Edit
from tflint.source.module import SourceModule


class Document(Protocol):
    """A source that can be edited; each edit gives another document."""

    @property
    def data(self) -> bytes:
        """The file's bytes."""

    @property
    def module(self) -> SourceModule:
        """What the rules look at. Raises `SourceError`."""

    def edited(self, edits: Sequence[Edit]) -> Document:
        """The document with the edits made; raises `CannotEdit`."""

    def diff(self, earlier: Document, path: str) -> str:
        """A unified diff from an earlier state of the same document to this one."""


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A `.py` file: its text with the line ends it has, and its encoding."""

    text: str
    encoding: str

    @classmethod
    def read(cls, data: bytes) -> PythonFile:
        """The file of these bytes, which parsed; raises `CannotEdit`."""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = data.decode(encoding)
            faithful = text.encode(encoding) == data
        except (SyntaxError, UnicodeError, LookupError) as error:
            raise CannotEdit("its encoding is not known") from error
        if not faithful:
            raise CannotEdit(f"its encoding, {encoding}, does not give back the same bytes")
        return cls(text, encoding)

    @property
    def data(self) -> bytes:
        return self.text.encode(self.encoding)

    @property
    def module(self) -> SourceModule:
        return SourceModule(self.text)

    def edited(self, edits: Sequence[Edit]) -> PythonFile:
        from tflint.fix.source.apply import apply_edits

        text = apply_edits(self.text, edits)
        try:
            text.encode(self.encoding)
        except UnicodeError as error:
            raise CannotEdit(f"{self.encoding} has no place for a character of it") from error
        return PythonFile(text, self.encoding)

    def diff(self, earlier: Document, path: str) -> str:
        assert isinstance(earlier, PythonFile)
        return unified_diff(earlier.text, self.text, path)


def unified_diff(before: str, after: str, path: str) -> str:
    """The difference of two texts under one name, each line ended by LF; empty for none."""
    if before == after:
        return ""
    return "".join(_diff_lines(_kept_ends(before), _kept_ends(after), path))


def _diff_lines(before: list[str], after: list[str], path: str) -> Iterator[str]:
    for line in difflib.unified_diff(before, after, path, path):
        yield line
        if not line.endswith("\n"):
            yield "\n\\ No newline at end of file\n"


def _kept_ends(text: str) -> list[str]:
    """The lines as `patch` parts them: at LF alone, all other characters inside."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
