"""Decisions counted: figures of a confusion matrix, by group, and of folds together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint_reference_models.training.counts import Counts, Group, counted

LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])
DECIDED = np.array([0, 0, 0, 1, 1, 0, 2, 2])
SUBJECTS = ["4", "4", "12", "12", "4", "12", "4", "12"]
COUNTS = counted(LABELS, DECIDED, 3, SUBJECTS, "subject")


def test_figures() -> None:
    assert COUNTS.confusion == ((3, 1, 0), (1, 1, 0), (0, 0, 2))
    assert (COUNTS.n, COUNTS.correct, COUNTS.accuracy) == (8, 6, 0.75)
    assert COUNTS.sizes == (4, 2, 2)
    assert [COUNTS.recall(label) for label in range(3)] == [0.75, 0.5, 1.0]
    assert [COUNTS.precision(label) for label in range(3)] == [0.75, 0.5, 1.0]
    assert COUNTS.balanced == 0.75


def test_groups_are_in_their_order_and_add_up() -> None:
    assert [(group.name, group.n, group.correct) for group in COUNTS.groups] == [
        ("4", 4, 4),
        ("12", 4, 2),
    ]
    assert COUNTS.groups[1].by_class == ((0, 2, 1), (1, 1, 0), (2, 1, 1))
    assert COUNTS.groups[1].accuracy == 0.5


def test_of_two_classes() -> None:
    counts = Counts(((95, 5), (2, 8)))
    assert counts.false_accepts == 0.05
    assert counts.recall(1) == 0.8
    low, high = counts.false_accepts_interval
    assert low < 0.05 < high


def test_a_class_that_does_not_occur_counts_for_nothing() -> None:
    counts = Counts(((95, 5), (0, 0)))
    assert counts.occurring == (0,)
    assert counts.balanced == 0.95
    assert counts.recall(1) == 0.0


def test_without_samples_nothing_is_known() -> None:
    counts = Counts(((0, 0), (0, 0)))
    assert (counts.accuracy, counts.balanced, counts.false_accepts) == (0.0, 0.0, 0.0)
    assert counts.interval == (0.0, 1.0)


def test_folds_are_counted_together() -> None:
    other = Counts(((1, 0, 0), (0, 0, 0), (0, 0, 0)), (Group("7", ((0, 1, 1),)),), "subject")
    both = COUNTS.plus(other)
    assert both.n == 9
    assert [group.name for group in both.groups] == ["4", "7", "12"]
    twice = COUNTS.plus(COUNTS)
    assert [(group.n, group.correct) for group in twice.groups] == [(8, 8), (8, 4)]


def test_groups_of_another_kind_are_not_mixed() -> None:
    assert COUNTS.plus(COUNTS.without_groups()).groups == ()
    assert COUNTS.plus(COUNTS.without_groups()).n == 16


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 5)), min_size=1))
def test_folds_in_any_parts_come_to_the_same(samples: list[tuple[int, int, int]]) -> None:
    def of(part: list[tuple[int, int, int]]) -> Counts:
        columns = np.array(part, np.int64).reshape(-1, 3)
        names = [str(group) for group in columns[:, 2]]
        return counted(columns[:, 0], columns[:, 1], 3, names, "subject")

    cut = len(samples) // 2
    whole, parts = of(samples), of(samples[:cut]).plus(of(samples[cut:]))
    assert whole.confusion == parts.confusion
    if parts.groups:
        assert whole.groups == parts.groups
        assert whole.group_interval == pytest.approx(parts.group_interval)


def test_the_interval_of_the_mean_recall_is_that_of_accuracy_where_classes_are_equal() -> None:
    labels = np.tile([0, 1], 40)
    decided = np.where(np.arange(80) % 7 == 0, 1 - labels, labels)
    groups = [str(place // 8) for place in range(80)]
    counts = counted(labels, decided, 2, groups, "subject")
    assert counts.balanced == pytest.approx(counts.accuracy)
    assert counts.balanced_group_interval == pytest.approx(counts.group_interval)


@pytest.mark.parametrize(
    ("labels", "decided", "groups"),
    [([0, 3], [0, 0], None), ([0, 0], [0, -1], None), ([0], [0, 1], None), ([0], [0], ["a", "b"])],
)
def test_what_does_not_belong_together(
    labels: list[int], decided: list[int], groups: list[str] | None
) -> None:
    with pytest.raises(ValueError, match=r"each sample|none of 3"):
        counted(np.array(labels), np.array(decided), 3, groups)
