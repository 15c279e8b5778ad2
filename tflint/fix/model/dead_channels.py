"""TFL307: channels that do nothing leave the layer that makes them and all that handle them."""

from __future__ import annotations

from tflint.analysis.dead_channels import DeadGroup, dead_channels
from tflint.finding import FixSafety
from tflint.fix.model.layer_folding import room_for_copies
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext

# A layer's rows belong to one group of channels and its columns to another: one at a time.
_MOST_TURNS = 4


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.unsafe:
        return None
    places = 0
    for _ in range(_MOST_TURNS):
        done = ModelEdit(context.model)
        cut = _cut_all(context, done)
        if not cut:
            break
        places += cut
        context = RewriteContext(
            done.finish(), context.target, unsafe=True, requested=context.requested
        )
    return Rewrite(context.model, places, FixSafety.UNSAFE) if places else None


def _cut_all(context: RewriteContext, edit: ModelEdit) -> int:
    """Cut the groups that have no layer in common; how many that were."""
    done, room = 0, room_for_copies(context.model)
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        taken: set[int] = set()
        for found in dead_channels(graph, dataflow, context.constants):
            layers = {layer.node.index for layer in found.group.layers}
            if not found.removable or layers & taken:
                continue
            size = sum(layer.weights.bytes for layer in found.group.layers)
            if size > room:
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
