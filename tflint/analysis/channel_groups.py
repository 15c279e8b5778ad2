"""Channels on their way from the layer that makes them to the layers that read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.weighted_layers import WeightedLayer, weighted_layers
from tflint.model.constants import Constants
from tflint.model.graph import Graph, Node, Value

# More channels than any layer has; see `MAX_CHANNELS` for what can be asked of constants.
_MAX_CHANNELS = 1 << 16

_ONES = b"\0" + b"\1" * 255

# Operators by what they do to a tensor whose last dimension holds the channels.
_ELEMENTWISE = frozenset(
    (
        "ABS",
        "CAST",
        "DEQUANTIZE",
        "ELU",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOGISTIC",
        "NEG",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RELU_0_TO_1",
        "RELU_N1_TO_1",
        "SQUARE",
        "TANH",
    )
)
_WITH_CONSTANT = frozenset(("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB"))
_SPATIAL = frozenset(
    (
        "AVERAGE_POOL_2D",
        "L2_POOL_2D",
        "MAX_POOL_2D",
        "MIRROR_PAD",
        "PAD",
        "PADV2",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
    )
)
_REDUCTIONS = frozenset(("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"))


@dataclass(frozen=True, slots=True)
class Step:
    """One operator that takes channels from `x`: on to `y`, or as their reader (None)."""

    node: Node
    x: Value
    y: Value | None
    layer: WeightedLayer | None


@dataclass(slots=True)
class ChannelGroup:
    """The `count` channels that `maker` makes, and everything that handles them.

    Wherever the channels are, element i of the last dimension belongs to channel i modulo
    `count`. `is_fixed` says that something needs all of them, such as the model's output.
    """

    maker: WeightedLayer
    count: int
    steps: list[Step] = field(default_factory=list)
    is_fixed: bool = False

    @property
    def readers(self) -> list[WeightedLayer]:
        """The layers that the channels end in."""
        return [step.layer for step in self.steps if step.layer is not None and step.y is None]

    @property
    def layers(self) -> list[WeightedLayer]:
        """Every layer with weights for each of the channels, first the one that makes them."""
        return [self.maker, *(step.layer for step in self.steps if step.layer is not None)]

    def filled(self, constants: Constants) -> bytes | bytearray:
        """1 for each channel that `maker` has other weights than zero for."""
        found = constants.nonzero(self.maker.weights, self.maker.channels)
        return b"\1" * self.count if found is None else found.translate(_ONES)

    def read(self, constants: Constants) -> bytes:
        """1 for each channel that a layer reads with other weights than zero."""
        all = int.from_bytes(b"\1" * self.count, "little")
        needed: dict[int, int] = {}
        for step in reversed(self.steps):
            mask = all
            if step.layer is not None:
                layout = step.layer.channels if step.y else step.layer.input_channels(self.count)
                found = constants.nonzero(step.layer.weights, layout)
                if found is not None:
                    mask = int.from_bytes(found.translate(_ONES), "little")
            if step.y is not None:
                mask &= needed.get(step.y.index, 0)
            needed[step.x.index] = needed.get(step.x.index, 0) | mask
        return needed.get(self.maker.output.index, 0).to_bytes(self.count, "little")


def channel_groups(graph: Graph) -> list[ChannelGroup]:
    """The groups of a graph, in one walk in execution order."""
    layers = {layer.node.index: layer for layer in weighted_layers(graph.nodes)}
    groups: list[ChannelGroup] = []
    holds: dict[int, ChannelGroup] = {}
    taken: Counter[int] = Counter()
    if not layers:
        return groups
    for node in graph.nodes:
        layer = layers.get(node.index)
        _pass_on(node, layer, holds, taken)
        made = None if layer is None else _made(layer)
        if made is not None and made.maker.output.index not in holds:
            groups.append(made)
            holds[made.maker.output.index] = made
    makers = Counter(value.index for node in graph.nodes for value in node.outputs)
    for index, group in holds.items():
        value = graph.values[index]
        # Whoever reads it out of order, or from outside, was not met on the walk.
        if value.is_output or value.is_input or taken[index] != len(value.consumers):
            group.is_fixed = True
        if makers[index] != 1:
            group.is_fixed = True
    return groups


def _made(layer: WeightedLayer) -> ChannelGroup | None:
    """The channels that begin at a layer."""
    count = layer.channels.channels
    # A depthwise layer passes on its input's channels, unless that is a single one.
    if layer.is_depthwise and layer.x.shape[-1:] != (1,):
        return None
    if layer.output.shape[-1:] != (count,) or count > _MAX_CHANNELS:
        return None
    return ChannelGroup(layer, count)


def _pass_on(
    node: Node, layer: WeightedLayer | None, holds: dict[int, ChannelGroup], taken: Counter[int]
) -> None:
    """Take an operator into the groups of its inputs, or fix them."""
    inputs = {value.index: value for value in node.inputs if value is not None}
    held = [value for value in inputs.values() if value.index in holds]
    for x in held:
        group = holds[x.index]
        taken[x.index] += 1
        step = None
        if len(held) == 1 and layer is not None and layer.x is x:
            step = _through_layer(layer, group)
        elif len(held) == 1 and node.input(0) is x and len(node.outputs) == 1:
            y = node.outputs[0]
            others = [value for value in inputs.values() if value is not x]
            if _keeps_channels(node, x, y, others, group.count):
                step = Step(node, x, y, None)
        if step is None or (step.y is not None and step.y.index in holds):
            group.is_fixed = True
            continue
        group.steps.append(step)
        if step.y is not None:
            holds[step.y.index] = group


def _through_layer(layer: WeightedLayer, group: ChannelGroup) -> Step | None:
    """What a layer does with the channels of its input."""
    x, y, depth = layer.x, layer.output, layer.input_depth
    if layer.is_depthwise:
        same = x.shape[-1:] == y.shape[-1:] == (group.count,) == (depth,)
        return (
            Step(layer.node, x, y, layer)
            if same and layer.channels.channels == group.count
            else None
        )
    if depth % group.count or (layer.node.name != "FULLY_CONNECTED" and x.shape[-1] != depth):
        return None
    return Step(layer.node, x, None, layer)


def _keeps_channels(node: Node, x: Value, y: Value, others: Iterable[Value], count: int) -> bool:
    """Whether an operator takes each channel for itself and leaves it where it is."""
    name = node.name
    if not y.shape or y.shape[-1] % count:
        return False
    if name in _ELEMENTWISE:
        return x.shape == y.shape
    if not all(value.is_constant for value in others):
        return False
    if name in _WITH_CONSTANT:
        return x.shape == y.shape
    if name in _SPATIAL:
        return x.shape[-1] == y.shape[-1]
    if name in RESHAPES:
        return x.elements == y.elements
    if name in _REDUCTIONS and x.shape[-1] == y.shape[-1]:
        axes = node.input(1)
        found = None if axes is None else axes.integers()
        rank = len(x.shape)
        return found is not None and all(axis % rank != rank - 1 for axis in found)
    return False
