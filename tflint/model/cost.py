"""What a model costs whatever runs it: multiply-accumulates and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tflint.model.graph import Graph, Node, Value
from tflint.model.types import elements


@dataclass(frozen=True, slots=True)
class Weights:
    """Constant tensors: number of elements and bytes, shape constants and the like included.

    Tensors may share a buffer: `stored_bytes` counts it once, as the file does.
    """

    count: int
    bytes: int
    stored_bytes: int


def weights(graphs: Iterable[Graph]) -> Weights:
    """The constants of all subgraphs, a tensor counted wherever it stands."""
    constants = [value for graph in graphs for value in graph.values if value.is_constant]
    buffers = {value.tensor.buffer: value.bytes for value in constants}
    return Weights(
        count=sum(value.elements for value in constants),
        bytes=sum(value.bytes for value in constants),
        stored_bytes=sum(buffers.values()),
    )


def macs(node: Node) -> int:
    """Multiply-accumulates of one run of an operator; 0 for those that have none.

    Convolutions and matrix products only, as the literature counts: elementwise operators,
    pools and activations add nothing. Bodies of control flow are not counted here.
    """
    count = _MACS.get(node.name)
    if count is None or not node.outputs or any(d < 0 for v in node.outputs for d in v.shape):
        return 0
    return max(count(node), 0)


def _conv(node: Node) -> int:
    """Each output element sums over kernel height x width x input channels of its group."""
    weights = node.input(1)
    if weights is None or len(weights.shape) < 2:
        return 0
    return node.outputs[0].elements * elements(weights.shape[1:])


def _depthwise_conv(node: Node) -> int:
    """Each output element sums over kernel height x width. Weights are (1, H, W, C)."""
    weights = node.input(1)
    if weights is None or len(weights.shape) != 4:
        return 0
    return node.outputs[0].elements * weights.shape[1] * weights.shape[2]


def _transpose_conv(node: Node) -> int:
    """Each input element is spread over kernel height x width x output channels."""
    weights, x = node.input(1), node.input(2)
    if weights is None or x is None or len(weights.shape) != 4:
        return 0
    return x.elements * elements(weights.shape[:3])


def _conv_3d(node: Node) -> int:
    """Weights are (D, H, W, input channels, output channels)."""
    weights = node.input(1)
    if weights is None or len(weights.shape) != 5:
        return 0
    return node.outputs[0].elements * elements(weights.shape[:4])


def _flex_conv(node: Node) -> int:
    """TensorFlow's weights are (H, W, input channels of a group, output channels)."""
    weights = node.input(1)
    if weights is None or len(weights.shape) != 4:
        return 0
    return node.outputs[0].elements * elements(weights.shape[:3])


def _fully_connected(node: Node) -> int:
    """Each output element sums over the depth. Weights are (units, depth)."""
    weights = node.input(1)
    if weights is None or len(weights.shape) != 2:
        return 0
    return node.outputs[0].elements * weights.shape[1]


def _batch_matmul(node: Node) -> int:
    """Each output element sums over the inner dimension of the left operand."""
    left, options = node.input(0), node.options
    if left is None or len(left.shape) < 2:
        return 0
    return node.outputs[0].elements * left.shape[-2 if getattr(options, "adj_x", False) else -1]


def _svdf(node: Node) -> int:
    """Feature weights (filters, inputs) once, time weights (filters, memory) once, a batch."""
    x = node.input(0)
    batch = x.shape[0] if x is not None and x.shape else 1
    return batch * sum(w.elements for w in (node.input(1), node.input(2)) if w is not None)


def _lstm(node: Node) -> int:
    """All gate matrices once for each time step; inputs 1-8 (and 16) are the matrices.

    Input is (batch, time, depth), or (time, batch, depth) with the time-major option: their
    product is the same. The plain LSTM operator runs one step.
    """
    x = node.input(0)
    matrices = [node.input(i) for i in (*range(1, 9), 16)]
    steps = elements(x.shape[:-1]) if x is not None and x.shape else 1
    return steps * sum(m.elements for m in matrices if m is not None)


def _rnn(node: Node) -> int:
    """Input and recurrent matrices once for each time step and batch."""
    x = node.input(0)
    steps = elements(x.shape[:-1]) if x is not None and x.shape else 1
    return steps * sum(m.elements for m in (node.input(1), node.input(2)) if m is not None)


_MACS: dict[str, Callable[[Node], int]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise_conv,
    "TRANSPOSE_CONV": _transpose_conv,
    "CONV_3D": _conv_3d,
    "FlexConv2D": _flex_conv,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "SVDF": _svdf,
    "LSTM": _lstm,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "RNN": _rnn,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _rnn,
}


def largest_first(values: Iterable[Value]) -> list[Value]:
    """Constants by bytes, largest first, then by index."""
    return sorted((v for v in values if v.is_constant), key=lambda v: (-v.bytes, v.index))
