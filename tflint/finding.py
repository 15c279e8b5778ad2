"""What a rule says: one finding, where it is, how sure, and what would repair it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Severity(Enum):
    """How bad a finding is. `ERROR` means: provably fails on the chosen target."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Confidence(Enum):
    """How sure a finding is: proved, inferred from what is typical, or a guess."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class FixSafety(Enum):
    """What a repair changes: nothing that can be measured, something, or the conversion."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    RECONVERT = "reconvert"


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair and the command that does it."""

    safety: FixSafety
    command: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The line of source that a finding begins on, as written, for people.

    Of a very long line it is a part. `start` and `end` are what to mark of `text`, counted from 0.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a file: a span of source lines (from 1), or a part of a model, or neither.

    In notebooks lines are those of the cell, which is counted from 1 among all cells. In
    archives `layer` is a layer's name, as written there. Operators and tensors are indices into
    their subgraph. `context` shows the operator with its neighbours, for people; `anchor` is a
    name by which a later version of the model is likely to know the same place.

    The runner fills in `excerpt` and, in notebooks, `file_line` and `file_end_line`: the lines of
    the JSON text, where they are known, for those who cannot tell cells.
    """

    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    subgraph: int | None = None
    operator: int | None = None
    operator_name: str | None = None
    tensor: int | None = None
    context: str | None = None
    anchor: str | None = None
    cell: int | None = None
    layer: str | None = None
    excerpt: Excerpt | None = None
    file_line: int | None = None
    file_end_line: int | None = None


NOWHERE: Final = Location()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    `message` says what and what it costs, `help` what to do. Names from a model are in there
    already escaped. `path` and `fingerprint` are filled in by the runner; the latter stays
    the same while the finding does, whatever else in the file moves.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location = NOWHERE
    fix: Fix | None = None
    help: str = ""
    path: str = ""
    fingerprint: str = ""
