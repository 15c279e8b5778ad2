"""What stamps cost is taken off; as many runs are made as the plan says."""

from __future__ import annotations

import time

import pytest

from tflint.bench import stopwatch
from tflint.bench.stopwatch import Plan, bare, stamp_cost, stamped, timed_runs

MS = 1_000_000


class Nothing:
    """Takes no time."""

    def __init__(self) -> None:
        self.count = 0

    def invoke(self) -> None:
        self.count += 1


class Busy:
    """Takes as long as it is told, by a clock that the test turns."""

    def __init__(self, clock: Clock, *nanoseconds: int) -> None:
        self._clock, self._times = clock, nanoseconds
        self.count = 0

    def invoke(self) -> None:
        self._clock.now += self._times[self.count % len(self._times)]
        self.count += 1


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def perf_counter_ns(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(stopwatch, "time", found)
    return found


def test_each_run_has_its_time(clock: Clock) -> None:
    busy = Busy(clock, 5, 7, 100)

    assert stamped(busy, 4).tolist() == [5, 7, 100, 5]
    assert bare(busy, 2) == 107
    assert len(stamped(busy, 0)) == 0


def test_stamps_cost_little_and_what_they_cost_is_found() -> None:
    """Corrected times of a call of 10 us differ from those without stamps by far less than 5 %."""

    class Spin:
        def invoke(self) -> None:
            end = time.perf_counter_ns() + 10_000
            while time.perf_counter_ns() < end:
                pass

    cost = stamp_cost(Nothing())
    spin = Spin()
    # The least of many: another program may have the core at any time.
    pairs = [(stamped(spin, 50).mean() - cost, bare(spin, 50) / 50) for _ in range(20)]

    assert 0 < cost < 5_000
    assert min(p for p, _ in pairs) == pytest.approx(min(p for _, p in pairs), rel=0.05)


@pytest.mark.parametrize("expected", [1, 1_000, 100 * MS])
@pytest.mark.parametrize("runs", [1, 7, 300_000])
def test_there_are_exactly_as_many_runs_as_planned(
    runs: int, expected: float, clock: Clock
) -> None:
    """Whatever was expected of each."""
    times = timed_runs(Busy(clock, 1_000), Plan(runs, 0, 10**12), expected)

    assert times.tolist() == [1_000] * runs


@pytest.mark.parametrize(
    ("plan", "each", "runs"),
    [
        # At least for that long...
        (Plan(7, 40 * MS, 10**12), MS, 40),
        # ...and for no longer than that, but once.
        (Plan(200, 0, 20 * MS), 2 * MS, 10),
        (Plan(200, 10**12, 20 * MS), 2 * MS, 10),
        (Plan(200, 0, 20 * MS), 5_000 * MS, 1),
        (Plan(200, 0, -5), MS, 1),
    ],
)
def test_runs_take_as_long_as_planned(plan: Plan, each: int, runs: int, clock: Clock) -> None:
    times = timed_runs(Busy(clock, each), plan, each)

    assert times.tolist() == [each] * runs


@pytest.mark.parametrize("expected", [1, 1_000 * MS])
def test_a_wrong_guess_misses_the_end_by_little(expected: float, clock: Clock) -> None:
    """Of a run that takes 10 ms, where a nanosecond or a second was expected."""
    guess = stopwatch.timed_runs(Busy(clock, 10 * MS), Plan(200, 0, 1_000 * MS), expected)

    assert 100 <= len(guess) <= 200


def test_no_runs_take_no_time() -> None:
    nothing = Nothing()

    assert len(timed_runs(nothing, Plan(0, 0, MS), 1)) == 0
    assert nothing.count == 0
