"""One finding for each place: loops and functions give a place many times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tflint.finding import Finding, Location
from tflint.keras.network import Call


def always_at_its_place(calls: Iterable[Call], is_so: Callable[[Call], bool]) -> Iterator[Call]:
    """The calls of which something holds, where it holds of all calls at the same place.

    What one turn of a loop, or one call of a function, does not need, others may.
    """
    at_places: dict[Location, list[Call]] = {}
    others: set[Location] = set()
    for call in calls:
        if call.location in others:
            continue
        if is_so(call):
            at_places.setdefault(call.location, []).append(call)
        else:
            others.add(call.location)
    for place, found in at_places.items():
        if place not in others:
            yield from found


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
