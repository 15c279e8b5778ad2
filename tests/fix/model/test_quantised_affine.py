"""TFL604 in int8 and int16: scales and biases hold what was multiplied and added."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.fix.model.everywhere import every_place  # noqa: F401
from tests.fix.model.passes import hold_idempotent, installed, outputs_on, turn
from tests.fix.model.quantised_affine import INT8, INT16, quantised_network
from tests.rules.findings import findings
from tests.runtimes import random_inputs
from tflint.finding import FixSafety
from tflint.model.schema import TensorType
from tflint.model.tables import Model


def is_offered(model: Model) -> bool:
    found = [finding.fix for finding in findings("TFL604", model)]
    return any(fix is not None and fix.safety is FixSafety.UNSAFE for fix in found)


def furthest(before: Model, after: Model) -> int:
    """By how many steps what comes out differs at most."""
    far = 0
    for runtime in installed():
        for seed in range(3):
            inputs = random_inputs(before, seed)
            expected, got = (outputs_on(model, inputs, runtime) for model in (before, after))
            if isinstance(expected, str):
                continue
            assert not isinstance(got, str), got
            far = max(far, int(np.abs(expected[0].astype(int) - got[0].astype(int)).max()))
    return far


@pytest.mark.parametrize("is_behind", [True, False], ids=["behind", "in front"])
@pytest.mark.parametrize("type", [INT8, INT16], ids=lambda type: type.name)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_a_run_is_rounded_away(type: TensorType, is_behind: bool, seed: int) -> None:
    model = quantised_network(seed, type, is_behind=is_behind)
    rewrite = turn("TFL604", model, unsafe=True)
    event(f"offered: {is_offered(model)}")
    assert (rewrite is not None) is is_offered(model)
    if rewrite is None:
        return
    hold_idempotent("TFL604", rewrite.model, unsafe=True)
    assert not findings("TFL604", rewrite.model)
    assert len(rewrite.model.subgraphs[0].operators) == 1
    # Each operator of the run rounded by half a step.
    assert furthest(model, rewrite.model) <= 3
