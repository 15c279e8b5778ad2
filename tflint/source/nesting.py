"""How deep the expressions of a source are nested, without parsing it."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\""
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r"|\"[^\"\\\r\n]*(?:\\.[^\"\\\r\n]*)*\"?"
    r"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'?"
    r"|#[^\r\n]*"
    r"|\\(?:\r\n|\r|\n)"
    r"|\d[\w.]*"
    r"|(?P<open>[(\[{])"
    r"|(?P<close>[)\]}])"
    r"|(?P<separator>[,;])"
    r"|(?P<end>\r\n|\r|\n)"
    # Comparisons, `and` and `or` of many operands are one node of the tree.
    r"|(?P<deeper>\*\*|//|>>|<<|[-+*/%@&|^~.]|\b(?:not|lambda|else|await)\b)"
    r"|\w+",
    re.DOTALL,
)


class Nesting(NamedTuple):
    """The most levels an expression may have, and the offset at which it has them.

    `parts` counts statements and elements, and empty lines with them.
    """

    depth: int
    offset: int
    parts: int


def nesting(text: str) -> Nesting:
    """An upper bound of how deep the tree of any expression is, in linear time.

    Operators of equal rank nest to the left, one level each, and so do calls and subscripts.
    """
    levels = [0]
    depth, most, offset, parts = 0, 0, 0, 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None:
            continue
        if kind in ("deeper", "open"):
            levels[-1] += 1
            depth += 1
            if depth > most:
                most, offset = depth, match.start()
            if kind == "open":
                levels.append(0)
        elif kind == "close":
            if len(levels) > 1:
                depth -= levels.pop()
        else:
            parts += 1
            if kind == "separator" or len(levels) == 1:
                depth -= levels[-1]
                levels[-1] = 0
    return Nesting(most, offset, parts)
