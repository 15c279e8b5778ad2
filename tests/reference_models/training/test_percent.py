"""Shares as cards show them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint_reference_models.training.percent import interval_text, percent, percent_at_most


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.88449, "88.4 %"), (0.9999, "99.9 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (0.29, "29.0 %")],
)
def test_nothing_is_rounded_up(share: float, expected: str) -> None:
    assert percent(share) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.04901, "5.0 %"), (0.05, "5.0 %"), (0.0, "0.0 %"), (1e-6, "0.1 %")]
)
def test_what_had_better_be_small_is_not_rounded_down(share: float, expected: str) -> None:
    assert percent_at_most(share) == expected


@given(st.integers(0, 5000).flatmap(lambda n: st.tuples(st.just(n + 1), st.integers(0, n + 1))))
def test_a_figure_is_never_better_than_what_was_counted(counts: tuple[int, int]) -> None:
    n, correct = counts
    shown = int(percent(correct / n).removesuffix(" %").replace(".", ""))
    assert shown == 1000 * correct // n
    wrong = int(percent_at_most(correct / n).removesuffix(" %").replace(".", ""))
    assert wrong == -(-1000 * correct // n)


def test_intervals_are_rounded_outwards() -> None:
    assert interval_text((0.86291, 0.89110)) == "86.2 to 89.2 %"
    assert interval_text(None) == "–"
