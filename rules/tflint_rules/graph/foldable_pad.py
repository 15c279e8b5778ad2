"""TFL608."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.foldable_pads import foldable_pads
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import PadOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operator, operators

# (begin, end) for height and width.
Pads = tuple[tuple[int, int], tuple[int, int]]
_SAME = ((1, 1), (1, 1))


def _network(
    pads: Pads = _SAME,
    *,
    size: int = 8,
    stride: int = 1,
    kernel: int = 3,
    type: TensorType = TensorType.FLOAT32,
    pool: bool = False,
) -> Model:
    """PAD, and a convolution (or pool) with valid padding."""
    model = ModelBuilder()
    x = model.input((1, size, size, 2), type)
    (top, bottom), (left, right) = pads
    y = model.tensor((1, size + top + bottom, size + left + right, 2), type)
    paddings = (0, 0, top, bottom, left, right, 0, 0)
    model.operator(
        "PAD", [x, model.constant((4, 2), TensorType.INT32, paddings)], [y], PadOptions()
    )
    model.output(
        model.pool_2d(y, size=3, stride=1) if pool else model.conv_2d(y, 4, kernel, stride=stride)
    )
    return model.build()


class FoldablePad(Rule):
    """A PAD whose zeros the convolution behind it would add by itself.

    ## What it does
    Finds PAD and PADV2 by zeros (the zero point, when quantised) of height and width, read
    only by convolutions with VALID padding that would do exactly the same with SAME. Kernel,
    stride and dilation are taken into account: SAME puts the odd row or column at the bottom
    and right, so a stride of 2 behind one row on each side is usually not the same.

    ## Why it matters on a device
    A convolution with SAME padding skips what lies outside. PAD writes a larger copy of the
    map first, and for the time it runs both are in RAM.

    ## Repair
    Set the convolution's padding to SAME and remove the PAD; in Keras, use
    `padding="same"` instead of ZeroPadding2D. Outputs stay bit for bit the same.
    """

    meta = Metadata("TFL608", "foldable-pad", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("One row on each side, 3x3", _network, says="CONV_2D #1"),
        Bad("int8", lambda: _network(type=TensorType.INT8), says="200 B"),
        Bad(
            "Bottom and right in front of a stride of 2, as MobileNet has it",
            lambda: _network(((0, 1), (0, 1)), stride=2),
            says="PAD #0",
        ),
        Good("One row on each side, stride 2", lambda: _network(stride=2)),
        Good("An odd size: SAME would pad both sides", lambda: _network(((0, 1), (0, 1)), size=7)),
        Good("More than the kernel needs", lambda: _network(((2, 2), (2, 2)))),
        Good("A pool skips what SAME pads, but counts zeros", lambda: _network(pool=True)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            for node in foldable_pads(graph, Dataflow(graph)):
                y, readers = node.outputs[0], node.outputs[0].consumers
                several = len(readers) > 1
                yield self.finding(
                    f"{operator(node)} writes a padded copy of {size_text(y.bytes)} at each "
                    f"inference; SAME padding in {operators(readers)} would do the same",
                    node=node,
                    help=f"set the padding of {'these' if several else operator(readers[0])} to "
                    f"SAME and remove {node.name}: saves {counted(1, 'operator')} and "
                    f"{size_text(y.bytes)} of RAM",
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
                )
