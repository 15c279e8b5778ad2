"""TFL207: arguments that follow from constants and shapes become the constants kernels need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tflint.analysis.constant_folding import evaluable_values, has_fixed_shapes
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.runtime_arguments import runtime_arguments
from tflint.fix.model.folding import Evaluator, data_of, frozen, makers
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.graph import Graph, Node


def _rewrite(context: RewriteContext) -> Rewrite | None:
    edit, evaluator, places = ModelEdit(context.model), Evaluator(context.model), 0
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        places += _store_arguments(context, graph, dataflow, edit.graph(graph.index), evaluator)
    return Rewrite(edit.finish(), places, notes=frozen(context)) if places else None


def _store_arguments(
    context: RewriteContext,
    graph: Graph,
    dataflow: Dataflow,
    edit: GraphEdit,
    evaluator: Evaluator,
) -> int:
    runtime = context.target.runtime
    needed = [
        (node, position, value)
        for node in graph.nodes
        for position, value in runtime_arguments(node, runtime)
    ]
    if not needed:
        return 0
    fixed = has_fixed_shapes(graph, is_mcu=runtime.is_mcu)
    known = evaluable_values(graph, dataflow, fixed_shapes=fixed)
    nodes = makers((value for _, _, value in needed), known)
    evaluator.compute(nodes)
    stored: dict[int, int] = {}
    places = 0
    for node, position, value in needed:
        maker, array = known.get(value.index), evaluator.array(value)
        if maker is None or maker.index >= node.index or array is None:
            continue
        if value.index not in stored:
            stored[value.index] = edit.add_tensor(
                value.shape, value.type, value.tensor.quantization, data=data_of(array)
            )
        inputs = list(edit.operator(node.index).inputs)
        inputs[position] = stored[value.index]
        edit.change_operator(node.index, inputs=tuple(inputs))
        places += 1
    if places:
        _remove_unread(graph, edit, nodes)
    return places


def _remove_unread(graph: Graph, edit: GraphEdit, nodes: Sequence[Node]) -> None:
    """Take out those of the operators that nobody reads any more."""
    reads = Counter(index for node in graph.nodes for index in edit.operator(node.index).inputs)
    for node in reversed(nodes):
        if any(value.is_output or reads[value.index] for value in node.outputs):
            continue
        reads.subtract(edit.operator(node.index).inputs)
        edit.remove(node.index)


# A few numbers more in the file, without which the model does not even load.
FIX = ModelFix("TFL207", _rewrite, may_grow_file=True)
