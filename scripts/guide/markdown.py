"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

Row = Sequence[str]


def table(titles: Row, rows: Sequence[Row], texts: int = 1) -> str:
    """A table whose first columns are `texts`, and whose others are figures."""
    lines = [_line(titles), "|" + "---|" * texts + "--:|" * (len(titles) - texts)]
    return "\n".join([*lines, *map(_line, rows)])


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"
