"""Other placements of the same buffers than TFLM's, for a plan that the file brings along.

TFLM places the largest buffer first. That is good in most models and never tried otherwise on
the device; beforehand there is time to place by other orders and keep the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tflint.memory.arena import Buffer

# Each order costs a look at every buffer for every other.
MAX_BUFFERS = 500

_Key = Callable[[Buffer], tuple[int, ...]]

# What an order places first: the long-lived, the large for long, the early, the late, ...
_ORDERS: tuple[_Key, ...] = (
    lambda b: (-(b.last - b.first), -b.reserved),
    lambda b: (-(b.last - b.first + 1) * b.reserved,),
    lambda b: (b.first, -b.reserved),
    lambda b: (-b.last, -b.reserved),
    lambda b: (-b.reserved, b.first),
    lambda b: (-b.reserved, -(b.last - b.first), b.first),
    lambda b: (-b.reserved, -b.last),
)


def better_offsets(buffers: Sequence[Buffer], head: int) -> list[int] | None:
    """Offsets with which the buffers end below `head`, the lowest that was found.

    None when no order does better, or there are more than 500. A scratch buffer goes behind
    all tensors, since no plan in a file has a place for it: TFLM places it last.
    """
    if len(buffers) > MAX_BUFFERS:
        return None
    best, found = head, None
    for key in _ORDERS:
        order = sorted(range(len(buffers)), key=lambda i: (buffers[i].is_scratch, key(buffers[i])))
        offsets = _place(buffers, order)
        top = max((o + b.reserved for o, b in zip(offsets, buffers, strict=True)), default=0)
        if top < best:
            best, found = top, offsets
    return found


def _place(buffers: Sequence[Buffer], order: Sequence[int]) -> list[int]:
    """Each in the lowest gap among those placed before it and alive at the same time."""
    offsets = [0] * len(buffers)
    for position, index in enumerate(order):
        buffer = buffers[index]
        taken = sorted(
            (offsets[i], offsets[i] + buffers[i].reserved)
            for i in order[:position]
            if buffers[i].first <= buffer.last and buffer.first <= buffers[i].last
        )
        free = 0
        for start, end in taken:
            if start - free >= buffer.reserved:
                break
            free = max(free, end)
        offsets[index] = free
    return offsets
