"""TFL405: near scales made equal, where a kernel computes as if they were.

Others cannot be: what a kernel computes from raw numbers of unlike scales would come to something
else with a QUANTIZE in between.
"""

from __future__ import annotations

import dataclasses

from tflint.analysis.scale_demands import equal_scales
from tflint.finding import FixSafety
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.unsafe:
        return None
    edit, places = ModelEdit(context.model), 0
    for graph in context.graphs:
        for index, scale in equal_scales(graph, context.target.runtime).items():
            quantization = graph.values[index].quantization
            if quantization is not None and quantization.scale != (scale,):
                changed = dataclasses.replace(quantization, scale=(scale,))
                edit.graph(graph.index).change_tensor(index, quantization=changed)
                places += 1
    return Rewrite(edit.finish(), places, FixSafety.UNSAFE) if places else None


FIX = ModelFix("TFL405", _rewrite)
