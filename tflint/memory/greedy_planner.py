"""TFLM's greedy planner: where each buffer goes in the non-persistent part of the arena.

Source: GreedyMemoryPlanner, tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ONLINE = -1
# What is looked at before a plan is given up: about eight seconds. Ten thousand tensors that
# are all alive for long take thirty million, a chain of as many half a million.
MAX_STEPS = 40_000_000

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PlannedBuffer:
    """A buffer to place: its size in bytes, and the first and last time at which it is alive.

    `offline_offset` is where the file's own plan puts it, `ONLINE` when it leaves that open.
    """

    size: int
    first: int
    last: int
    offline_offset: int = ONLINE


def place(buffers: Sequence[PlannedBuffer], max_steps: int = MAX_STEPS) -> list[int] | None:
    """The offset of each buffer, as TFLM places it; None where that takes too many steps.

    Buffers with an offset of their own are taken as they are. The others follow, largest first
    and of equal ones the later first; each goes to the lowest offset where it overlaps no
    buffer that was placed before it and is alive at the same time.

    TFLM walks a list of all placed buffers for each one, n² steps. Here what is taken is kept
    as unions of intervals in a segment tree over time, so a buffer costs O(log n) unions, each
    as long as it has gaps: O(n log² n) for the graphs there are; at worst, when every union
    stays fragmented, O(n²). Ten thousand operators in a chain take 0.3 s, with connections
    over up to 300 operators 0.5 s.
    """
    if not buffers:
        return []
    start = min(buffer.first for buffer in buffers)
    taken = _Taken(max(buffer.last for buffer in buffers) - start + 1)
    offsets = [0] * len(buffers)
    steps = 0
    for index in _order(buffers):
        buffer = buffers[index]
        first, last = buffer.first - start, buffer.last - start
        if buffer.offline_offset == ONLINE:
            there = taken.during(first, last)
            steps += len(there)
            if steps > max_steps:
                return None
            offset = _lowest_gap(there, buffer.size)
        else:
            offset = buffer.offline_offset
        offsets[index] = offset
        # One of no size is not in the way, but it ends a gap.
        taken.add(first, last, offset, offset + buffer.size)
    return offsets


def _order(buffers: Sequence[PlannedBuffer]) -> Iterator[int]:
    """The indices of the buffers in the order in which they are placed."""
    online = [i for i, buffer in enumerate(buffers) if buffer.offline_offset == ONLINE]
    yield from (i for i, buffer in enumerate(buffers) if buffer.offline_offset != ONLINE)
    # The list is filled from its end, then sorted stably: among equals the later comes first.
    yield from sorted(online, key=lambda i: (-buffers[i].size, -i))


def _lowest_gap(taken: list[Interval], size: int) -> int:
    """The lowest offset with `size` free bytes between these intervals."""
    free = 0
    for start, end in sorted(taken):
        if start - free >= size:
            break
        # Not `max`, which takes twice as long: this is where planning spends its time.
        if end > free:  # noqa: PLR1730
            free = end
    return free


class _Union:
    """A union of intervals: sorted, disjoint, not touching. Starts and ends in lists of their
    own, which bisection reads fastest.
    """

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Add an interval."""
        # Those that touch it: from the first that ends at its start or later ...
        low = bisect_left(self.ends, start)
        # ... to the last that starts at its end or earlier.
        high = bisect_right(self.starts, end, low)
        if low < high:
            start, end = min(start, self.starts[low]), max(end, self.ends[high - 1])
        self.starts[low:high] = [start]
        self.ends[low:high] = [end]


_NOTHING = _Union()


class _Taken:
    """What of the arena is taken at which times: a segment tree over time.

    Each node of the tree stands for a range of times. `_throughout` holds what is taken by
    buffers alive during all of the range (and not of its parent's), `_within` what is taken at
    any time in it.
    """

    def __init__(self, times: int) -> None:
        self._leaves = 1 << max(times - 1, 0).bit_length()
        # By node; most of a long graph's times have a tensor or two.
        self._throughout: defaultdict[int, _Union] = defaultdict(_Union)
        self._within: defaultdict[int, _Union] = defaultdict(_Union)

    def add(self, first: int, last: int, start: int, end: int) -> None:
        """Take an interval of the arena from one time to another, both included."""
        nodes, above = self._cover(first, last)
        for node in nodes:
            self._throughout[node].add(start, end)
            self._within[node].add(start, end)
        for node in above:
            self._within[node].add(start, end)

    def during(self, first: int, last: int) -> list[Interval]:
        """What is taken at any time between two, both included; unsorted."""
        found: list[Interval] = []
        nodes, above = self._cover(first, last)
        for node in nodes:
            union = self._within.get(node, _NOTHING)
            found += zip(union.starts, union.ends, strict=True)
        for node in above:
            union = self._throughout.get(node, _NOTHING)
            found += zip(union.starts, union.ends, strict=True)
        return found

    def _cover(self, first: int, last: int) -> tuple[list[int], set[int]]:
        """The fewest nodes whose ranges together are these times, and all nodes above them."""
        nodes: list[int] = []
        above: set[int] = set()
        low, high = first + self._leaves, last + self._leaves + 1
        while low < high:
            if low & 1:
                nodes.append(low)
                low += 1
            if high & 1:
                high -= 1
                nodes.append(high)
            low //= 2
            high //= 2
        for node in nodes:
            while node > 1 and (node := node // 2) not in above:
                above.add(node)
        return nodes, above
