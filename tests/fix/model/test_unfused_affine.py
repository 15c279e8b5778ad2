"""TFL604: weights and bias hold what was multiplied and added, but for rounding."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.analysis.test_affine import LAYERS, ORDERS, before, behind
from tests.fix.model.affine_networks import affine_network, norm_network
from tests.fix.model.everywhere import every_place  # noqa: F401
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_idempotent,
    hold_untouched,
    operators,
    outputs_on,
    repaired,
    turn,
)
from tests.rules.findings import findings
from tests.runtimes import random_inputs
from tflint.finding import FixSafety
from tflint.fix.quantize.float_model import with_float_weights
from tflint.model.schema import Padding, TensorType
from tflint.model.tables import Model

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


# float32 rounds, and float16 keeps 11 bits.
TOLERANCES = {TensorType.FLOAT32: ROUNDING, TensorType.FLOAT16: 5e-3}


def hold_as_near(before: Model, after: Model, seeds: Iterable[int]) -> None:
    """A dynamic-range model after its repair is as near to its float twin as it was before.

    What a layer reads is rounded to 255 steps of its range, which changes with what is folded
    into the layer before: some numbers go to another step, of about the same size.
    """
    pytest.importorskip("ai_edge_litert", reason="needs the extra `quantize`")
    twin = with_float_weights(before)
    for seed in seeds:
        inputs = random_inputs(before, seed)
        found = []
        for model in (twin, before, after):
            outputs = outputs_on(model, inputs, "litert")
            assert not isinstance(outputs, str), outputs
            found.append(outputs)
        for real, old, new in zip(*found, strict=True):
            reach = max(float(np.abs(real).max()), 1.0)
            error, error_after = (float(np.abs(y - real).max()) / reach for y in (old, new))
            assert error_after <= 2 * error + 1e-3


def offered(code: str, model: Model) -> int:
    """How many repairs a rule offers."""
    found = [finding.fix for finding in findings(code, model, "litert")]
    return sum(fix is not None and fix.safety is FixSafety.UNSAFE for fix in found)


@pytest.mark.parametrize("weights", [*TOLERANCES, TensorType.INT8], ids=lambda type: type.name)
@pytest.mark.parametrize("code", ["TFL604", "TFL111"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_what_is_offered_is_done_and_nothing_else(
    code: str, weights: TensorType, seed: int
) -> None:
    model = (norm_network if code == "TFL111" else affine_network)(seed, weights)
    count = offered(code, model)
    event(f"offered: {count}")
    rewrite = turn(code, model, target="litert", unsafe=True)
    if not count:
        assert rewrite is None
        return
    assert rewrite is not None
    assert rewrite.places >= count
    assert offered(code, rewrite.model) == 0
    hold_idempotent(code, rewrite.model, unsafe=True)
    if weights in TOLERANCES:
        tolerance = TOLERANCES[weights]
        hold_equal(model, rewrite.model, tolerance=tolerance, may_refuse=True, seeds=(0, 1))
    else:
        hold_as_near(model, rewrite.model, (0, 1))
