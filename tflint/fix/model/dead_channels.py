"""TFL307: channels that do nothing leave the layer that makes them and all that handle them."""

from __future__ import annotations

import itertools
from collections.abc import Container, Set

from tflint.analysis.dead_channels import DeadGroup, dead_channels
from tflint.finding import FixSafety
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.layer_folding import room_for_copies
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext

# A layer's rows belong to one group of channels and its columns to another: one at a time.
_MOST_TURNS = 4


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.unsafe:
        return None
    return within_arena(context, lambda wanted: _without(context, wanted))


def _without(context: RewriteContext, wanted: Container[int]) -> Rewrite | None:
    places = 0
    for _ in range(_MOST_TURNS):
        edit = ModelEdit(context.model)
        done = _cut_all(context, edit, wanted)
        if not done:
            break
        places += done
        context = RewriteContext(
            edit.finish(), context.target, unsafe=True, requested=context.requested
        )
        if isinstance(wanted, Set):
            break  # Numbers mean other groups in the next turn.
    return Rewrite(context.model, places, FixSafety.UNSAFE) if places else None


def _cut_all(context: RewriteContext, edit: ModelEdit, wanted: Container[int]) -> int:
    """Cut the wanted groups that have no layer in common; how many that were."""
    done, room = 0, room_for_copies(context.model)
    numbers = itertools.count()
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        taken: set[int] = set()
        for found in dead_channels(graph, dataflow, context.constants):
            layers = {layer.node.index for layer in found.group.layers}
            size = sum(layer.weights.bytes for layer in found.group.layers)
            if not found.removable or layers & taken or size > room:
                continue
            if next(numbers) not in wanted:
                continue
            room -= size
            if _cut(found, edit, context):
                taken |= layers
                done += 1
    return done


def _cut(found: DeadGroup, edit: ModelEdit, context: RewriteContext) -> bool:
    from tflint.fix.model.channel_cut import ChannelCut

    graph = found.group.maker.node.subgraph
    return ChannelCut(found, edit.graph(graph), context.dataflows[graph]).carry_out()


FIX = ModelFix("TFL307", _rewrite)
