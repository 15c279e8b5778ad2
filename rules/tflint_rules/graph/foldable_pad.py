"""TFL608."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.quantization_match import same_per_tensor_quantization
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.graph_builder import output_size
from tflint.model.schema import Padding, PadOptions, TensorType
from tflint.model.tables import Model
from tflint.model.types import FORMATS
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operator, operators

_CONVOLUTIONS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D"))
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
            dataflow = Dataflow(graph)
            for node in graph.nodes:
                pads = _zero_padding(node, dataflow)
                if pads is None:
                    continue
                x, y, readers = node.inputs[0], node.outputs[0], node.outputs[0].consumers
                assert x is not None
                if not all(_same_does(reader, x, y, pads) for reader in readers):
                    continue
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


def _zero_padding(node: Node, dataflow: Dataflow) -> Pads | None:
    """What an operator pads height and width by, when that is all, and by zeros."""
    if node.name not in ("PAD", "PADV2") or len(node.inputs) < 2 or not node.outputs:
        return None
    x, argument, y = node.inputs[0], node.inputs[1], node.outputs[0]
    if x is None or argument is None or x.data is not None or y.is_output or not y.consumers:
        return None
    if len(x.shape) != 4 or len(y.shape) != 4 or not same_per_tensor_quantization(x, y):
        return None
    if not dataflow.is_stable(x) or dataflow.maker(y) is not node or y.type == TensorType.BOOL:
        return None
    if node.name == "PADV2" and not _is_zero(node.input(2), x):
        return None
    amounts = argument.integers()
    if amounts is None or len(amounts) != 8 or min(amounts) < 0 or not any(amounts):
        return None
    if any(amounts[:2]) or any(amounts[6:]):
        return None
    grown = [size + sum(amounts[2 * i : 2 * i + 2]) for i, size in enumerate(x.shape)]
    if y.shape != tuple(grown) or min(x.shape) < 1:
        return None
    return (amounts[2], amounts[3]), (amounts[4], amounts[5])


def _is_zero(value: Value | None, x: Value) -> bool:
    """Whether a constant scalar of the map's type stands for zero."""
    if value is None or value.type != x.type or value.data is None or value.elements != 1:
        return False
    code = FORMATS.get(value.type)
    if code is None or struct.calcsize(f"<{code}") != len(value.data):
        return False
    (number,) = struct.unpack(f"<{code}", value.data)
    quantization = x.quantization
    if quantization is None:
        return bool(number == 0)
    return same_per_tensor_quantization(value, x) and number == (quantization.zero_point or (0,))[0]


def _same_does(conv: Node, x: Value, padded: Value, pads: Pads) -> bool:
    """Whether a convolution with SAME padding on `x` does what it does now, on the padded map.

    Source: `ComputePadding` and `ComputeOutSize` in tensorflow/lite/kernels/padding.h.
    """
    weights, options = conv.input(1), conv.options
    if conv.name not in _CONVOLUTIONS or conv.input(0) is not padded or weights is None:
        return False
    if conv.inputs.count(padded) != 1 or len(weights.shape) != 4:
        return False
    if getattr(options, "padding", None) != Padding.VALID:
        return False
    strides = (getattr(options, "stride_h", 0), getattr(options, "stride_w", 0))
    dilations = (
        getattr(options, "dilation_h_factor", 1),
        getattr(options, "dilation_w_factor", 1),
    )
    return all(
        _axis_agrees(*axis)
        for axis in zip(x.shape[1:3], weights.shape[1:3], strides, dilations, pads, strict=True)
    )


def _axis_agrees(size: int, kernel: int, stride: int, dilation: int, pad: Sequence[int]) -> bool:
    if kernel < 1 or stride < 1 or dilation < 1:
        return False
    begin, end = pad
    out = output_size(size, kernel, stride, Padding.SAME)
    total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    # What is padded beyond the last window changes nothing.
    valid = output_size(size + begin + end, kernel, stride, Padding.VALID, dilation)
    return begin == total // 2 and valid == out
