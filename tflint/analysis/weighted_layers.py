"""Convolutions and dense layers with their constant weights, for the rules that read those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tflint.analysis.stored_constants import stored
from tflint.model.constants import channel_layout
from tflint.model.graph import Node, Value
from tflint.model.streaming import Layout
from tflint.model.types import elements

# Positions of input, weights and bias, the dimension of the weights that output channels lie
# along, and their rank.
_OPERANDS = {
    "CONV_2D": (0, 1, 2, 0, 4),
    "DEPTHWISE_CONV_2D": (0, 1, 2, 3, 4),
    "FULLY_CONNECTED": (0, 1, 2, 0, 2),
    "TRANSPOSE_CONV": (2, 1, 3, 0, 4),
}
LAYERS = frozenset(_OPERANDS)


@dataclass(frozen=True, slots=True)
class WeightedLayer:
    """An operator with constant weights; `channels` is how they fall to its output channels.

    Weights are (O, H, W, I) for CONV_2D and TRANSPOSE_CONV, (1, H, W, C) for
    DEPTHWISE_CONV_2D, (units, depth) for FULLY_CONNECTED. `weights` is what is stored, also
    where a DEQUANTIZE stands between.
    """

    node: Node
    x: Value
    weights: Value
    bias: Value | None
    output: Value
    channels: Layout

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel is filtered by itself."""
        return self.node.name == "DEPTHWISE_CONV_2D"

    @property
    def input_depth(self) -> int:
        """Input channels of the weights: of a dense layer all that it reads."""
        return self.weights.shape[-1]

    def input_channels(self, count: int) -> Layout:
        """How the weights fall to `count` input channels that lie next to each other."""
        return Layout(elements(self.weights.shape) // count, count, 1)


def weighted_layers(nodes: Iterable[Node]) -> Iterator[WeightedLayer]:
    """The convolutions and dense layers whose weights are constants of a usable shape."""
    layouts: dict[tuple[int, int], Layout | None] = {}
    for node in nodes:
        operands = _OPERANDS.get(node.name)
        if operands is None or not node.outputs:
            continue
        at_x, at_weights, at_bias, axis, rank = operands
        inputs = node.inputs
        count = len(inputs)
        x = inputs[at_x] if at_x < count else None
        weights = stored(inputs[at_weights]) if at_weights < count else None
        if x is None or weights is None:
            continue
        # Shuffled weights of a dense layer are laid out for one old kernel.
        if getattr(node.options, "weights_format", 0):
            continue
        key = id(weights), axis
        if key not in layouts:
            layouts[key] = _layout(weights, axis, rank)
        layout = layouts[key]
        if layout is not None:
            bias = inputs[at_bias] if at_bias < count else None
            yield WeightedLayer(node, x, weights, bias, node.outputs[0], layout)


def _layout(weights: Value, axis: int, rank: int) -> Layout | None:
    """How weights fall to output channels, if there are any."""
    if not weights.is_constant or len(weights.shape) != rank or min(weights.shape) < 1:
        return None
    return channel_layout(weights.shape, axis)
