"""TFL107: inputs and outputs are integers, as the body of the model is."""

from __future__ import annotations

from tflint.analysis.integer_grids import Grid, grid_of
from tflint.analysis.integer_interface import IntegerInterface, integer_interface
from tflint.analysis.unsigned_activations import joins
from tflint.finding import FixSafety
from tflint.fix.model.lowering import REQUANTIZE_VERSION, Lowerer, followed, meaning
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.uint8_model import Signing
from tflint.model.graph import Value
from tflint.model.schema import QuantizeOptions
from tflint.printable import printable


def _rewrite(context: RewriteContext) -> Rewrite | None:
    runtime = context.target.runtime
    if not context.unsafe or not runtime.is_mcu or not context.graphs:
        return None
    # Others are called, and their callers know their types.
    graph = context.graphs[0]
    found = integer_interface(graph, runtime, context.dataflows[0], context.constants)
    changed = found.changed
    if not changed:
        return None
    edit = ModelEdit(context.model)
    lowerer = Lowerer(edit.graph(0))
    for region in found.regions:
        lowerer.lower(region)
    lowerer.finish()
    _convert_bytes(edit.graph(0), found)
    _convert_moved(edit.graph(0), found)
    notes = tuple(_note(value, grid) for value, grid in changed.items())
    return Rewrite(edit.finish(), len(changed), FixSafety.UNSAFE, notes)


def _convert_bytes(edit: GraphEdit, found: IntegerInterface) -> None:
    instead: dict[int, int] = {}
    for value, grid in found.inputs.items():
        edit.change_tensor(value.index, type=grid.type, quantization=grid.parameters)
        for node in value.consumers:
            made = node.outputs[0]
            if grid_of(made) == grid and not made.is_output:
                instead[made.index] = value.index
                edit.remove(node.index)
            else:
                edit.replace(
                    node.index,
                    "QUANTIZE",
                    [value.index],
                    [made.index],
                    QuantizeOptions(),
                    version=REQUANTIZE_VERSION,
                )
    if instead:
        edit.lead(instead)
    for value, source in found.outputs.items():
        edit.output_instead(value.index, source.index)
        edit.change_tensor(source.index, name=value.tensor.name)
        if value.producer is not None:
            edit.remove(value.producer.index)


def _convert_moved(edit: GraphEdit, found: IntegerInterface) -> None:
    signing, instead = Signing(edit), dict[int, int]()
    for component in found.moved:
        signing.sign(component)
        for node in component.conversions:
            if joins(node):
                instead[node.outputs[0].index] = node.operator.inputs[0]
                edit.remove(node.index)
    if instead:
        edit.lead(followed(instead))


def _note(value: Value, grid: Grid) -> str:
    side = "input" if value.is_input else "output"
    return (
        f"{side} `{printable(value.name, 60)}` is {grid.type.name.lower()} now, it was "
        f"{value.type.name.lower()}: {meaning(grid)}"
    )


# Scales take some bytes of the file, floats four times the arena.
FIX = ModelFix("TFL107", _rewrite, may_grow_file=True, may_exceed_original=True)
