"""Orders of a section found by rules of thumb in near linear time, where the search starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from tflint.memory.order_section import Section, block_reads


def rules_of_thumb(section: Section) -> Iterator[list[int]]:
    """Orders by four rules: depth first and smallest growth first, forwards and backwards."""
    reads = block_reads(section)
    yield depth_first(section.before, section.after)
    yield smallest_growth(section, reads)
    yield depth_first(section.after, section.before)[::-1]
    yield smallest_growth_backwards(section, reads)


def depth_first(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    """Always the operator that was made ready last: a branch is run to its end. Linear time."""
    waits = [len(waited) for waited in before]
    ready = [operator for operator in reversed(range(len(before))) if not waits[operator]]
    order = []
    while ready:
        operator = ready.pop()
        order.append(operator)
        for later in reversed(after[operator]):
            waits[later] -= 1
            if not waits[later]:
                ready.append(later)
    return order


def smallest_growth(section: Section, reads: Sequence[Sequence[int]]) -> list[int]:
    """Always the ready operator after which least is alive, the newest among equals.

    O(n log n) in operators and reads: what an operator frees grows only when it becomes the
    last reader of a block.
    """
    left = [list(block.readers) for block in section.blocks]
    unread = [len(block.readers) for block in section.blocks]
    growth = list(section.makes)
    for index, readers in enumerate(left):
        if len(readers) == 1:
            growth[readers[0]] -= section.blocks[index].bytes
    waits = [len(waited) for waited in section.before]
    heap: list[tuple[int, int, int]] = []
    done = [False] * section.count
    for operator in range(section.count):
        if not waits[operator]:
            heappush(heap, (growth[operator], 0, operator))
    order: list[int] = []
    while heap:
        grown, _, operator = heappop(heap)
        if done[operator] or grown != growth[operator]:
            continue
        done[operator] = True
        order.append(operator)
        for index in reads[operator]:
            unread[index] -= 1
            if unread[index] == 1:
                last = _last(left[index], done)
                growth[last] -= section.blocks[index].bytes
                if not waits[last]:
                    heappush(heap, (growth[last], -len(order), last))
        for later in section.after[operator]:
            waits[later] -= 1
            if not waits[later]:
                heappush(heap, (growth[later], -len(order), later))
    return order


def smallest_growth_backwards(section: Section, reads: Sequence[Sequence[int]]) -> list[int]:
    """From the end, always the operator before which least is alive. O(n log n)."""
    growth = [-made for made in section.makes]
    alive = [False] * len(section.blocks)
    for operator in range(section.count):
        growth[operator] += sum(section.blocks[index].bytes for index in reads[operator])
    waits = [len(waiting) for waiting in section.after]
    heap: list[tuple[int, int, int]] = []
    done = [False] * section.count
    for operator in range(section.count):
        if not waits[operator]:
            heappush(heap, (growth[operator], 0, -operator))
    order: list[int] = []
    while heap:
        grown, _, negative = heappop(heap)
        operator = -negative
        if done[operator] or grown != growth[operator]:
            continue
        done[operator] = True
        order.append(operator)
        for index in reads[operator]:
            if not alive[index]:
                alive[index] = True
                for reader in section.blocks[index].readers:
                    growth[reader] -= section.blocks[index].bytes
                    if not waits[reader] and not done[reader]:
                        heappush(heap, (growth[reader], -len(order), -reader))
        for earlier in section.before[operator]:
            waits[earlier] -= 1
            if not waits[earlier]:
                heappush(heap, (growth[earlier], -len(order), -earlier))
    return order[::-1]


def _last(readers: list[int], done: Sequence[bool]) -> int:
    """The one reader that is not done; each is taken off the list once."""
    while done[readers[-1]]:
        readers.pop()
    return readers[-1]
