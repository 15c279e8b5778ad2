"""TFL604: weights and bias hold what was multiplied and added, but for rounding."""

from __future__ import annotations

import pytest

from tests.analysis.test_affine import LAYERS, ORDERS, before, behind
from tests.fix.model.passes import hold_equal, hold_examples, hold_untouched, operators, repaired
from tests.rules.findings import findings
from tflint.model.schema import Padding

# Of float32 outputs, relative to the largest of them.
ROUNDING = 1e-5


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL604", unsafe=True, tolerance=ROUNDING)


def test_nothing_is_done_that_was_not_asked_for() -> None:
    hold_untouched("TFL604", behind("CONV_2D", "MUL ADD"))


@pytest.mark.parametrize("shape", [(4,), (1,), ()])
@pytest.mark.parametrize("names", ORDERS)
@pytest.mark.parametrize("name", [*LAYERS, "TRANSPOSE_CONV"])
def test_a_run_behind_a_layer(name: str, names: str, shape: tuple[int, ...]) -> None:
    model = behind(name, names, shape)
    after = repaired("TFL604", model, unsafe=True)

    assert len(operators(after)) == len(operators(model)) - len(names.split())
    hold_equal(model, after, tolerance=ROUNDING)


@pytest.mark.parametrize("shape", [(2,), (1,)])
@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])
@pytest.mark.parametrize("names", ORDERS)
@pytest.mark.parametrize("name", LAYERS)
def test_a_run_in_front_of_a_layer(
    name: str, names: str, padding: Padding, shape: tuple[int, ...]
) -> None:
    model = before(name, names, padding, shape)
    if not findings("TFL604", model):
        hold_untouched("TFL604", model, unsafe=True)
        return
    after = repaired("TFL604", model, unsafe=True)

    assert len(operators(after)) == len(operators(model)) - len(names.split())
    hold_equal(model, after, tolerance=ROUNDING)
