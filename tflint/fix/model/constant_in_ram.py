"""TFL507: variables that nobody needs are dropped, those that never change are constants.

What the file stores for a variable tensor goes: TFLM starts from zero whatever it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tflint.analysis.held_variables import Replacements, resource_variables, variable_tensors
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.graph import Graph
from tflint.model.schema import CallOnceOptions
from tflint.printable import printable


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.target.runtime.is_mcu:
        return None
    model, edit = context.model, ModelEdit(context.model)
    places, notes = 0, []
    for found in variable_tensors(model, context.graphs):
        graph, value = edit.graph(found.value.subgraph), found.value
        places += 1
        if found.is_read:
            graph.change_tensor(value.index, buffer=0)
            name = printable(value.name, 60)
            notes.append(f"`{name}` starts from zero, as it did: what was stored for it is gone")
        else:
            graph.change_tensor(value.index, buffer=0, is_variable=False)
            graph.drop_tensor(value.index)
    constants = Replacements(context.graphs)
    gone: set[tuple[int, int]] = set()
    for variable in resource_variables(context.graphs):
        constant = constants.of(variable) if variable.reads else variable.assigned
        if constant is None:
            continue
        places += 1
        for node in variable.reads:
            edit.graph(node.subgraph).change_tensor(
                node.outputs[0].index, buffer=constant.tensor.buffer
            )
        users = (*variable.handles, *variable.writes, *variable.reads)
        gone.update((node.subgraph, node.index) for node in users)
    for subgraph, index in gone | _empty_calls(context.graphs, gone):
        edit.graph(subgraph).remove(index)
    return Rewrite(edit.finish(), places, notes=tuple(notes)) if places else None


def _empty_calls(graphs: Sequence[Graph], gone: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Operators that let a subgraph run which will have nothing left to do."""
    left = Counter(graph.index for graph in graphs for _ in graph.nodes)
    left.subtract(subgraph for subgraph, _ in gone)
    emptied = {subgraph for subgraph, _ in gone if not left[subgraph]}
    return {
        (node.subgraph, node.index)
        for graph in graphs
        for node in graph.nodes
        if node.name == "CALL_ONCE"
        and isinstance(node.options, CallOnceOptions)
        and node.options.init_subgraph_index in emptied
    }


FIX = ModelFix("TFL507", _rewrite)
