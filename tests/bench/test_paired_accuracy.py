"""Two models on the same samples: counts, the interval of the difference, McNemar's test."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.bench.paired_accuracy import paired_accuracy
from tflint.report.bench_compare_result import AccuracyDifference

counts = st.integers(0, 60)


def compared(both: int, before: int, after: int, neither: int) -> AccuracyDifference:
    left = [1] * both + [1] * before + [0] * after + [0] * neither
    right = [1] * both + [0] * before + [1] * after + [0] * neither
    found = paired_accuracy(left, right)
    assert found is not None
    assert (found.both, found.only_before, found.only_after, found.neither) == (
        both,
        before,
        after,
        neither,
    )
    return found


def test_newcombes_own_example() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table III: 36, 12, 2, 0 by method 10."""
    found = compared(36, 2, 12, 0)

    assert found.n == 50
    assert math.isclose(found.difference, 0.2)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0569, 0.3404)


@pytest.mark.parametrize(
    ("before", "after", "p"),
    [
        (0, 0, 1.0),
        (1, 1, 1.0),
        (0, 5, 0.0625),
        (0, 6, 0.03125),
        (1, 9, 22 / 1024),
        (2, 12, 2 * (1 + 14 + 91) / 2**14),
    ],
)
def test_mcnemar_counts_coins(before: int, after: int, p: float) -> None:
    assert math.isclose(compared(10, before, after, 3).p, p)
    assert math.isclose(compared(10, after, before, 3).p, p)


def test_the_test_is_not_lost_in_large_numbers() -> None:
    found = compared(0, 2000, 4000, 0)

    assert 0 <= found.p < 1e-100
    assert compared(0, 30_000, 30_000, 0).p == 1.0


@given(counts, counts, counts, counts)
def test_exchanging_the_models_exchanges_the_ends(a: int, b: int, c: int, d: int) -> None:
    if not a + b + c + d:
        return
    found, mirrored = compared(a, b, c, d), compared(a, c, b, d)

    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert math.isclose(found.low, -mirrored.high, abs_tol=1e-12)
    assert math.isclose(found.high, -mirrored.low, abs_tol=1e-12)
    assert found.p == mirrored.p


def test_without_samples_there_is_nothing_to_say() -> None:
    assert paired_accuracy([], []) is None
    with pytest.raises(ValueError, match="zip"):
        paired_accuracy([1], [])


def test_bytes_are_as_good_as_lists() -> None:
    assert paired_accuracy(b"\1\1\0", b"\1\0\1") == paired_accuracy([1, 1, 0], [1, 0, 1])


@pytest.mark.parametrize(
    "parts", [(0.85, 0.03, 0.05, 0.07), (0.5, 0.1, 0.1, 0.3), (0.9, 0.0, 0.06, 0.04)]
)
@pytest.mark.parametrize("n", [39, 200])
def test_the_interval_covers_the_difference(parts: tuple[float, ...], n: int) -> None:
    """As often as it says: samples drawn 2,000 times, the difference known."""
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(n, parts, 2000)
    covered = 0
    for counted in drawn.tolist():
        found = compared(*counted)
        covered += found.low <= parts[2] - parts[1] <= found.high

    assert covered / len(drawn) >= 0.93


def test_a_difference_that_is_told_is_rare_where_there_is_none() -> None:
    """McNemar's test is exact: of all ways in which coins fall, no more than 5 % reject."""
    for total in range(1, 16):
        rejected = sum(
            compared(5, sum(falls), total - sum(falls), 5).is_told
            for falls in itertools.product((0, 1), repeat=total)
        )
        assert rejected / 2**total <= 0.05
