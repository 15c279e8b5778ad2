"""PAD and PADV2 by zeros that the convolutions behind them would add by themselves."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.quantization_match import same_per_tensor_quantization
from tflint.model.graph import Graph, Node, Value
from tflint.model.graph_builder import output_size
from tflint.model.schema import Padding, TensorType
from tflint.model.types import FORMATS

_CONVOLUTIONS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D"))
# (begin, end) for height and width.
_Pads = tuple[tuple[int, int], tuple[int, int]]


def foldable_pads(graph: Graph, dataflow: Dataflow) -> Iterator[Node]:
    """The PADs whose readers are convolutions that do the same on the map as it was.

    All of them have VALID padding, and do with SAME padding to the bit what they do now.
    """
    for node in graph.nodes:
        pads = _zero_padding(node, dataflow)
        if pads is None:
            continue
        x, y = node.inputs[0], node.outputs[0]
        assert x is not None
        if all(_same_does(reader, x, y, pads) for reader in y.consumers):
            yield node


def _zero_padding(node: Node, dataflow: Dataflow) -> _Pads | None:
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


def _same_does(conv: Node, x: Value, padded: Value, pads: _Pads) -> bool:
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
