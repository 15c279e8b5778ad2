"""Code that a test says fails: nothing in it is a finding."""

from __future__ import annotations

import pytest

from tflint.source.module import SourceModule

SOURCE = """\
import keras, pytest

class Tests:
    def test_it(self):
        with {context}:
            keras.layers.Subtract()([keras.Input((3,))])
        return keras.layers.Dense(3)(keras.Input((2,)))
"""


@pytest.mark.parametrize(
    ("context", "kinds"),
    [
        ("self.assertRaises(ValueError)", ["Dense"]),
        ("self.assertRaisesRegex(ValueError, 'x')", ["Dense"]),
        ("pytest.raises(ValueError) as error", ["Dense"]),
        ("self.subTest(a=1)", ["Dense", "Subtract"]),
        ("strategy.scope()", ["Dense", "Subtract"]),
    ],
)
def test_a_body_that_is_to_fail_is_passed_over(context: str, kinds: list[str]) -> None:
    calls = SourceModule(SOURCE.format(context=context)).keras.calls
    applied = {call.layer.kind for call in calls if call.layer.kind != "Input"}

    assert sorted(applied & {"Dense", "Subtract"}) == kinds
