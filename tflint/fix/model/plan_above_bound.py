"""TFL506: the operators are written in an order that takes a smaller arena."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.errors import UsageError
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.memory.arena import Arena
from tflint.memory.profile import largest_operator
from tflint.memory.reordering import reorder
from tflint.memory.usage import memory_use
from tflint.model.graph import Graph, graphs
from tflint.model.tables import Model

# Steps of search, a quarter of a second; then those of the rule, which may look elsewhere when
# there are fewer, until neither finds anything.
_STEPS = (1_000_000, 400_000)
_MOST_TURNS = 4


def _rewrite(context: RewriteContext) -> Rewrite | None:
    try:
        use = memory_use(context.model, context.graphs, context.target)
    except UsageError:  # A runtime without an arena.
        return None
    if use.fault:
        return None
    model, subgraphs, arena = context.model, context.graphs, use.arena
    for _ in range(_MOST_TURNS):
        better = _better(model, subgraphs, arena)
        if better is None:
            break
        model, arena = better
        subgraphs = graphs(model)
    return None if model is context.model else Rewrite(model, 1)


def _better(model: Model, subgraphs: Sequence[Graph], arena: Arena) -> tuple[Model, Arena] | None:
    if arena.nonpersistent_bytes <= largest_operator(arena):
        return None  # What one operator needs is all there is.
    for steps in _STEPS:
        found = reorder(model, subgraphs, arena, steps)
        if found is None:
            return None
        if found.arena.min_arena_bytes < arena.min_arena_bytes:
            return found.model, found.arena
        if found.found.is_optimal:
            return None
    return None


FIX = ModelFix("TFL506", _rewrite)
