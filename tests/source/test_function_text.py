"""What the text of a function says beyond the values that it gives."""

from __future__ import annotations

import pytest

from tflint.finding import Location
from tflint.source.function_text import FunctionTexts, is_inside
from tflint.source.module import SourceModule


def may_fill(body: str) -> bool:
    """Whether a function with this body may fill buffers."""
    module = SourceModule(f"before[0] = 1\ndef f(x):\n    {body}\nx = 1\n")
    return FunctionTexts(module).may_fill_buffers(module.locate(module.tree.body[1]))


@pytest.mark.parametrize(
    "body",
    [
        "x[0] = 1",
        "x[0] += 1",
        "x += 1",
        "x.flat = 1",
        "copy(x, 1)",
        "y = add(x, 1, out=x)",
        "for x[0] in y: pass",
    ],
)
def test_what_may_fill_a_buffer(body: str) -> None:
    assert may_fill(body)


@pytest.mark.parametrize("body", ["y = x[0]", "return zeros(3)", "yield [zeros((1, 3))]", "'doc'"])
def test_what_fills_no_buffer(body: str) -> None:
    assert not may_fill(body)


def test_a_place_without_a_function() -> None:
    texts = FunctionTexts(SourceModule("x[0] = 1\n"))

    assert not texts.may_fill_buffers(Location(line=1, column=1))


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        (Location(line=3), True),
        (Location(line=1), False),
        (Location(line=5), False),
        (Location(line=3, cell=2), False),
        (Location(), False),
        (None, False),
    ],
)
def test_which_places_are_inside(place: Location | None, inside: bool) -> None:
    assert is_inside(place, Location(line=2, end_line=4)) is inside
