"""TFL210."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.constant_folding import Folding, foldings, has_fixed_shapes
from tflint.analysis.dataflow import Dataflow
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.schema import (
    PackOptions,
    ReshapeOptions,
    ShapeOptions,
    StridedSliceOptions,
    TensorType,
)
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operators

INT32 = TensorType.INT32


def _flatten(*, batch: int = -1, computed: bool = True) -> Model:
    """Keras' Flatten as the converter leaves it when it does not know the batch."""
    model = ModelBuilder()
    x = model.input((1, 8, 8, 2), shape_signature=(batch, 8, 8, 2))
    if not computed:
        model.output(model.fully_connected(model.flatten(x), 3))
        return model.build()
    shape, first = model.tensor((4,), INT32), model.tensor((), INT32)
    packed, y = model.tensor((2,), INT32), model.tensor((1, 128))
    model.operator("SHAPE", [x], [shape], ShapeOptions(out_type=INT32))
    slice = [model.constant((1,), INT32, (value,)) for value in (0, 1, 1)]
    options = StridedSliceOptions(shrink_axis_mask=1)
    model.operator("STRIDED_SLICE", [shape, *slice], [first], options)
    rest = model.constant((), INT32, (128,))
    model.operator("PACK", [first, rest], [packed], PackOptions(values_count=2))
    model.operator("RESHAPE", [x, packed], [y], ReshapeOptions())
    model.output(model.fully_connected(y, 3))
    return model.build()


class ShapeChain(Rule):
    """A shape is computed at each inference that follows from the file.

    ## What it does
    Finds SHAPE and what is computed from it and constants alone: STRIDED_SLICE, GATHER,
    PACK, arithmetic. The result is a constant wherever the tensor's shape is: always in
    TFLM, which takes the shapes in the file, and in LiteRT when no input can be resized. One
    finding for each connected chain.

    ## Why it matters on a device
    Such a chain takes a handful of operators, each with its kernel in flash, its entry in
    the arena and its call at each inference, to come to two or three numbers. Where a kernel
    needs its argument before the first inference, the model does not even load (TFL207).

    ## Repair
    Convert with a fixed input shape, batch included, and the converter folds the chain; or
    store the result as a constant. Outputs stay bit for bit the same.
    """

    meta = Metadata("TFL210", "shape-chain", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("Flatten with an unknown batch", _flatten, says="SHAPE #0, STRIDED_SLICE #1, PACK #2"),
        Bad("The batch is known", lambda: _flatten(batch=1), says="RESHAPE #3", target="litert"),
        Good("LiteRT can resize the batch", _flatten, target="litert"),
        Good("A constant shape", lambda: _flatten(computed=False)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        is_mcu = context.runtime.is_mcu
        for graph in context.graphs:
            fixed = has_fixed_shapes(graph, is_mcu=is_mcu)
            for folding in foldings(graph, Dataflow(graph), fixed_shapes=fixed):
                if folding.of_shape:
                    yield self._finding(folding, graph, is_mcu=is_mcu)

    def _finding(self, folding: Folding, graph: Graph, *, is_mcu: bool) -> Finding:
        inside = {node.index for node in folding.nodes}
        readers = {
            node.index: node
            for value in folding.results
            for node in value.consumers
            if node.index not in inside
        }
        count, flash = len(folding.nodes), folding.flash_bytes
        ram = folding.arena_bytes + (folding.persistent_bytes if is_mcu else 0)
        resizable = any(-1 in value.tensor.shape_signature for value in graph.inputs)
        how = "convert with a fixed input shape, batch included" if resizable else "store it"
        change = f"adds {size_text(flash)} to" if flash > 0 else f"saves {size_text(-flash)} of"
        return self.finding(
            f"{operators(folding.nodes)} come{'s' if count == 1 else ''} to a constant, the "
            f"shapes being fixed, but {'is' if count == 1 else 'are'} computed at each inference "
            f"for {operators(list(readers.values()), 3)}",
            node=folding.nodes[0],
            help=f"{how}: saves {counted(count, 'operator')} and {size_text(ram)} of "
            f"RAM, {change} flash",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}") if folding.is_repairable else None,
        )
