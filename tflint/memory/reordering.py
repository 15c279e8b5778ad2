"""A model's operators in the order that takes the smallest arena, planned as TFLM would."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.memory.arena import Arena, plan_arena
from tflint.memory.lifetimes import CALLERS
from tflint.memory.order import MOST_STEPS, Reordering, best_order, refine
from tflint.model.graph import Graph, graphs
from tflint.model.tables import Model

# Metadata that names operators by their places, for LiteRT to keep them in order.
_CONTROL_DEPENDENCIES = "model_control_dependencies"
# Operators to plan for in trying candidates: each is planned as a whole.
_MOST_PLANNED = 4000
# What the planner may take for a candidate (see `greedy_planner`), about half a second. Only
# graphs of thousands of operators, all connected with each other, take more.
_MOST_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class Reordered:
    """The model with its operators in another order, and the arena that it takes then.

    `found` is what the search says of all orders: whether its best is proved, or the gap.
    """

    model: Model
    arena: Arena
    found: Reordering


def reorder(
    model: Model, subgraphs: Sequence[Graph], arena: Arena, steps: int = MOST_STEPS
) -> Reordered | None:
    """The best order that `steps` of search find for the first subgraph.

    None where the order cannot matter or must not change: a plan of the file's own, subgraphs
    that are called, one operator, metadata that tells LiteRT of an order. The order may be the
    one that the model has.
    """
    if arena.is_planned_offline or arena.fault or not arena.is_planned or not subgraphs:
        return None
    if any(entry.name == _CONTROL_DEPENDENCIES for entry in model.metadata):
        return None
    first = subgraphs[0]
    if len(first.nodes) < 2 or any(node.name in CALLERS for node in first.nodes):
        return None
    scratch: dict[int, int] = {}
    for buffer in arena.buffers:
        if buffer.node is not None and buffer.subgraph == 0:
            scratch[buffer.node.index] = scratch.get(buffer.node.index, 0) + buffer.reserved
    found = best_order(first, scratch, steps)
    # Planning is what takes the time in large graphs. The first candidate is the order that the
    # model has, which is planned already, and the best is kept.
    given, *_ = candidates = found.candidates[: max(2, _MOST_PLANNED // len(first.nodes))]
    best = Reordered(model, arena, found)

    def arena_of(order: Sequence[int]) -> int:
        nonlocal best
        if order == given:
            return arena.arena_bytes
        changed = with_order(model, order)
        planned = plan_arena(changed, graphs(changed), arena.build, _MOST_STEPS)
        if not planned.is_planned:
            return sys.maxsize
        if planned.arena_bytes < best.arena.arena_bytes:
            best = Reordered(changed, planned, found)
        return planned.arena_bytes

    refine(candidates, arena_of)
    return best


def with_order(model: Model, order: Sequence[int]) -> Model:
    """The model with the operators of its first subgraph in this order."""
    first, *others = model.subgraphs
    operators = tuple(first.operators[index] for index in order)
    return dataclasses.replace(
        model, subgraphs=(dataclasses.replace(first, operators=operators), *others)
    )
