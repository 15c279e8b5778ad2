"""Timing what takes less than a microsecond: stamps, and what taking them costs.

A stamp costs about a tenth of a microsecond, a fifth of the smallest models' inference. So that
cost is measured in the same process and taken off each run: an average then equals that of a bare
loop over `invoke`, and every run still has a time of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Nanoseconds = NDArray[np.int64]

# Between chunks of runs it is looked up whether time is up; seldom, as that cools the caches.
_CHUNK_NS = 100_000_000
_MOST_IN_A_CHUNK = 100_000
_ROUNDS = 15
_PER_ROUND = 400


class Invocable(Protocol):
    """What is timed: one call is one inference."""

    def invoke(self) -> object:
        """Run once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to go on: for at least `runs` and `least_ns`, but for `most_ns` at most. What
    `most_ns` cuts off are runs, never the only one.
    """

    runs: int
    least_ns: int
    most_ns: int


def stamped(timed: Invocable, runs: int) -> Nanoseconds:
    """Nanoseconds of each of some runs, the cost of the stamps among them."""
    clock = time.perf_counter_ns
    stamps = [clock()]
    add = stamps.append
    for _ in repeat(None, runs):
        timed.invoke()
        add(clock())
    taken = np.array(stamps, np.int64)
    return taken[1:] - taken[:-1]


def bare(timed: Invocable, runs: int) -> int:
    """Nanoseconds of all of some runs in a loop that does nothing else."""
    start = time.perf_counter_ns()
    for _ in repeat(None, runs):
        timed.invoke()
    return time.perf_counter_ns() - start


def stamp_cost(timed: Invocable) -> float:
    """Nanoseconds that a stamp adds to a run, measured on something short.

    The median of rounds in turn, so that neither a slow moment nor a change of the clock rate of
    the core counts.
    """
    stamped(timed, _PER_ROUND)
    found = []
    for _ in repeat(None, _ROUNDS):
        with_stamps = int(stamped(timed, _PER_ROUND).sum())
        found.append((with_stamps - bare(timed, _PER_ROUND)) / _PER_ROUND)
    return max(float(np.median(found)), 0.0)


def timed_runs(timed: Invocable, plan: Plan, expected_ns: float) -> Nanoseconds:
    """Nanoseconds of each run, of which one is expected to take `expected_ns`."""
    parts: list[Nanoseconds] = []
    done, spent, each = 0, 0.0, max(expected_ns, 1.0)
    while done < plan.runs or spent < plan.least_ns:
        if done and spent + each > plan.most_ns:
            break
        left_ns = min(_CHUNK_NS, plan.most_ns - spent)
        if done >= plan.runs:
            left_ns = min(left_ns, plan.least_ns - spent)
        chunk = min(max(int(left_ns / each), 1), _MOST_IN_A_CHUNK)
        if done < plan.runs:
            chunk = min(chunk, plan.runs - done)
        times = stamped(timed, chunk)
        parts.append(times)
        done, spent = done + chunk, spent + float(times.sum())
        each = max(spent / done, 1.0)
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
