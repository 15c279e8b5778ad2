"""What to change in the open text: edits in the editor's units."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from lsprotocol import types

from tflint.finding import Finding
from tflint.server.positions import Text

_IGNORE = re.compile(r"#\s*tflint:\s*ignore\[([^\]]*)\]", re.IGNORECASE)
_LINE_WITH_END = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
# The time that comparing lines takes grows with their square.
_MAX_LINES = 20_000


def changes(old: Text, new: str) -> list[types.TextEdit]:
    """The edits that make one text into another, stretches of lines that differ."""
    before, after = _LINE_WITH_END.findall(old.text), _LINE_WITH_END.findall(new)
    first = _common(before, after)
    last = _common(before[first:][::-1], after[first:][::-1])
    inner, replaced = before[first : len(before) - last], after[first : len(after) - last]
    at = sum(map(len, before[:first]))
    if max(len(inner), len(replaced)) > _MAX_LINES:
        return [types.TextEdit(old.range(at, at + sum(map(len, inner))), "".join(replaced))]
    found = []
    matcher = SequenceMatcher(None, inner, replaced, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        length = sum(map(len, inner[start:end]))
        if kind != "equal":
            text = "".join(replaced[new_start:new_end])
            found.append(types.TextEdit(old.range(at, at + length), text))
        at += length
    return found


def _common(a: list[str], b: list[str]) -> int:
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))


@dataclass(slots=True)
class _Lines:
    """Where a comment may stand: lines that do not end inside a string or before a backslash.

    `statements` are the first and last lines of logical lines, `comments` what stands at the
    ends of lines already, with its column from 0.
    """

    ending: set[int] = field(default_factory=set)
    statements: list[tuple[int, int]] = field(default_factory=list)
    comments: dict[int, tuple[int, str]] = field(default_factory=dict)


def ignoring(finding: Finding, text: Text) -> types.TextEdit | None:
    """The edit that accepts a finding with a comment; None where no comment can stand."""
    line = finding.location.line
    if line is None or not 1 <= line <= text.line_count:
        return None
    lines = _lines(text.text)
    first, last = next((s for s in lines.statements if s[0] <= line <= s[1]), (line, line))
    place = next((at for at in (line, last, first) if at in lines.ending), None)
    if place is None:
        return None
    column, comment = lines.comments.get(place, (0, ""))
    there = _IGNORE.search(comment)
    if there is not None:
        at = text.offset_of(place, column + there.end(1) + 1)
        return types.TextEdit(text.range(at, at), f", {finding.name}" if there[1] else finding.name)
    end = text.end_of_line(place)
    written = text.text[text.offset_of(place, 1) : end]
    start = end - (len(written) - len(written.rstrip()))
    return types.TextEdit(text.range(start, end), f"  # tflint: ignore[{finding.name}]")


def _lines(source: str) -> _Lines:
    """What the tokens say of the lines, up to where they end in an error."""
    found = _Lines()
    start: int | None = None
    for token in _tokens(source):
        line = token.start[0]
        if token.type == tokenize.COMMENT:
            found.comments[line] = (token.start[1], token.string)
        elif token.type in (tokenize.NEWLINE, tokenize.NL):
            found.ending.add(line)
            if token.type == tokenize.NEWLINE and start is not None:
                found.statements.append((start, line))
                start = None
        elif start is None and token.type not in (tokenize.INDENT, tokenize.DEDENT):
            start = line
    return found


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    try:
        # A lone carriage return ends a line for Python and the editor, but not for `tokenize`.
        yield from tokenize.generate_tokens(io.StringIO(source, newline=None).readline)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return
