"""When activations are alive, and how many bytes that makes at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from tflint.model.graph import Graph, Node, Value

# TFLM rounds each buffer up to this (`MicroArenaBufferAlignment`, micro_arena_constants.h).
ALIGNMENT = 16


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes of activations that are alive at once, and the operator that runs then.

    `values` are the ones alive, largest first.
    """

    bytes: int
    node: Node
    values: tuple[Value, ...]


def peak(graph: Graph) -> Peak | None:
    """The peak of one subgraph, None when it has no operators.

    A graph input is alive until its last reader, an output of the graph from its operator to the
    end, everything else from its operator to its last reader. Constants and variables do not
    count. No plan can do with less: at this operator all of these hold data. Every size is
    rounded up as TFLM's planner does it (GreedyMemoryPlanner, greedy_memory_planner.cc).
    """
    if not graph.nodes:
        return None
    spans = [(value, span) for value in graph.values if (span := _span(value, graph))]
    steps = [0] * (len(graph.nodes) + 1)
    for value, (first, last) in spans:
        steps[first] += _aligned(value)
        steps[last + 1] -= _aligned(value)
    alive = list(accumulate(steps))[: len(graph.nodes)]
    at = max(range(len(alive)), key=alive.__getitem__)
    there = [value for value, (first, last) in spans if first <= at <= last]
    there.sort(key=lambda value: (-value.bytes, value.index))
    return Peak(alive[at], graph.nodes[at], tuple(there))


def _span(value: Value, graph: Graph) -> tuple[int, int] | None:
    """The first and the last operator that a value is alive at."""
    if value.is_constant or value.tensor.is_variable or not value.bytes:
        return None
    produced = value.producer.index if value.producer is not None else None
    if produced is None and not value.is_input:
        return None
    first = 0 if value.is_input or produced is None else produced
    last = max((node.index for node in value.consumers), default=first)
    if value.is_output:
        last = len(graph.nodes) - 1
    return (first, last) if first <= last else None


def _aligned(value: Value) -> int:
    return -(-value.bytes // ALIGNMENT) * ALIGNMENT
