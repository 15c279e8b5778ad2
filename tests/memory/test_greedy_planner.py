"""The planner against TFLM's algorithm as it is written there: a list by offset, walked."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from tflint.memory.greedy_planner import ONLINE, PlannedBuffer, place


def walked(buffers: list[PlannedBuffer]) -> list[int]:
    """The offsets by the plain algorithm, for comparison."""
    offline = [i for i, b in enumerate(buffers) if b.offline_offset != ONLINE]
    online = [i for i, b in enumerate(buffers) if b.offline_offset == ONLINE]
    order = offline + sorted(online, key=lambda i: (-buffers[i].size, -i))
    placed: list[tuple[int, int]] = []
    offsets = [0] * len(buffers)
    for index in order:
        wanted = buffers[index]
        offset = wanted.offline_offset
        if offset == ONLINE:
            offset = 0
            for start, other in placed:
                there = buffers[other]
                if there.first > wanted.last or there.last < wanted.first:
                    continue
                if start - offset >= wanted.size:
                    break
                offset = max(offset, start + there.size)
        offsets[index] = offset
        placed.append((offset, index))
        placed.sort(key=lambda entry: entry[0])
    return offsets


@st.composite
def buffer_lists(draw: st.DrawFn) -> list[PlannedBuffer]:
    times = draw(st.integers(1, 12))
    count = draw(st.integers(1, 30))
    found = []
    for _ in range(count):
        first = draw(st.integers(-1, times))
        last = draw(st.integers(first, times))
        offline = draw(st.sampled_from([ONLINE] * 5 + [0, 16, 48]))
        size = 16 * draw(st.integers(0, 6))
        found.append(PlannedBuffer(size, first, last, offline))
    return found


@given(buffer_lists())
def test_places_as_tflm_does(buffers: list[PlannedBuffer]) -> None:
    assert place(buffers) == walked(buffers)


@given(buffer_lists())
def test_buffers_alive_together_do_not_overlap(buffers: list[PlannedBuffer]) -> None:
    buffers = [PlannedBuffer(b.size, b.first, b.last) for b in buffers]
    offsets = place(buffers)
    assert offsets is not None
    for i, a in enumerate(buffers):
        for j, b in enumerate(buffers[:i]):
            if a.first <= b.last and b.first <= a.last:
                assert offsets[i] + a.size <= offsets[j] or offsets[j] + b.size <= offsets[i]


def test_of_equals_the_later_comes_first() -> None:
    assert place([PlannedBuffer(16, 0, 1)] * 3) == [32, 16, 0]


def test_nothing_to_place() -> None:
    assert place([]) == []


def test_wide_graphs_take_no_quadratic_time() -> None:
    # All alive at once, of many sizes: TFLM's own walk would take 200 million steps here.
    count = 20_000
    buffers = [PlannedBuffer(16 * (1 + i % 97), 0, i) for i in range(count)]
    started = time.process_time()
    place(buffers)
    elapsed = time.process_time() - started
    started = time.process_time()
    place(buffers[: count // 4])
    quarter = time.process_time() - started
    assert elapsed < 12 * max(quarter, 0.05)


def test_a_plan_that_takes_too_long_is_given_up() -> None:
    buffers = [PlannedBuffer(16 * (i % 7 + 1), i, 2 * i) for i in range(200)]
    assert place(buffers) is not None
    assert place(buffers, max_steps=500) is None
