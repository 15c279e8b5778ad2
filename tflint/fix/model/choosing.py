"""Which places to repair where repairing all of them takes a larger arena.

TFLM's planner places the largest tensor first and never looks back, so that fewer tensors may
need more room. Often only one place in a model is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from tflint.errors import UsageError
from tflint.fix.model.model_fix import Rewrite, RewriteContext
from tflint.memory.usage import memory_use
from tflint.model.graph import graphs
from tflint.model.tables import Model
from tflint.target.target import Target

# Each costs planning an arena, which takes longer the more operators there are.
_MOST_TRIED = 16
_MOST_PLANNED = 4000


class _All:
    def __contains__(self, place: object) -> bool:
        return True


def within_arena(
    context: RewriteContext, rewrite: Callable[[Container[int]], Rewrite | None]
) -> Rewrite | None:
    """The rewrite of all places, or of those that together take no larger arena than before.

    `rewrite` repairs the places whose numbers it is given, in the order in which it comes across
    them. Where none can be repaired for itself, all of them are: what becomes of that is for the
    caller to say.
    """
    everything = rewrite(_All())
    if everything is None or everything.places < 2:
        return everything
    least = _arena(context.model, context.target)
    if least is None or (_arena(everything.model, context.target) or 0) <= least:
        return everything
    found, chosen = None, set[int]()
    operators = sum(len(graph.nodes) for graph in context.graphs)
    most = min(_MOST_TRIED, 1 + _MOST_PLANNED // max(operators, 1))
    for place in range(min(everything.places, most)):
        part = rewrite({*chosen, place})
        arena = None if part is None else _arena(part.model, context.target)
        if arena is not None and arena <= least:
            found, least = part, arena
            chosen.add(place)
    return found or everything


def _arena(model: Model, target: Target) -> int | None:
    try:
        use = memory_use(model, graphs(model), target)
    except UsageError:
        return None
    return use.arena.arena_bytes if use.arena.is_planned and use.fault is None else None
