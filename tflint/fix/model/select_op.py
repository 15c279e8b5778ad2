"""TFL201: TensorFlow's operators that equal builtins become these.

Which do, and how, says `tflint.analysis.flex`. What has its channels behind the batch is computed
with its channels last, as the builtins want it. Values are turned where they enter and leave such
a region only: elementwise operators within are carried out in the layout they find.
"""

from __future__ import annotations

from tflint.finding import FixSafety
from tflint.fix.model.channels_last import LayoutRewrite
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.rearranged import RearrangedConstants
from tflint.model.flex import is_flex


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.unsafe or not any(is_flex(n) for graph in context.graphs for n in graph.nodes):
        return None
    edit = ModelEdit(context.model)
    constants = RearrangedConstants(context.model)
    places = 0
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        work = LayoutRewrite(edit, graph, dataflow, constants)
        places += work.run(_named(context, graph.index))
    if not places:
        return None
    # Sums are taken in another order than TensorFlow takes them.
    return Rewrite(edit.finish(), places, FixSafety.UNSAFE)


def _named(context: RewriteContext, graph: int) -> set[int]:
    """The tensors of a subgraph that signatures name."""
    return {
        entry.tensor_index
        for signature in context.model.signature_defs
        if signature.subgraph_index == graph
        for entry in (*signature.inputs, *signature.outputs)
    }


# Of operators that no microcontroller runs, bytes are no measure.
FIX = ModelFix(
    "TFL201", _rewrite, may_grow_file=True, may_exceed_original=True, may_grow_arena=True
)
