"""The interval of signed ranks: exact for small numbers, held to published tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.bench.signed_rank import FEWEST, signed_rank_interval

values = st.lists(st.floats(-1e6, 1e6), min_size=FEWEST, max_size=24)
# The greatest sum of ranks that is rejected on both sides at 5 %; Wilcoxon's table, as textbooks
# print it (for instance Hollander, Wolfe and Chicken, table A.4, read at 0.025).
CRITICAL = {6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 15: 25, 20: 52, 24: 81, 25: 89}


def averages(found: Sequence[float]) -> list[float]:
    return sorted((a + b) / 2 for a, b in itertools.combinations_with_replacement(found, 2))


@pytest.mark.parametrize(("count", "critical"), CRITICAL.items())
def test_ends_are_where_the_table_rejects(count: int, critical: int) -> None:
    # Powers of two: no two averages are the same.
    found = [2.0**i for i in range(count)]
    interval = signed_rank_interval(found)

    assert interval is not None
    assert (interval.low, interval.high) == (
        averages(found)[critical],
        averages(found)[-1 - critical],
    )


@pytest.mark.parametrize("count", range(FEWEST, 13))
def test_of_all_choices_of_signs_few_enough_miss_zero(count: int) -> None:
    """The coverage, without chance: where the middle is 0, each choice is as likely."""
    sizes = np.array([2.0**i + 0.25 for i in range(count)])
    missed = 0
    for signs in itertools.product((-1, 1), repeat=count):
        interval = signed_rank_interval(list(sizes * signs))
        assert interval is not None
        missed += not interval.low <= 0 <= interval.high
    part = missed / 2**count

    assert part <= 0.05
    # No more is left out than need be: the next step would be too many.
    assert part > 0.05 / 3


@pytest.mark.parametrize("count", range(FEWEST))
def test_too_few_values_have_no_interval(count: int) -> None:
    assert signed_rank_interval([1.0] * count) is None


@given(values)
def test_the_middle_lies_inside(found: list[float]) -> None:
    interval = signed_rank_interval(found)

    assert interval is not None
    assert min(found) <= interval.low <= interval.middle <= interval.high <= max(found)


@given(values)
def test_exchanging_signs_exchanges_the_ends(found: list[float]) -> None:
    interval, mirrored = signed_rank_interval(found), signed_rank_interval([-x for x in found])

    assert interval is not None
    assert mirrored is not None
    assert (interval.low, interval.middle, interval.high) == (
        -mirrored.high,
        -mirrored.middle,
        -mirrored.low,
    )


def test_one_wild_value_moves_it_little() -> None:
    found = [0.01 * (i - 6) for i in range(12)]
    interval, wild = signed_rank_interval(found), signed_rank_interval([*found[:-1], 1e9])

    assert interval is not None
    assert wild is not None
    assert math.isclose(wild.middle, interval.middle, abs_tol=0.01)
    assert wild.high < 0.2
