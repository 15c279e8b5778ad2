"""Dense layers over flattened maps: what TFL301 and TFL303 both start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.operator_kinds import POOLS
from tflint.analysis.stored_constants import stored
from tflint.model.flex import is_channels_first
from tflint.model.graph import Graph, Node, Value

# Operators that only rearrange or rescale what they get, element by element.
_KEEPS_ELEMENTS = frozenset(
    (
        "RESHAPE",
        "SQUEEZE",
        "EXPAND_DIMS",
        "TRANSPOSE",
        "QUANTIZE",
        "DEQUANTIZE",
        "CAST",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "LEAKY_RELU",
        "ELU",
        "HARD_SWISH",
        "LOGISTIC",
        "TANH",
        "ADD",
        "MUL",
        "SUB",
        "DIV",
        "PRELU",
        "FlexBiasAdd",
    )
)
_MAKES_MAPS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FlexConv2D"))

_MAP_SOURCES = _MAKES_MAPS | POOLS


@dataclass(frozen=True, slots=True)
class FlattenedDense:
    """A FULLY_CONNECTED layer that reads a whole map of `height` x `width` x `channels`.

    `weights` has (units, height * width * channels) elements.
    """

    node: Node
    weights: Value
    map: Value
    height: int
    width: int
    channels: int

    @property
    def bytes_per_weight(self) -> float:
        """Bytes of one weight in the file; below 1 for packed types."""
        return self.weights.bytes / max(self.weights.elements, 1)

    def saved_by_pooling(self, rows: int, columns: int) -> int:
        """Weight bytes that reducing the map to this many rows and columns would save."""
        units = self.weights.shape[0]
        before = self.height * self.width * self.channels * units
        return round((before - rows * columns * self.channels * units) * self.bytes_per_weight)


def flattened_dense(graph: Graph) -> Iterator[FlattenedDense]:
    """The dense layers of a graph that read a map larger than 1 x 1."""
    maps = _maps_behind(graph)
    for node in graph.nodes:
        weights = node.input(1)
        x = node.input(0)
        if node.name != "FULLY_CONNECTED" or weights is None or x is None:
            continue
        weights = stored(weights)
        if weights is None or len(weights.shape) != 2:
            continue
        source = maps.get(x.index)
        if source is None:
            continue
        _, height, width, channels = source.shape
        if source.producer is not None and is_channels_first(source.producer):
            _, channels, height, width = source.shape
        if height * width > 1 and height * width * channels == weights.shape[1]:
            yield FlattenedDense(node, weights, source, height, width, channels)


def reduced_maps(graph: Graph) -> set[int]:
    """The indices of values that lie behind a pool or a stride, in execution order."""
    reduced: set[int] = set()
    for node in graph.nodes:
        strides = (getattr(node.options, "stride_h", 1), getattr(node.options, "stride_w", 1))
        if (
            node.name in POOLS
            or (node.name in _MAKES_MAPS and max(strides) > 1)
            or node.name in ("MEAN", "REDUCE_MAX", "STRIDED_SLICE", "SPACE_TO_DEPTH")
            or any(value is not None and value.index in reduced for value in node.inputs)
        ):
            reduced.update(value.index for value in node.outputs)
    return reduced


def _maps_behind(graph: Graph) -> dict[int, Value]:
    """The map (N, H, W, C) that each value holds the elements of, by the value's index.

    One walk in execution order: what keeps elements passes on what it got.
    """
    maps: dict[int, Value] = {}
    for node in graph.nodes:
        for value in node.outputs:
            if len(value.shape) == 4 and node.name in _MAP_SOURCES:
                maps[value.index] = value
            elif node.name in _KEEPS_ELEMENTS:
                source = next((v for v in node.inputs if v is not None and not v.is_constant), None)
                if source is not None and source.index in maps:
                    behind = maps[source.index]
                    if behind.elements == value.elements:
                        maps[value.index] = behind
    return maps
