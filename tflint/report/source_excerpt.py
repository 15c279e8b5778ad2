"""The line of source that a finding is about, with what it is about marked below it.

12 | model.add(Conv2D(8, 3, data_format="channels_first"))
|                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Excerpt, Location
from tflint.printable import printable
from tflint.report.style import Line, Span, line, text_width

_TAB = " " * 4


def printable_excerpt(excerpt: Excerpt) -> Excerpt:
    """The excerpt with everything in it safe to print, and what to mark where it then is."""
    before, marked, behind = (
        _printable(part)
        for part in (
            excerpt.text[: excerpt.start],
            excerpt.text[excerpt.start : excerpt.end],
            excerpt.text[excerpt.end :],
        )
    )
    end = len(before) + max(len(marked), 1)
    return Excerpt(f"{before}{marked}{behind}".rstrip(), len(before), end)


def _printable(text: str) -> str:
    text = text.replace("\t", _TAB).replace("\f", " ")
    # Characters are escaped one by one: an excerpt is short already, whatever that makes of it.
    return printable(text, len(text))


def excerpt_lines(at: Location, role: str, indent: str) -> Iterator[Line]:
    """The line with its number, and the marks below it in this role."""
    excerpt = at.excerpt
    if excerpt is None:
        return
    number = str(at.line)
    yield line(indent, Span(f"{number} | ", "dim"), excerpt.text)
    gap = " " * text_width(excerpt.text[: excerpt.start])
    marks = "^" * max(text_width(excerpt.text[excerpt.start : excerpt.end]), 1)
    yield line(indent, Span(f"{' ' * len(number)} | ", "dim"), gap, Span(marks, role))
