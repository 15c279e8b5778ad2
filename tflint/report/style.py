"""Text with styles, printed plainly or through Rich, laid out once for both.

Rich takes 60 ms to import, so it is there only for a person at a terminal.
"""

from __future__ import annotations

import io
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
    """Text broken into lines of at most `width`, each indented: at blanks, or in a longer word."""
    lines: list[str] = []
    current = indent
    room = width - len(indent)
    for word in text.split(" "):
        if len(current) > len(indent) and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = indent
        while len(word) > room:
            lines.append(indent + word[:room])
            word = word[room:]
        current += word if current == indent else f" {word}"
    return [*lines, current]
