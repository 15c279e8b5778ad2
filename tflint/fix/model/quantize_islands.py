"""TFL402: float operators in the middle of an integer graph compute in integers."""

from __future__ import annotations

from tflint.analysis.float_regions import float_regions
from tflint.analysis.integer_regions import lowering
from tflint.finding import FixSafety
from tflint.fix.model.lowering import Lowerer
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.unsafe or not context.target.runtime.is_mcu:
        return None
    edit, places = ModelEdit(context.model), 0
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        lowerer = Lowerer(edit.graph(graph.index))
        for region in float_regions(graph):
            if not region.entries or not region.exits:
                continue
            found = lowering(region, context.target.runtime, dataflow, context.constants)
            if found is not None:
                lowerer.lower(found)
                places += 1
        lowerer.finish()
    return Rewrite(edit.finish(), places, FixSafety.UNSAFE) if places else None


# Scales take some bytes of the file, floats four times the arena.
FIX = ModelFix("TFL402", _rewrite, may_grow_file=True, may_exceed_original=True)
