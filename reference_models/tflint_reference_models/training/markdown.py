"""Parts of a card: tables, headings, names made inert."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tflint.printable import printable
from tflint.report.gfm import cell, code, prose

# Of a name from a file; they are our own, and a metrics.json may be anybody's.
_MAX_NAME = 80
_MAX_TEXT = 1000
# What a runtime says, as findings quote it.
_QUOTED = re.compile(r'\("([^"`]+)"\)')
_BAR = 20  # of 100 %


def name(text: str) -> str:
    """A name in a table or a sentence."""
    return cell(prose(printable(text, _MAX_NAME)))


def message(text: str) -> str:
    """What a runtime or a rule said, in a table."""
    return cell(prose(_QUOTED.sub(r"(`\1`)", printable(text, _MAX_TEXT))))


def literal(text: str) -> str:
    """A file's name, a hash, a command."""
    return cell(code(printable(text, _MAX_TEXT)))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> Iterator[str]:
    """A table and the blank line after it; `right` has an `r` for each column of figures.

    Nothing where there are no rows.
    """
    held = list(rows)
    if not held:
        return
    yield f"| {' | '.join(head)} |"
    ends = ["---:" if side == "r" else "---" for side in right.ljust(len(head), "l")]
    yield f"|{'|'.join(ends)}|"
    for row in held:
        yield f"| {' | '.join(row)} |"
    yield ""


def bar(share: float) -> str:
    """A share as a bar of text, in halves of a twentieth; at least nothing, at most all."""
    halves = int(2 * _BAR * min(max(share, 0.0), 1.0))
    return "█" * (halves // 2) + "▌" * (halves % 2)


def number(value: int | None) -> str:
    """A count; a dash where it is not known."""
    return "–" if value is None else f"{value:,}"
