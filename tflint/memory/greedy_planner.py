"""TFLM's greedy planner: where each buffer goes in the non-persistent part of the arena.

Source: GreedyMemoryPlanner, tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ONLINE = -1

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


def place(buffers: Sequence[PlannedBuffer]) -> list[int]:
    """The offset of each buffer, as TFLM places it.

    Buffers with an offset of their own are taken as they are. The others follow, largest first
    and of equal ones the later first; each goes to the lowest offset where it overlaps no
    buffer that was placed before it and is alive at the same time.

    TFLM walks a list of all placed buffers for each one, n² steps. Here what is taken is kept
    as unions of intervals in a segment tree over time, so a buffer costs O(log n) unions, each
    as long as it has gaps: O(n log² n) for the graphs there are; at worst, when every union
    stays fragmented, O(n²).
    """
    if not buffers:
        return []
    start = min(buffer.first for buffer in buffers)
    taken = _Taken(max(buffer.last for buffer in buffers) - start + 1)
    offsets = [0] * len(buffers)
    for index in _order(buffers):
        buffer = buffers[index]
        first, last = buffer.first - start, buffer.last - start
        if buffer.offline_offset == ONLINE:
            offset = _lowest_gap(taken.during(first, last), buffer.size)
        else:
            offset = buffer.offline_offset
        offsets[index] = offset
        # One of no size is not in the way, but it ends a gap.
        taken.add(first, last, (offset, offset + buffer.size))
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
        free = max(free, end)
    return free


class _Taken:
    """What of the arena is taken at which times: a segment tree over time.

    Each node of the tree stands for a range of times. `_throughout` holds what is taken by
    buffers alive during all of the range (and not of its parent's), `_within` what is taken at
    any time in it. Both are unions: sorted, disjoint, not touching.
    """

    def __init__(self, times: int) -> None:
        self._leaves = 1 << max(times - 1, 0).bit_length()
        self._throughout: list[list[Interval]] = [[] for _ in range(2 * self._leaves)]
        self._within: list[list[Interval]] = [[] for _ in range(2 * self._leaves)]

    def add(self, first: int, last: int, interval: Interval) -> None:
        """Take an interval of the arena from one time to another, both included."""
        above: set[int] = set()
        for node in self._cover(first, last):
            _unite(self._throughout[node], interval)
            _unite(self._within[node], interval)
            while node > 1 and node // 2 not in above:
                node //= 2
                above.add(node)
        for node in above:
            _unite(self._within[node], interval)

    def during(self, first: int, last: int) -> list[Interval]:
        """What is taken at any time between two, both included; unsorted."""
        found: list[Interval] = []
        above: set[int] = set()
        for node in self._cover(first, last):
            found += self._within[node]
            while node > 1 and node // 2 not in above:
                node //= 2
                above.add(node)
        for node in above:
            found += self._throughout[node]
        return found

    def _cover(self, first: int, last: int) -> list[int]:
        """The fewest nodes whose ranges together are these times."""
        nodes = []
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
        return nodes


def _unite(union: list[Interval], interval: Interval) -> None:
    """Add an interval to a union, in place."""
    start, end = interval
    # All that touch it: from the first that ends at its start or later ...
    low = bisect_left(union, start, key=_end)
    # ... to the last that starts at its end or earlier.
    high = bisect_right(union, end, lo=low, key=_start)
    if low < high:
        start, end = min(start, union[low][0]), max(end, union[high - 1][1])
    union[low:high] = [(start, end)]


def _start(interval: Interval) -> int:
    return interval[0]


def _end(interval: Interval) -> int:
    return interval[1]
