"""Intervals for samples that are alike in groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.bench.intervals import wilson_interval
from tflint_reference_models.training.group_interval import interval_over_groups, t_quantile


@pytest.mark.parametrize(
    ("degrees", "expected"),
    # E. S. Pearson and H. O. Hartley, "Biometrika tables for statisticians", table 12.
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (29, 2.045)],
)
def test_students_t_is_that_of_the_tables(degrees: int, expected: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(expected, abs=5e-4)


def test_with_many_degrees_it_is_the_normal_distributions() -> None:
    assert t_quantile(0.975, 100_000) == pytest.approx(1.959964, abs=1e-4)


def of_accuracies(groups: list[tuple[int, int]]) -> tuple[float, float] | None:
    n, correct = sum(n for n, _ in groups), sum(c for _, c in groups)
    share = correct / n
    return interval_over_groups(share, [(c - share * m) / n for m, c in groups])


def test_groups_of_one_are_samples() -> None:
    """Then it is about Wilson's interval."""
    found = of_accuracies([(1, int(place < 80)) for place in range(100)])
    assert found == pytest.approx(wilson_interval(80, 100), abs=0.006)


def test_repeating_what_is_in_a_group_tells_nothing_new() -> None:
    groups = [(10, 9), (20, 12), (15, 15), (12, 8)]
    assert of_accuracies([(50 * n, 50 * c) for n, c in groups]) == pytest.approx(
        of_accuracies(groups)
    )


def test_it_covers_what_it_says() -> None:
    """Subjects differ: 95 % of the intervals have to hold the mean of all subjects."""
    rng = np.random.default_rng(3)
    held, wilson, tries = 0, 0, 600
    for _ in range(tries):
        correct = rng.binomial(50, rng.beta(16, 4, 10))  # ten subjects of a mean of 0.8
        found = of_accuracies([(50, int(one)) for one in correct])
        assert found is not None
        held += found[0] <= 0.8 <= found[1]
        low, high = wilson_interval(int(correct.sum()), 500)
        wilson += low <= 0.8 <= high
    assert 0.92 <= held / tries <= 0.98
    assert wilson / tries < 0.85  # what it would be to take windows for independent


@given(st.lists(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))))
def test_it_holds_the_share_and_stays_within_0_and_1(groups: list[tuple[int, int]]) -> None:
    if not groups:
        return
    found = of_accuracies(groups)
    share = sum(c for _, c in groups) / sum(n for n, _ in groups)
    if found is not None:
        assert 0 <= found[0] <= share <= found[1] <= 1


@pytest.mark.parametrize("groups", [[(10, 7)], [(10, 10), (5, 5)], [(4, 0), (4, 0)]])
def test_groups_that_do_not_differ_tell_nothing(groups: list[tuple[int, int]]) -> None:
    assert of_accuracies(groups) is None
