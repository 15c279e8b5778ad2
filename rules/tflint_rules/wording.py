"""How findings name operators."""

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
    return ", ".join(map(operator, nodes[:most])) + (f" and {more:,} more" if more > 0 else "")
