"""TFL201: TensorFlow's operators that equal builtins become these, with the same answers."""

from __future__ import annotations

from tests.fix.model.passes import hold_examples

RECURRENT = ("A recurrent layer of unknown batch", "LiteRT needs a delegate for it")


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL201", unsafe=True, but=RECURRENT)
