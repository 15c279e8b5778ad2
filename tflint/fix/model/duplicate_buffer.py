"""TFL606: tensors of equal constants on one buffer."""

from __future__ import annotations

from tflint.analysis.duplicate_constants import duplicate_constants, place
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    sets = duplicate_constants(model, context.graphs, context.constants)
    if not sets:
        return None
    # Several buffers may lie at one place: all of them give way.
    kept = {
        place(model.buffers[value.tensor.buffer]): equal[0].tensor.buffer
        for equal in sets
        for value in equal
    }
    instead = {
        index: kept[place(buffer)]
        for index, buffer in enumerate(model.buffers)
        if buffer.data and place(buffer) in kept
    }
    edit = ModelEdit(model)
    for graph in context.graphs:
        for value in graph.values:
            buffer = value.tensor.buffer
            if value.data is not None and instead.get(buffer, buffer) != buffer:
                edit.graph(graph.index).change_tensor(value.index, buffer=instead[buffer])
    return Rewrite(edit.finish(), sum(len(equal) - 1 for equal in sets))


FIX = ModelFix("TFL606", _rewrite)
