"""How findings name operators and count things."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.model.graph import Node
from tflint.printable import printable


def operator(node: Node) -> str:
    """An operator as findings point at it: `CONV_2D #3`."""
    return f"{printable(node.name, 40)} #{node.index}"


def operators(nodes: Sequence[Node], most: int = 6) -> str:
    """Operators in a row: `SHAPE #0, PACK #1 and 3 more`."""
    more = len(nodes) - most
    return ", ".join(map(operator, nodes[:most])) + (f" and {more} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """A number and its noun: `1 operator`, `2 operators`, `2 entries`."""
    if count == 1:
        return f"{count:,} {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{count:,} {noun}s"
