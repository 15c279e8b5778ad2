"""The interval of a share, against published figures and against its definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.bench.intervals import Z_95, wilson_interval


# R. G. Newcombe, Statistics in Medicine 17 (1998), pages 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_figures(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_the_original_projects_best_figure() -> None:
    """36 of 39 were published as 92.31 %."""
    low, high = wilson_interval(36, 39)

    assert (round(100 * low, 1), round(100 * high, 1)) == (79.7, 97.3)


def test_without_trials_nothing_is_known() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


counts = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_the_ends_are_where_the_score_test_just_does_not_reject(pair: tuple[int, int]) -> None:
    successes, trials = pair
    share = successes / trials

    low, high = wilson_interval(successes, trials)

    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        deviation = Z_95 * math.sqrt(end * (1 - end) / trials)
        # At 0 and 1 the deviation is none, and only the share itself is not rejected.
        assert abs(share - end) == pytest.approx(deviation, rel=1e-6, abs=1e-9)


@given(counts)
def test_failures_have_the_mirrored_interval(pair: tuple[int, int]) -> None:
    successes, trials = pair
    low, high = wilson_interval(successes, trials)

    assert wilson_interval(trials - successes, trials) == pytest.approx((1 - high, 1 - low))


@given(counts, st.integers(2, 10))
def test_more_of_the_same_is_surer(pair: tuple[int, int], factor: int) -> None:
    successes, trials = pair
    low, high = wilson_interval(successes, trials)
    inner_low, inner_high = wilson_interval(factor * successes, factor * trials)

    assert inner_high - inner_low < high - low
