"""TFL006: counts and dimensions of scales that TFLM overlooks, as it takes them."""

from __future__ import annotations

from tflint.analysis.quantization_problems import equal_quantization, scale_users
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    edit = ModelEdit(model)
    places = 0
    for g, subgraph in enumerate(model.subgraphs):
        _, filters = scale_users(model, subgraph)
        for t, tensor in enumerate(subgraph.tensors):
            quantization = equal_quantization(tensor, filters.get(t))
            if quantization is not None:
                edit.graph(g).change_tensor(t, quantization=quantization)
                places += 1
    return Rewrite(edit.finish(), places) if places else None


# Zero points that were one for all scales become as many.
FIX = ModelFix("TFL006", _rewrite, may_grow_file=True)
