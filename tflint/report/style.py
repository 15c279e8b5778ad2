"""Text with styles, printed plainly or through Rich, laid out once for both.

Rich takes 60 ms to import, so it is there only for a person at a terminal.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# Rich's names for what each role looks like.
STYLES = {
    "path": "bold",
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "code": "bold",
    "dim": "dim",
    "good": "green",
    "block": "cyan",
    "held": "yellow",
    "scratch": "magenta",
    "": "",
}
# Characters as wide as two (East Asian Width, Unicode Standard Annex #11), and of no width.
_WIDE = frozenset("WF")
_COMBINING = frozenset(("Mn", "Me"))
_CUT = "..."


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one role."""

    text: str
    role: str = ""


Line = tuple[Span, ...]


def line(*spans: str | Span) -> Line:
    """A line of plain strings and spans."""
    return tuple(Span(span) if isinstance(span, str) else span for span in spans)


def plain(lines: Iterable[Line]) -> str:
    """The lines as text without styles."""
    return "".join("".join(span.text for span in line) + "\n" for line in lines)


def styled(lines: Iterable[Line]) -> str:
    """The lines as text with the escape sequences of their styles."""
    from rich.console import Console
    from rich.text import Text

    stream = io.StringIO()
    # That there shall be colour is decided: Rich has no further say, whatever NO_COLOR and TERM.
    console = Console(
        file=stream,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        highlight=False,
        soft_wrap=True,
    )
    for spans in lines:
        # `Text.append` takes text as text: nothing in it can be markup.
        text = Text()
        for span in spans:
            text.append(span.text, style=STYLES[span.role])
        console.print(text)
    return stream.getvalue()


def wrap(text: str, width: int, indent: str) -> list[str]:
    """Text broken into lines of at most `width` columns, each indented: at blanks, or in a longer
    word.
    """
    lines: list[str] = []
    current, taken = indent, len(indent)
    room = width - len(indent)
    for word in text.split(" "):
        wide = _room_for(word)
        if taken > len(indent) and taken + 1 + wide > width:
            lines.append(current)
            current, taken = indent, len(indent)
        while wide > room:
            head = _head(word, room)
            lines.append(indent + head)
            word = word[len(head) :]
            wide = _room_for(word)
        is_first = current == indent
        current += word if is_first else f" {word}"
        taken += wide if is_first else wide + 1
    return [*lines, current]


def text_width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def cut_front(text: str, width: int) -> str:
    """The end of a text that takes at most `width` columns, behind `...` where more was there."""
    if _room_for(text) <= width:
        return text
    room = width - len(_CUT)
    start = len(text)
    while start and (room := room - _room_for(text[start - 1])) >= 0:
        start -= 1
    # What combines with a character that is gone would stand on the dots.
    while start < len(text) and not _character_width(text[start]):
        start += 1
    return _CUT + text[start:]


def trimmed(spans: Line) -> Line:
    """The line without blanks at its end."""
    kept = list(spans)
    while kept and not kept[-1].text.strip(" "):
        kept.pop()
    if kept:
        kept[-1] = Span(kept[-1].text.rstrip(" "), kept[-1].role)
    return tuple(kept)


def inert(spans: Line, width: int) -> Line:
    """The line, or what is left of it when a CI system would take it for a command."""
    text = "".join(span.text for span in spans)
    if not text.lstrip().startswith("::"):
        return spans
    return line(_head(text.replace("::", "\\x3a:", 1), width))


def _head(text: str, width: int) -> str:
    """As much of the text as takes at most `width` columns, one character at least."""
    if text.isascii():
        return text[:width]
    taken = 0
    for end, character in enumerate(text):
        taken += _room_for(character)
        if taken > width and end:
            return text[:end]
    return text


def _room_for(text: str) -> int:
    """The columns to keep for a text: one also for what combines, as there may be any number."""
    return max(len(text), text_width(text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in _COMBINING:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
