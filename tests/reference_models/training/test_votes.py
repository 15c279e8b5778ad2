"""Decisions by several answers that follow each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint_reference_models.training.votes import voted, voted_once

ANSWERS = np.array([[0.0], [1.0], [0.5], [1.0], [0.0]])
RUNS = np.array([7, 7, 3, 7, 3])


def test_the_last_answers_of_a_run() -> None:
    assert voted(ANSWERS, RUNS, 2)[:, 0].tolist() == [0.0, 0.5, 0.5, 1.0, 0.25]


def test_one_answer_is_itself() -> None:
    assert np.array_equal(voted(ANSWERS, RUNS, 1), ANSWERS)


def test_a_run_decides_once() -> None:
    means, firsts = voted_once(ANSWERS, RUNS)
    assert means[:, 0].tolist() == pytest.approx([2 / 3, 0.25])
    assert firsts.tolist() == [0, 2]


def test_fewer_than_one_answer() -> None:
    with pytest.raises(ValueError, match="one answer at least"):
        voted(ANSWERS, RUNS, 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 256)), min_size=1), st.integers(1, 6))
def test_it_is_the_mean_of_a_slice(given_: list[tuple[int, int]], last: int) -> None:
    runs = np.array([run for run, _ in given_])
    answers = np.array([[value / 256] for _, value in given_])
    found = voted(answers, runs, last)
    for place in range(len(runs)):
        before = [at for at in range(place + 1) if runs[at] == runs[place]]
        assert found[place, 0] == pytest.approx(answers[before[-last:], 0].mean())
