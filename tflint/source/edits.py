"""What to change in a source: edits of expressions, statements and comments, by where they stand.

An edit says what becomes of the code at a place; how the text around it follows (commas, blank
lines, indentation, comments) is the business of `tflint.fix`. Places are those of `ast`: lines
and columns from 1, columns in characters, the end exclusive; in notebooks with their cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tflint.finding import NOWHERE, FixSafety, Location


@dataclass(frozen=True, slots=True)
class Replace:
    """Another expression in place of the one that stands at `at`."""

    at: Location
    text: str


@dataclass(frozen=True, slots=True)
class Permute:
    """The elements of a list or tuple display, or the positional arguments of a call, reordered.

    `order` names for each place the element that comes there, from 0, and all of them.
    """

    at: Location
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RemoveElement:
    """Without the element of a display, or the argument of a call, whose value is at `at`."""

    at: Location


@dataclass(frozen=True, slots=True)
class InsertElement:
    """Another element, an expression, behind the one of a display that stands at `at`."""

    at: Location
    text: str


@dataclass(frozen=True, slots=True)
class AddArgument:
    """One more keyword argument, behind those of the call at `at`."""

    at: Location
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RemoveStatement:
    """Without the statement at `at`; comment lines above it stay."""

    at: Location


@dataclass(frozen=True, slots=True)
class InsertBefore:
    """Statements, not indented, in front of the one at `at` and under the comments above it."""

    at: Location
    text: str


@dataclass(frozen=True, slots=True)
class ReplaceComment:
    """Another text for the comment, or the part of one, at `at`; one that is empty goes."""

    at: Location
    text: str = ""


Edit: TypeAlias = (
    Replace
    | Permute
    | RemoveElement
    | InsertElement
    | AddArgument
    | RemoveStatement
    | InsertBefore
    | ReplaceComment
)
# What other edits may stand inside of.
_AROUND = (AddArgument, InsertBefore, InsertElement, Permute)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a repair: a sentence, and the place that it speaks of."""

    reason: str
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Plan:
    """The edits that repair something, all or none of them, or what stands in the way.

    `notes` say, a sentence each, what the user has to see to afterwards. `safety` is set where
    it is not the usual one of the rule's repair.
    """

    edits: tuple[Edit, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()
    safety: FixSafety | None = None

    @property
    def is_possible(self) -> bool:
        """Whether nothing stands in the way and there is something to do."""
        return bool(self.edits) and not self.obstacles


def obstructed(reason: str, location: Location = NOWHERE) -> Plan:
    """The plan of what cannot be done, for one reason."""
    return Plan(obstacles=(Obstacle(reason, location),))


def conflict(one: Edit, other: Edit) -> bool:
    """Whether the edits cannot both be made: they touch the same code in different ways."""
    if one == other or one.at.cell != other.at.cell:
        return False
    start, end = _span(one.at)
    other_start, other_end = _span(other.at)
    if end <= other_start or other_end <= start:
        return False
    if (start, end) == (other_start, other_end):
        return not isinstance(one, InsertBefore | AddArgument) or not isinstance(
            other, InsertBefore | AddArgument
        )
    outer, inner = (one, other) if start <= other_start and other_end <= end else (other, one)
    if isinstance(outer, Permute) and isinstance(inner, RemoveElement | InsertElement):
        return True
    return not isinstance(outer, _AROUND)


def any_conflict(edits: Sequence[Edit], others: Sequence[Edit]) -> bool:
    """Whether any edit of one sequence cannot be made together with one of the other."""
    return any(conflict(one, other) for one in edits for other in others)


def _span(at: Location) -> tuple[tuple[int, int], tuple[int, int]]:
    start = (at.line or 1, at.column or 1)
    end = (at.end_line or at.line or 1, at.end_column or at.column or 1)
    return start, end
