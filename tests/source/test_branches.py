"""Which branches a place stands in."""

from __future__ import annotations

import pytest

from tflint.finding import Location
from tflint.source.branches import NO_BRANCH, Branches
from tflint.source.module import SourceModule

SOURCE = """\
before()
if a:
    first()
elif b:
    second()
    if c:
        inner()
if d:
    third()
else:
    fourth()
for x in xs:
    body()
try:
    tried()
except ValueError:
    handled()
match e:
    case 1:
        one()
    case _:
        other()
match e:
    case 1:
        only()
with f:
    inside()
"""


def around(name: str) -> list[tuple[int | str, int, tuple[int, ...]]]:
    """Statement, index and alternatives of the branches around the call of this name."""
    lines = SOURCE.splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.strip() == f"{name}()")
    found = Branches(SourceModule(SOURCE)).around(Location(line=line))
    return [(branch.statement, branch.index, branch.alternatives) for branch in found]


@pytest.mark.parametrize(
    ("name", "branches"),
    [
        ("before", []),
        ("first", [(2, 0, (0, 1, NO_BRANCH))]),
        ("second", [(2, 1, (0, 1, NO_BRANCH))]),
        ("inner", [(2, 1, (0, 1, NO_BRANCH)), (6, 0, (0, NO_BRANCH))]),
        ("third", [(8, 0, (0, 1))]),
        ("fourth", [(8, 1, (0, 1))]),
        ("body", [(12, 0, (0, NO_BRANCH))]),
        ("tried", [(14, 0, (0, 1))]),
        ("handled", [(14, 1, (0, 1))]),
        ("one", [(18, 0, (0, 1))]),
        ("other", [(18, 1, (0, 1))]),
        ("only", [(23, 0, (0, NO_BRANCH))]),
        ("inside", []),
    ],
)
def test_branches_around_a_call(
    name: str, branches: list[tuple[int | str, int, tuple[int, ...]]]
) -> None:
    assert around(name) == branches


def test_nowhere_has_no_branches() -> None:
    assert Branches(SourceModule(SOURCE)).around(Location()) == ()
