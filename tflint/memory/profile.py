"""How many bytes of the head are alive at each moment, and who holds the peak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from tflint.memory.arena import Arena
from tflint.model.graph import Node


@dataclass(frozen=True, slots=True)
class Moment:
    """An operator's run, and the bytes that are alive while it runs, sizes rounded up to 16.

    An operator that runs others (IF, WHILE, CALL_ONCE) stands for the scope that it opens.
    """

    node: Node
    scope: int
    bytes: int


def alive_bytes(arena: Arena) -> list[int]:
    """The bytes alive in each scope; scope 0 is before the first operator."""
    scopes = len(arena.scopes)
    steps = [0] * (scopes + 1)
    for buffer in arena.buffers:
        if buffer.last >= 0:
            steps[max(buffer.first, 0)] += buffer.reserved
            steps[buffer.last + 1] -= buffer.reserved
    return list(accumulate(steps))[:scopes]


def moments(arena: Arena) -> Iterator[Moment]:
    """Every operator that runs, in TFLM's order."""
    for scope, (node, size) in enumerate(zip(arena.scopes, alive_bytes(arena), strict=True)):
        if node is not None:
            yield Moment(node, scope, size)


def highest(arena: Arena) -> list[Moment]:
    """The operators by what is alive while they run, the most first; of equals the earlier."""
    return sorted(moments(arena), key=lambda moment: (-moment.bytes, moment.scope))


def largest_operator(arena: Arena) -> int:
    """The most bytes that one operator reads, writes and needs as scratch memory.

    No order of the operators, and no placement, takes less.
    """
    needs: dict[tuple[int, int], int] = {}
    for buffer in arena.buffers:
        if buffer.node is not None:
            users = {(buffer.subgraph, buffer.node.index)}
        else:
            value = buffer.value
            assert value is not None
            makers = [] if value.producer is None else [value.producer]
            users = {(node.subgraph, node.index) for node in (*makers, *value.consumers)}
        for user in users:
            needs[user] = needs.get(user, 0) + buffer.reserved
    return max(needs.values(), default=0)
