"""On which line of a TOML document each key stands, which the parser does not tell.

Works on documents that the parser has accepted. What it cannot follow (keys inside inline
tables) is found at the line where its parent begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

Path = tuple[str | int, ...]

_BARE: Final = r"[A-Za-z0-9_-]+"
_KEY: Final = rf"(?:{_BARE}|\"(?:[^\"\\]|\\.)*\"|'[^']*')"
_DOTTED = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*")
_PART = re.compile(_KEY)
# What can open, close or hide brackets outside of strings; multi-line strings come first.
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{},\n]"
    r"|[^\s\[\]{},\"'#]+",
    re.DOTALL,
)


class KeyLines:
    """The line of each key of a document, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        for path, line in _keys(text):
            self._lines.setdefault(path, line)

    def line(self, path: Path) -> int:
        """The line of the key or array element, or of what it is in; 1 when nothing is known."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return 1


def _keys(text: str) -> Iterator[tuple[Path, int]]:
    """Each key of the document and each element of its arrays with its line."""
    table: Path = ()
    arrays: dict[Path, int] = {}
    position, line = 0, 1
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        stripped = text[position:end].strip()
        if stripped.startswith("["):
            table = _header(stripped, arrays)
            yield table, line
            # The table of an array of tables stands for the whole array as well.
            yield table[:-1] if isinstance(table[-1], int) else table, line
        elif stripped and not stripped.startswith("#"):
            match = _DOTTED.match(text, position, end)
            equals = text.find("=", match.end() if match else position, end)
            if match is not None and equals >= 0:
                path = (*table, *_parts(match[1]))
                for length in range(len(table) + 1, len(path) + 1):
                    yield path[:length], line
                found, end = _value(text, equals + 1, path, line)
                yield from found
        line += text.count("\n", position, end + 1)
        position = end + 1


def _header(text: str, arrays: dict[Path, int]) -> Path:
    """The table that `[a.b]` or `[[a.b]]` opens; elements of arrays of tables are numbered."""
    is_array = text.startswith("[[")
    match = _DOTTED.match(text, 2 if is_array else 1)
    path: Path = ()
    parts = _parts(match[1]) if match else []
    for i, part in enumerate(parts):
        path = (*path, part)
        if is_array and i == len(parts) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path or ("",)


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(dotted)]


def _value(text: str, start: int, path: Path, line: int) -> tuple[list[tuple[Path, int]], int]:
    """The lines of an array's elements, and where the value's last line ends."""
    found: list[tuple[Path, int]] = []
    depth, element, pending = 0, 0, False
    for match in _TOKEN.finditer(text, start):
        token = match[0]
        if token == "\n":
            if depth == 0:
                return found, match.start()
            line += 1
            continue
        if token.startswith("#"):
            continue
        if depth == 1 and pending and token not in ",]":
            found.append(((*path, element), line))
            pending = False
        if token in ("[", "{"):
            depth += 1
            pending = pending or (depth == 1 and token == "[")
        elif token in ("]", "}"):
            depth -= 1
        elif token == "," and depth == 1:
            element, pending = element + 1, True
        line += token.count("\n")
    return found, len(text)
