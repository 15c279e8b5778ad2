"""Ranges of values: what they cover, and that the one with the least error errs least."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.fix.quantize.histogram import Histogram
from tflint.fix.quantize.ranges import CANDIDATES, competing, minmax, mse, percentile, saturating


def _histogram(values: np.ndarray) -> Histogram:
    histogram = Histogram()
    histogram.add(values.astype(np.float32))
    return histogram


def _error(values: np.ndarray, low: float, high: float) -> float:
    """What quantising to 256 levels between these ends does, measured."""
    step = (high - low) / 255
    zero = round(-low / step)
    levels = np.clip(np.rint(values / step) + zero, 0, 255)
    return float(np.square((levels - zero) * step - values).mean())


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=30))
def test_every_range_holds_zero_and_lies_within_the_values(numbers: list[float]) -> None:
    values = np.array(numbers, np.float32)
    histogram = _histogram(values)
    whole = minmax(histogram, 255)
    assert whole[0] <= min(values.min(), 0)
    for method in CANDIDATES.values():
        low, high = method(histogram, 255)
        assert low <= 0 <= high
        assert low < high
        assert whole[0] <= low
        assert high <= whole[1]


def test_percentile_leaves_rare_values_out() -> None:
    values = np.append(np.linspace(-1, 1, 100_000), [500.0])
    low, high = percentile(_histogram(values), 255)
    assert low == pytest.approx(-1, abs=0.2)
    assert high == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("seed", range(4))
def test_mse_errs_less_than_the_whole_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.append(rng.standard_normal(20_000), rng.standard_normal(3) * 40)
    histogram = _histogram(values)
    assert _error(values, *mse(histogram, 255)) < _error(values, *minmax(histogram, 255))


def test_mse_keeps_an_even_spread_whole() -> None:
    values = np.linspace(-2, 6, 30_000)
    low, high = mse(_histogram(values), 255)
    assert low == pytest.approx(-2, abs=0.05)
    assert high == pytest.approx(6, abs=0.1)


def test_zeros_get_a_range() -> None:
    for method in CANDIDATES.values():
        assert method(_histogram(np.zeros(5)), 255) == (0.0, 1.0)


def test_what_saturates_needs_no_more() -> None:
    histogram = _histogram(np.array([-400.0, 3.0]))
    assert saturating(histogram, 6.25) == (-6.25, 3.0)


def test_logits_far_behind_the_largest_do_not_count() -> None:
    histogram = _histogram(np.array([-90.0, 12.0]))
    low, high = competing(histogram, top=2.0)
    assert -10 < low < -6
    assert high == 12
