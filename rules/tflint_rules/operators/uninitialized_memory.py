"""TFL213."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import node_signature
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.schema import SpaceToBatchNDOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# Where these operators pad only, and by how much, says the input in this position.
_PADDINGS = {"SPACE_TO_BATCH_ND": 2}


def _space_to_batch(padding: int) -> Model:
    model = ModelBuilder()
    side = 4 + 2 * padding
    x, y = model.input((1, 4, 4, 1)), model.tensor((4, side // 2, side // 2, 1))
    int32 = TensorType.INT32
    arguments = [
        model.constant((2,), int32, (2, 2)),
        model.constant((2, 2), int32, (padding,) * 4),
    ]
    model.operator("SPACE_TO_BATCH_ND", [x, *arguments], [y], SpaceToBatchNDOptions())
    model.output(y)
    return model.build()


class UninitializedMemory(Rule):
    """The runtime's kernel computes with memory that nothing has written.

    ## What it does
    Finds the operators for which the runtime was seen to give other results when its memory
    held other bytes before. In TFLM this is SPACE_TO_BATCH_ND with padding: the value that it
    pads with is never set. Without padding its results are right.

    ## Why it matters on a device
    After a reset the arena usually holds zeros, which for float are the right padding and for
    int8 the wrong one unless the zero point is 0; after a warm start, or in an arena that is
    shared, it holds anything. Results then differ from run to run.

    ## Repair
    Put a PAD in front and let the operator pad by 0. Old converters make this operator of a
    dilated convolution: today's convert that into a CONV_2D with dilation.
    """

    meta = Metadata("TFL213", "uninitialized-memory", Severity.WARNING)
    examples = (
        Bad("Padding", lambda: _space_to_batch(1), says="80 B"),
        Good("No padding", lambda: _space_to_batch(0)),
        Good("LiteRT sets the value", lambda: _space_to_batch(1), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        for node in context.nodes:
            kernel = runtime.kernel(node.name)
            if kernel is None or not kernel.reads_uninitialized or not node.outputs:
                continue
            if node_signature(kernel, node) not in kernel.reads_uninitialized:
                continue
            if node.name in _PADDINGS and not _pads(node, _PADDINGS[node.name]):
                continue
            x, y = node.input(0), node.outputs[0]
            padded = y.bytes - (x.bytes if x is not None else 0)
            yield self.finding(
                f"{runtime.title}'s {node.name} never sets the value that it pads with: "
                f"{size_text(max(padded, 0))} of its output are whatever memory held before",
                node=node,
                help="pad by 0 here and with a PAD in front, or convert a dilated convolution "
                "with a converter that keeps its dilation",
            )


def _pads(node: Node, position: int) -> bool:
    """Whether the operator is known to pad."""
    paddings = node.input(position)
    values = None if paddings is None else paddings.integers()
    return values is not None and any(values)
