"""TFL304: max pools in a row become the one that equals them."""

from __future__ import annotations

from tflint.analysis.max_pools import mergeable_pools
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.schema import Pool2DOptions


def _rewrite(context: RewriteContext) -> Rewrite | None:
    edit, places = ModelEdit(context.model), 0
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        changes = edit.graph(graph.index)
        for run in mergeable_pools(graph, dataflow):
            # In the place of the first: the map before it, larger than the result, ends there.
            first, *others = run.nodes
            if not run.is_repairable or not isinstance(first.options, Pool2DOptions):
                continue
            changes.change_operator(
                first.index,
                outputs=changes.operator(others[-1].index).outputs,
                builtin_options=run.merged.options(first.options),
            )
            for node in others:
                changes.remove(node.index)
            places += 1
    return Rewrite(edit.finish(), places) if places else None


FIX = ModelFix("TFL304", _rewrite)
