"""One finding for each place: loops and functions give a place many times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tflint.finding import Finding


def worst_at_each_place(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The worst finding of each place, the first of several as bad, in the order of places."""
    found: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        at = finding.location
        key = (at.cell, at.line, at.column, at.end_line, at.end_column, at.layer)
        known = found.get(key)
        if known is None or finding.severity.rank < known.severity.rank:
            found[key] = finding
    yield from found.values()
