"""TFL402: islands of float in integer graphs compute in integers, on the scales around them."""

from __future__ import annotations

from tests.fix.model.passes import hold_examples


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL402", unsafe=True, tolerance=0.1, but=["TFLM has no int8 EXP"])
