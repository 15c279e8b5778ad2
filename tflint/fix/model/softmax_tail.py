"""TFL309: a SOFTMAX that does not change which class is the largest goes."""

from __future__ import annotations

from tflint.analysis.integer_grids import INT8, INT16
from tflint.analysis.softmax_tails import Onward, SoftmaxTail, logits_onward, softmax_tail
from tflint.finding import FixSafety
from tflint.fix.model.lowering import meaning
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import ModelFix, OutputChange, Rewrite, RewriteContext
from tflint.printable import printable


def _rewrite(context: RewriteContext) -> Rewrite | None:
    if not context.unsafe or not context.target.runtime.is_mcu:
        return None
    edit = ModelEdit(context.model)
    notes: list[str] = []
    outputs: list[OutputChange] = []
    places = 0
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        instead: dict[int, int] = {}
        for node in graph.nodes:
            tail = softmax_tail(node)
            onward = None if tail is None else logits_onward(tail, dataflow)
            if tail is None or onward is None:
                continue
            _take_out(edit.graph(graph.index), tail, onward)
            instead[node.outputs[0].index] = tail.logits.index
            places += 1
            if tail.arg_max is None:
                ends = (i for i, value in enumerate(graph.outputs) if value is tail.end)
                outputs += [OutputChange(place, "softmax") for place in ends]
                notes.append(_note(onward[-1]))
        if instead:
            edit.graph(graph.index).lead(instead)
    if not places:
        return None
    return Rewrite(edit.finish(), places, FixSafety.UNSAFE, tuple(notes), tuple(outputs))


def _take_out(edit: GraphEdit, tail: SoftmaxTail, onward: tuple[Onward, ...]) -> None:
    probabilities, logits = tail.node.outputs[0], tail.logits
    if probabilities.is_output:
        edit.output_instead(probabilities.index, logits.index)
        edit.change_tensor(logits.index, name=probabilities.tensor.name)
    edit.remove(tail.node.index)
    for later in onward[1:]:
        parameters = None if later.grid is None else later.grid.parameters
        edit.change_tensor(later.value.index, type=later.type, quantization=parameters)


def _note(end: Onward) -> str:
    name = printable(end.value.name, 60)
    # Floats and uint8 are TFL107's, which will say.
    is_final = end.grid is not None and end.type in (INT8, INT16)
    scale = f", {meaning(end.grid)}" if is_final and end.grid is not None else ""
    return (
        f"output `{name}` gives logits now, no probabilities: the largest is of the same class"
        f"{scale}"
    )


FIX = ModelFix("TFL309", _rewrite)
