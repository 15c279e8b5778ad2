"""Operator ordering as an abstract problem: blocks of memory that operators make and read.

Operators are numbered in the given order, which has to keep every dependency. A block is alive
from the operator that makes it to the last that reads it, as TFLM's planner counts (time 0 is
before the first operator, an operator at position i is time i + 1; micro_allocation_info.cc). The
peak of an order is the most bytes alive at one time, below which no plan for that order can go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes that are alive together: a tensor.

    `maker` is the operator that makes it, None when it is there from the start. `readers` are
    distinct operators in ascending order. A `kept` block stays alive to the end. A block without
    readers that is not kept is alive while it is made, or only at time 0.
    """

    bytes: int
    maker: int | None
    readers: tuple[int, ...]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Operators 0 to n - 1 in an order that works, and the blocks between them.

    `scratch` has the bytes that each operator needs only while it runs; `sequence` has pairs
    (earlier, later) of operators that keep their order for other reasons than a block.
    """

    scratch: tuple[int, ...]
    blocks: tuple[Block, ...]
    sequence: tuple[tuple[int, int], ...] = ()

    @property
    def operators(self) -> int:
        """How many operators there are."""
        return len(self.scratch)


def alive_bytes(problem: Problem, order: Sequence[int]) -> list[int]:
    """The bytes alive at time 0 and at each operator of an order; linear time.

    `order` has every operator once, each behind those that it depends on.
    """
    time = [0] * problem.operators
    for position, operator in enumerate(order):
        time[operator] = position + 1
    end = problem.operators
    change = [0] * (end + 2)
    for block in problem.blocks:
        first = 0 if block.maker is None else time[block.maker]
        last = max(map(time.__getitem__, block.readers), default=first)
        change[first] += block.bytes
        change[(end if block.kept else last) + 1] -= block.bytes
    alive = list(accumulate(change))[: end + 1]
    for operator, scratch in enumerate(problem.scratch):
        alive[time[operator]] += scratch
    return alive


def peak_bytes(problem: Problem, order: Sequence[int]) -> int:
    """The most bytes alive at one time of an order; linear time."""
    return max(alive_bytes(problem, order))


def predecessors(problem: Problem) -> list[list[int]]:
    """The operators that each one has to wait for, without repeats."""
    found: list[list[int]] = [[] for _ in range(problem.operators)]
    for block in problem.blocks:
        if block.maker is not None:
            for reader in block.readers:
                found[reader].append(block.maker)
    for earlier, later in problem.sequence:
        found[later].append(earlier)
    return [list(dict.fromkeys(before)) for before in found]


def free_ranges(before: Sequence[Sequence[int]]) -> list[range]:
    """The stretches of the given order between operators that have one place only.

    All others wait for such an operator or are waited for by it, so that what lies before and
    behind it can be ordered by itself: the peak of the whole is the largest of the parts'. A
    chain has no stretches at all. `before` has each operator's predecessors; linear time.

    The operator at k comes behind all earlier ones when each of those has a successor at or
    before k, and before all later ones when each of those has a predecessor at or behind k: the
    path between is then found by induction.
    """
    count = len(before)
    first_after = [count] * count
    last_before = [-1] * count
    for operator, waited in enumerate(before):
        for earlier in waited:
            first_after[earlier] = min(first_after[earlier], operator)
            last_before[operator] = max(last_before[operator], earlier)
    reach_ahead = [-1, *accumulate(first_after, max)]
    reach_back = [*reversed([*accumulate(reversed(last_before), min)]), count]
    found, start = [], 0
    for k in range(count):
        if reach_ahead[k] <= k <= reach_back[k + 1]:
            if k > start:
                found.append(range(start, k))
            start = k + 1
    if count > start:
        found.append(range(start, count))
    return found
