"""What the text of a function says beyond the values that it gives."""

from __future__ import annotations

import ast

import pytest

from tflint.finding import Location
from tflint.source.function_text import FunctionText
from tflint.source.module import SourceModule


def function(body: str) -> FunctionText:
    """The text of a function with this body, which begins on line 2."""
    module = SourceModule(f"before[0] = 1\ndef f(x):\n    {body}\nx = 1\n")
    node = module.tree.body[1]
    assert isinstance(node, ast.FunctionDef)
    return FunctionText(module, module.locate(node))


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
    assert function(body).may_fill_buffers


@pytest.mark.parametrize("body", ["y = x[0]", "return zeros(3)", "yield [zeros((1, 3))]", "'doc'"])
def test_what_fills_no_buffer(body: str) -> None:
    assert not function(body).may_fill_buffers


def test_which_places_are_inside() -> None:
    text = function("return 1")

    assert text.has(Location(line=3))
    assert not text.has(Location(line=1))
    assert not text.has(Location(line=4))
    assert not text.has(Location(line=3, cell=2))
    assert not text.has(Location())
    assert not text.has(None)


def test_a_place_without_a_function() -> None:
    text = FunctionText(SourceModule("x[0] = 1\n"), Location(line=1, column=1))

    assert not text.may_fill_buffers
