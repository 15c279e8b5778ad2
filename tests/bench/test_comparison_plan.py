"""The order of blocks, and how much is measured in which time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.bench.comparison_plan import (
    BLOCKS,
    LEAST_LOADS,
    MOST_LOADS,
    ROUNDS,
    loading_order,
    order,
    plan,
)

SECOND = 1e9


def test_each_model_is_in_each_place_as_often() -> None:
    """Of the places of a block in a round, and of the loads, also taken together."""
    seen: Counter[tuple[int, int, int]] = Counter()
    for load in range(4):
        for place, which in enumerate(order(load)):
            seen[loading_order(load)[0], place, which] += 1

    assert len(seen) == 2 * BLOCKS * 2
    assert set(seen.values()) == {1}


@pytest.mark.parametrize("load", range(4))
def test_what_changes_steadily_cancels_within_a_round(load: int) -> None:
    places = [[p for p, which in enumerate(order(load)) if which == model] for model in (0, 1)]

    for power in (0, 1, 2):
        assert sum(p**power for p in places[0]) == sum(p**power for p in places[1])
    # And in each half, which is a turn by itself, what changes by as much each time.
    for start in (0, 4):
        half = [sum(p for p in found if start <= p < start + 4) for found in places]
        assert half[0] == half[1]


@pytest.mark.parametrize("load", range(4))
def test_each_follows_itself_as_often(load: int) -> None:
    """Also from one round to the next."""
    turns = order(load) * 2
    follows = Counter(turns[i] for i in range(BLOCKS) if turns[i] == turns[i + 1])

    assert follows[0] == follows[1]


def test_two_loads_have_each_first_once_and_the_same_turns() -> None:
    for load in range(0, MOST_LOADS, 2):
        assert loading_order(load) == loading_order(load + 1)[::-1]
        assert order(load) == order(load + 1)


def test_fast_models_fill_their_blocks() -> None:
    found = plan(100_000, (4_000, 1_000), 50, 15)

    assert (found.loads, found.rounds) == (MOST_LOADS, ROUNDS)
    assert found.runs == (125, 500)
    assert found.warm == (25, 100)


def test_more_runs_are_made_when_they_are_asked_for() -> None:
    found = plan(100_000, (4_000, 1_000), 100_000, 15)

    for runs in found.runs:
        assert runs * found.loads * found.rounds * BLOCKS / 2 >= 100_000


def test_slow_models_run_as_often_as_time_allows() -> None:
    usual = plan(SECOND, (0.03 * SECOND, 0.03 * SECOND), 100, 30)
    slow = plan(SECOND, (2 * SECOND, 2 * SECOND), 50, 30)

    assert usual.runs == (2, 2)
    assert usual.warm == (0, 0)
    assert (usual.loads, usual.rounds) == (MOST_LOADS, ROUNDS)
    assert (slow.loads, slow.rounds, slow.runs) == (LEAST_LOADS, 1, (1, 1))


times = st.floats(1, 1e12)


@given(times, times, times, st.integers(0, 10**6), st.floats(0.1, 1000))
def test_it_takes_no_longer_than_it_may(
    init: float, a: float, b: float, runs: int, seconds: float
) -> None:
    found = plan(init, (a, b), runs, seconds)
    blocks = found.rounds * BLOCKS // 2
    each = zip((a, b), found.runs, found.warm, strict=True)
    total = found.loads * (init + sum(ns * (1 + blocks * (r + w)) for ns, r, w in each))

    assert min(*found.runs, found.loads, found.rounds) >= 1
    assert found.loads % 2 == 0, "two loads make one measurement of what is done once in a load"
    is_least = (found.loads, found.rounds) == (LEAST_LOADS, 1)
    assert is_least or total <= seconds * SECOND * (1 + 1e-9)
