"""Figures of errors and decisions, against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.fix.proof.measures import (
    Decisions,
    equal_values,
    error,
    logistic,
    same_bits,
    softmax,
    top1,
    yes_or_no,
)

values = st.lists(st.floats(-1e3, 1e3, width=32), min_size=4, max_size=4)


def test_bits_are_compared_sample_by_sample() -> None:
    before = np.array([[1, 2], [3, 4], [0, 1], [np.nan, 1]], np.float32)
    after = np.array([[1, 2], [3, np.nextafter(np.float32(4), 5)], [-0.0, 1], [-np.nan, 1]])

    assert same_bits(before, after.astype(np.float32)).tolist() == [True, False, False, True]
    assert not same_bits(before, before.astype(np.float64)).any()
    assert same_bits(np.zeros((2, 0), np.int8), np.zeros((2, 0), np.int8)).all()
    assert same_bits(np.array([1, 2], np.int8), np.array([1, 3], np.int8)).tolist() == [True, False]


@given(values, values)
def test_errors_are_as_defined(left: list[float], right: list[float]) -> None:
    a, b = np.array(left).reshape(2, 2), np.array(right).reshape(2, 2)
    found = error(a, b)

    assert found.maximum == np.abs(a - b).max()
    assert found.mean == pytest.approx(np.abs(a - b).mean())
    assert found.range == a.max() - a.min()
    assert found.magnitude == np.abs(a).max()
    if (a == b).all():
        assert found.snr_db == math.inf
    elif (np.square(a - b) > 0).any() and (np.square(a) > 0).any():
        ratio = (a**2).sum() / ((a - b) ** 2).sum()
        assert found.snr_db == pytest.approx(10 * math.log10(ratio) if ratio else -math.inf)


def test_the_same_infinity_is_no_error_and_another_is_infinite() -> None:
    odd = np.array([math.inf, -math.inf, math.nan, 1.0])

    assert error(odd, odd).maximum == 0
    assert error(odd, np.array([math.inf, math.inf, math.nan, 1.0])).maximum == math.inf
    assert error(odd, np.array([math.inf, -math.inf, 0.0, 1.0])).maximum == math.inf
    assert error(np.array([1.0]), np.array([math.nan])).mean == math.inf


def test_decisions_between_classes() -> None:
    before = np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.45, 0.44, 0.11], [0.0, 0.2, 0.8]])
    after = np.array([[0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.3, 0.4, 0.3], [0.0, 0.2, 0.8]])

    assert top1(before, after, 0.0) == Decisions(4, 2)
    found = top1(before, after, 0.02)  # The third is a close call.
    assert (found.judged, found.agreeing, found.agreement) == (3, 2, 2 / 3)
    assert top1(before, after, 2.0).agreement is None
    assert top1(before[:, None], after[:, None], 0.02).judged == 3


def test_margins_of_probabilities_that_were_logits() -> None:
    logits = np.array([[2.0, 1.0], [3.0, 0.0]])
    found = top1(softmax(logits), softmax(logits[:, ::-1]), 1.5, is_logarithmic=True)
    assert (found.judged, found.agreeing) == (1, 0)


def test_equal_scores_are_no_decision() -> None:
    before = np.array([[0.5, 0.5], [1.0, 0.0]])
    after = np.array([[0.5, 0.5 + 1e-9], [1.0, 0.0]])
    assert top1(before, after, 0.0) == Decisions(1, 1)


def test_decisions_between_yes_and_no() -> None:
    before = np.array([0.9, 0.8, 0.1, 0.2, 0.51, 0.3]).reshape(-1, 1)
    after = np.array([0.9, 0.2, 0.1, 0.7, 0.1, 0.3]).reshape(-1, 1)

    found = yes_or_no(before, after, 0.5, 0.02)

    assert found == Decisions(5, 3, positives=2, kept=1, claimed=2)
    assert (found.recall, found.precision) == (0.5, 0.5)
    nothing = yes_or_no(before[2:4], after[2:3].repeat(2, 0), 0.5, 0.02)
    assert (nothing.recall, nothing.precision, nothing.agreement) == (None, None, 1.0)


def test_integers_are_decisions_themselves() -> None:
    before = np.array([[1, 2], [3, 4], [5, 6]])
    after = np.array([[1, 2], [3, 5], [5, 6]])
    assert equal_values(before, after) == Decisions(3, 2)


def test_changes_of_outputs() -> None:
    assert softmax(np.array([[0.0, math.log(3)]]))[0].tolist() == pytest.approx([0.25, 0.75])
    assert softmax(np.array([1e4, 0.0])).tolist() == [1, 0]
    assert logistic(np.array([0.0, -1e4])).tolist() == [0.5, 0]
