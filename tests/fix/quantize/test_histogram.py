"""Counting values: exact ends, bounded bins, and the same in parts as in one go."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.fix.quantize.histogram import BINS, MAX_COUNTED, Histogram, merged

values = st.lists(
    st.floats(-1e6, 1e6, width=32, allow_subnormal=False), min_size=1, max_size=50
).map(lambda numbers: np.array(numbers, np.float32))


def _of(*arrays: np.ndarray) -> Histogram:
    histogram = Histogram()
    for array in arrays:
        histogram.add(array)
    return histogram


@given(st.lists(values, min_size=1, max_size=5))
def test_ends_are_exact_and_everything_is_counted(arrays: list[np.ndarray]) -> None:
    histogram = _of(*arrays)
    together = np.concatenate(arrays)
    assert histogram.low == together.min()
    assert histogram.high == together.max()
    assert histogram.counts.sum() == together.size
    assert histogram.samples == len(arrays)


@given(st.lists(values, min_size=1, max_size=4), st.lists(values, min_size=1, max_size=4))
def test_parts_come_to_the_same_as_the_whole(
    left: list[np.ndarray], right: list[np.ndarray]
) -> None:
    whole, parts = _of(*left, *right), merged(_of(*left), _of(*right))
    assert (parts.low, parts.high, parts.reach) == (whole.low, whole.high, whole.reach)
    assert parts.counts.sum() == whole.counts.sum()
    assert np.abs(np.cumsum(parts.counts - whole.counts)).max() <= whole.counts.sum()


@given(values)
def test_a_value_lies_in_its_bin(numbers: np.ndarray) -> None:
    histogram = _of(numbers)
    edges = histogram.edges()
    for index in np.flatnonzero(histogram.counts):
        width = edges[1] - edges[0]
        inside = (numbers >= edges[index] - width) & (numbers <= edges[index + 1] + width)
        assert inside.any()


def test_a_range_that_grows_keeps_what_was_counted_in_place() -> None:
    histogram = _of(np.array([0.6], np.float32), np.array([100.0], np.float32))
    places = np.flatnonzero(histogram.counts)
    edges = histogram.edges()
    assert histogram.reach == 128
    assert edges[places[0]] <= 0.6 <= edges[places[0] + 1]


def test_zeros_only() -> None:
    histogram = _of(np.zeros(7, np.float32))
    assert (histogram.low, histogram.high, histogram.reach) == (0, 0, 0)
    histogram.add(np.array([-3.0], np.float32))
    assert histogram.counts.sum() == 8
    assert histogram.counts[BINS // 2] == 7


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_told(value: float) -> None:
    histogram = _of(np.array([1.0, value], np.float32))
    assert not histogram.is_finite


def test_of_large_tensors_every_channel_is_counted() -> None:
    tensor = np.zeros((3 * MAX_COUNTED // 32, 32), np.float32)
    tensor[:, 17] = 1
    histogram = _of(tensor)
    assert histogram.counts.sum() <= MAX_COUNTED + 1
    share = histogram.counts[BINS // 2 + 1 :].sum() / histogram.counts.sum()
    assert share == pytest.approx(1 / 32, rel=0.05)
