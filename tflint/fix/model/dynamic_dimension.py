"""TFL109: graphs whose batch is the one that their shapes say."""

from __future__ import annotations

from tflint.analysis.open_batches import open_dimensions, open_inputs
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.record import ABSENT


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.target.runtime.is_mcu:
        return None
    edit = ModelEdit(context.model)
    places = 0
    for found in open_inputs(context.model, context.graphs):
        if not found.batches or found.others:
            continue
        places += len(found.batches)
        # What is open behind an input is so because of the batch.
        for value in found.graph.values:
            if open_dimensions(value.tensor):
                edit.graph(found.graph.index).change_tensor(value.index, shape_signature=ABSENT)
    return Rewrite(edit.finish(), places) if places else None


FIX = ModelFix("TFL109", _rewrite)
