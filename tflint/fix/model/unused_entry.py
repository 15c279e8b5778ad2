"""TFL607: files without the entries that nothing uses, graphs without dead operators."""

from __future__ import annotations

from tflint.analysis.unused_entries import dead_operators, unused_entries
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    edit = ModelEdit(model)
    places = 0
    for graph in context.graphs:
        for node in dead_operators(graph, model):
            edit.graph(graph.index).remove(node.index)
            places += 1
    unused = unused_entries(model)
    if unused:
        places += sum(
            map(len, (unused.tensors, unused.buffers, unused.operator_codes, unused.metadata))
        )
        edit.drop_metadata(unused.metadata)
        edit.drop_unused()
        for subgraph in {g for g, _ in unused.tensors}:
            edit.graph(subgraph).drop_unused()
    if not places:
        return None
    return Rewrite(edit.finish(), places)


FIX = ModelFix("TFL607", _rewrite)
