"""In which order two models run, and how often, so that both see the same machine.

Two copies of one model differ by up to a few percent for as long as they are loaded, by where
their tensors happen to lie in memory and caches; within one load times differ ten times less.
So the models are loaded anew many times, and a load counts as one measurement, however often
they run in it. Within a load they take turns in short blocks, in rounds of A B B A B A A B (the
sequence of Prouhet, Thue and Morse): what changes steadily cancels (a core that grows warm, a clock
that is turned down), and each follows the other and itself as often, as caches are warmer then.
"""

from __future__ import annotations

from dataclasses import dataclass

PROCESSES = 4
# Loads in each process. The fewest are still enough for an interval over all.
MOST_LOADS = 6
LEAST_LOADS = 2
ROUNDS = 3
BLOCKS = 8
# How long the timed runs of a block take at least: long against reading the clock, short against
# what else happens on a machine.
_BLOCK_NS = 500_000
# What was in the caches is gone after the other model's block: part of a block runs untimed.
_WARM_SHARE = 5
# Models that are slower than this fill the caches many times over by themselves.
_SLOW_NS = 20_000_000
MOST_RUNS = 1_000_000
_TURNS = (0, 1, 1, 0, 1, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process does: how often it loads both, how many rounds there are in a load, and for
    each of the two models how many timed runs a block has, and how many untimed ones before them.
    """

    loads: int
    rounds: int
    runs: tuple[int, int]
    warm: tuple[int, int]


def plan(init_ns: float, run_ns: tuple[float, float], runs: int, seconds: float) -> Plan:
    """A plan for models that take so long to load (both together) and to run once.

    `runs` is how many timed runs each model gets at least, `seconds` how long all of it may take:
    where that is short there are fewer runs, then fewer rounds, then fewer loads, down to
    `LEAST_LOADS` of one round of blocks of one run.
    """
    found = _with(MOST_LOADS, ROUNDS, run_ns, runs)
    for loads, rounds, wanted in (
        (MOST_LOADS, ROUNDS, 0),
        (MOST_LOADS, 1, 0),
        *((loads, 1, 0) for loads in range(MOST_LOADS - 2, LEAST_LOADS - 1, -2)),
    ):
        if _ns(found, init_ns, run_ns) <= seconds * 1e9:
            break
        found = _with(loads, rounds, run_ns, wanted)
    return found


def order(load: int) -> tuple[int, ...]:
    """Which model each block of a round runs: 0 for A, 1 for B."""
    return _TURNS if load // 2 % 2 == 0 else tuple(1 - which for which in _TURNS)


def loading_order(load: int) -> tuple[int, int]:
    """Which model is loaded first."""
    return (0, 1) if load % 2 == 0 else (1, 0)


def _with(loads: int, rounds: int, run_ns: tuple[float, float], runs: int) -> Plan:
    share = -(-runs // (loads * rounds * BLOCKS // 2))
    timed = tuple(min(max(share, int(_BLOCK_NS // max(ns, 1.0)), 1), MOST_RUNS) for ns in run_ns)
    warm = tuple(
        0 if ns > _SLOW_NS else max(1, -(-count // _WARM_SHARE))
        for ns, count in zip(run_ns, timed, strict=True)
    )
    return Plan(loads, rounds, (timed[0], timed[1]), (warm[0], warm[1]))


def _ns(found: Plan, init_ns: float, run_ns: tuple[float, float]) -> float:
    """How long it takes. Each model runs once more in each load, before the first block."""
    blocks = found.rounds * BLOCKS // 2
    each = (
        ns * (1 + blocks * (runs + warm))
        for ns, runs, warm in zip(run_ns, found.runs, found.warm, strict=True)
    )
    return found.loads * (init_ns + sum(each))
