"""TFL304: one max pool in the place of many gives the same bytes."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_surroundings,
    hold_untouched,
    operators,
    options,
    repaired,
    repaired_to_the_end,
)
from tests.rules.findings import findings
from tests.rules.test_mergeable_pools import POOL, pools, stack
from tflint.model.builder import ModelBuilder
from tflint.model.schema import Padding, Pool2DOptions, TensorType

FLOAT32, INT8 = TensorType.FLOAT32, TensorType.INT8


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL304")


@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.integers(4, 30),
    st.integers(4, 30),
    st.sampled_from((FLOAT32, INT8)),
    st.lists(pools(), min_size=2, max_size=4),
)
def test_stacks_of_pools_give_the_same(
    height: int, width: int, type: TensorType, layers: list[Pool2DOptions]
) -> None:
    model = stack(height, width, type, *layers)
    assume(model is not None)
    assert model is not None
    found = [f for f in findings("TFL304", model) if f.fix is not None]
    after = repaired_to_the_end("TFL304", model)

    assert not [f for f in findings("TFL304", after) if f.fix is not None]
    assert (len(operators(after)) < len(operators(model))) == bool(found)
    hold_equal(model, after)
    hold_surroundings("TFL304", model)


def test_runs_in_branches_are_merged_one_by_one() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 18, 18, 1)), 4, 3)
    left = model.pool_2d(model.pool_2d(x))
    right = model.pool_2d(model.pool_2d(x, size=2), size=2, padding=Padding.SAME)
    model.output(left, right)
    after = repaired("TFL304", model.build(), left=0)

    assert operators(after) == ["CONV_2D", "MAX_POOL_2D", "MAX_POOL_2D"]
    assert [o.filter_height for o in options(after, "MAX_POOL_2D")] == [4, 4]  # type: ignore[attr-defined]
    hold_equal(model.build(), after)


def test_many_overlapping_pools_are_faster_than_one() -> None:
    overlapping = Pool2DOptions(Padding.VALID, 1, 1, 3, 3)
    two, many = (stack(64, 64, FLOAT32, *[overlapping] * count) for count in (2, 8))
    assert two is not None
    assert many is not None
    repaired("TFL304", two)

    assert [finding.fix for finding in findings("TFL304", many)] == [None]
    hold_untouched("TFL304", many)


def test_what_is_made_twice_stays() -> None:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 1))
    y = model.pool_2d(model.pool_2d(x))
    model.operator("RELU", [y], [y])
    model.output(y)

    hold_untouched("TFL304", model.build())


def test_sizes_that_no_option_can_hold_stay() -> None:
    """Strides multiply: these would come to more than 32 bits."""
    huge = Pool2DOptions(Padding.SAME, 2**20, 2**20, 2**20, 2**20)
    model = stack(3, 3, FLOAT32, huge, huge)
    assert model is not None

    hold_untouched("TFL304", model)


def test_what_a_later_schema_says_of_the_first_pool_stays() -> None:
    model = stack(8, 8, FLOAT32, POOL, POOL)
    assert model is not None
    after = repaired("TFL304", model)

    assert list(options(after, "MAX_POOL_2D")) == [Pool2DOptions(Padding.VALID, 4, 4, 4, 4)]
