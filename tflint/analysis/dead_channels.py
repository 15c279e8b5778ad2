"""Dead channels: which there are, and which of them can go without changing what comes out.

A channel that no layer reads goes without a trace. One that is the same everywhere, whatever the
input, goes into the biases of the layers that read it, unless padding mixes zeros with it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.analysis.channel_groups import ChannelGroup, Step, channel_groups
from tflint.analysis.constant_channels import clamped, passed, requantised, settled
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.stored_constants import stored
from tflint.analysis.weighted_layers import WeightedLayer
from tflint.model.constants import Constants
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import Padding, ReshapeOptions, TensorType
from tflint.model.types import packed_bytes

# Channels that are followed by themselves through steps; more is not worth the time.
_MOST_VISITS = 1 << 18
# Accumulators of kernels have 32 bits.
_GREATEST = 2**31 - 1
_FLOATS = frozenset((TensorType.FLOAT32, TensorType.FLOAT16))
_CODES = {
    TensorType.FLOAT32: "f",
    TensorType.FLOAT16: "e",
    TensorType.INT8: "b",
    TensorType.UINT8: "B",
    TensorType.INT16: "h",
    TensorType.INT32: "i",
    TensorType.INT64: "q",
}
# What weights and constants for each channel may be stored as, to be cut.
_CUT = frozenset(_CODES)


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """The `dead` channels of a group, of which `empty` have no weights but zeros.

    Those in `removable` can go: `held` gives, for each value, what of them is the same all over
    it, by channel; the others of them are not read there.
    """

    group: ChannelGroup
    dead: tuple[int, ...]
    empty: int
    removable: tuple[int, ...]
    held: dict[int, dict[int, float]]


def dead_channels(graph: Graph, dataflow: Dataflow, constants: Constants) -> Iterator[DeadGroup]:
    """The groups of channels with dead ones among them, in execution order."""
    for group in channel_groups(graph):
        if group.is_fixed or not group.readers:
            continue
        filled, read = group.filled(constants), group.read(constants)
        dead = tuple(c for c in range(group.count) if not (filled[c] and read[c]))
        if not dead:
            continue
        held: dict[int, dict[int, float]] = {}
        removable: tuple[int, ...] = ()
        if len(dead) < group.count and _can_be_cut(group, dataflow):
            if len(dead) * (len(group.steps) + 1) <= _MOST_VISITS:
                held, kept = _follow(group, dead, filled, constants)
                removable = tuple(c for c in dead if c not in kept)
        yield DeadGroup(group, dead, filled.count(0), removable, held)


def takes_offset(layer: WeightedLayer) -> bool:
    """Whether a layer adds the same wherever a channel that it reads is the same."""
    if layer.node.name == "FULLY_CONNECTED":
        return True
    if layer.node.name == "TRANSPOSE_CONV":
        return False
    padded = getattr(layer.node.options, "padding", None) is not Padding.VALID
    return not padded or tuple(layer.weights.shape[1:3]) == (1, 1)


def _follow(
    group: ChannelGroup, dead: Sequence[int], filled: Sequence[int], constants: Constants
) -> tuple[dict[int, dict[int, float]], set[int]]:
    """What each value holds of channels that are constant, and the channels that must stay."""
    maker = group.maker
    first: dict[int, float] = {}
    for c in dead:
        made = None if filled[c] else _made_of_bias(maker, c, 0.0)
        if made is not None:
            first[c] = made
    held = {maker.output.index: first}
    kept: set[int] = set()
    for step in group.steps:
        before, layer = held[step.x.index], step.layer
        if layer is None:
            assert step.y is not None
            after = {}
            for c, number in before.items():
                result = passed(step.node, step.x, step.y, number, c, group.count)
                if result is not None:
                    after[c] = result
            held[step.y.index] = after
            continue
        layout = layer.channels if step.y else layer.input_channels(group.count)
        found = constants.nonzero(layer.weights, layout)
        if step.y is not None:
            held[step.y.index] = _through_depthwise(layer, dead, before, found)
            continue
        for c in dead:
            if found is None or found[c]:
                if c not in before or (before[c] and not takes_offset(layer)):
                    kept.add(c)
    return held, kept


def _through_depthwise(
    layer: WeightedLayer, dead: Sequence[int], before: dict[int, float], found: bytearray | None
) -> dict[int, float]:
    after: dict[int, float] = {}
    for c in dead:
        total: float | None = None
        if (found is not None and not found[c]) or before.get(c) == 0:
            total = 0.0
        elif c in before and takes_offset(layer):
            weights = _channel_sum(layer, c)
            total = None if weights is None else weights * before[c]
        made = None if total is None else _made_of_bias(layer, c, total)
        if made is not None:
            after[c] = made
    return after


def _made_of_bias(layer: WeightedLayer, c: int, total: float) -> float | None:
    """What a layer makes of a channel whose products sum up to `total` everywhere."""
    number = 0.0
    if layer.bias is not None:
        behind = stored(layer.bias)
        found = None if behind is None else _number(behind, c, layer.channels.channels)
        if found is None or behind is None:
            return None
        number = found
    if layer.x.type is TensorType.FLOAT32:
        made: float | None = total + number
    else:
        step = _bias_step(layer, c)
        if not step or abs(number) > _GREATEST or abs(total / step) > _GREATEST:
            return None
        made = requantised(layer.output, round(total / step) + int(number), step)
    made = None if made is None else clamped(layer.node, made)
    return None if made is None else settled(layer.output, made)


def _bias_step(layer: WeightedLayer, c: int) -> float | None:
    """What 1 in an integer bias stands for."""
    x, weights = layer.x.quantization, layer.weights.quantization
    if x is None or weights is None or len(x.scale) != 1:
        return None
    if len(weights.scale) not in (1, layer.channels.channels):
        return None
    step = x.scale[0] * weights.scale[c if len(weights.scale) > 1 else 0]
    return step if math.isfinite(step) and step > 0 else None


def _channel_sum(layer: WeightedLayer, c: int) -> float | None:
    """The sum of a depthwise filter's weights for one channel."""
    weights, count = layer.weights, layer.channels.channels
    code, found = _CODES.get(weights.type), weights.quantization
    if weights.data is None or code is None:
        return None
    width = struct.calcsize(code)
    size = len(weights.data) // width
    total: float = sum(
        struct.unpack_from(f"<{code}", weights.data, width * at)[0] for at in range(c, size, count)
    )
    if weights.type in _FLOATS:
        return total
    if found is None or len(found.scale) not in (1, count):
        return None
    zero_point = (found.zero_point or (0,))[c if len(found.zero_point) > 1 else 0]
    total -= zero_point * (size // count)
    return total * found.scale[c if len(found.scale) > 1 else 0]


def _number(constant: Value, at: int, count: int) -> float | None:
    """One of `count` numbers in a constant, as it is stored."""
    code = _CODES.get(constant.type)
    if constant.data is None or code is None or constant.elements != count:
        return None
    if packed_bytes(constant.shape, constant.type) != len(constant.data):
        return None
    return float(struct.unpack_from(f"<{code}", constant.data, struct.calcsize(code) * at)[0])


def _can_be_cut(group: ChannelGroup, dataflow: Dataflow) -> bool:
    """Whether channels can be taken out of everything that handles them."""
    maker = group.maker
    name = maker.node.name
    if name == "CONV_2D" and maker.x.shape[-1:] != maker.weights.shape[-1:]:
        return False
    if name == "TRANSPOSE_CONV":
        to = maker.node.input(0)
        if to is None or to.integers() is None or to.elements != 4:
            return False
    if not all(_layer_can_be_cut(layer, dataflow) for layer in group.layers):
        return False
    values = [maker.output, *(step.y for step in group.steps if step.y is not None)]
    scales = [value.quantization for value in values]
    if any(found is not None and len(found.scale) > 1 for found in scales):
        return False
    return all(_step_can_be_cut(step, group.count) for step in group.steps)


def _layer_can_be_cut(layer: WeightedLayer, dataflow: Dataflow) -> bool:
    at = 1
    read = layer.node.input(at)
    if read is None or dataflow.reads(read) != 1 or dataflow.reads(layer.weights) != 1:
        return False
    if read.is_output or layer.weights.is_output or not _is_sound(layer.weights):
        return False
    quantization = layer.weights.quantization
    if quantization is not None and len(quantization.scale) > 1:
        axis = 3 if layer.is_depthwise else 0
        if quantization.quantized_dimension != axis:
            return False
    bias = layer.bias
    if bias is None:
        return True
    behind = stored(bias)
    return behind is not None and _is_sound(behind) and behind.elements == layer.channels.channels


def _step_can_be_cut(step: Step, count: int) -> bool:
    if step.y is None or step.layer is not None:
        return True
    node = step.node
    if node.name == "SQUEEZE":
        # Without its dimensions it might squeeze the channels, should one be left.
        return bool(getattr(node.options, "squeeze_dims", ()))
    if node.name == "RESHAPE":
        return _is_target_known(node, len(step.y.shape))
    if node.name in RESHAPES:
        return True
    for value in node.inputs[1:]:
        if value is None or value is step.x or not value.shape:
            continue
        if value.shape[-1] % count == 0:
            if not _is_sound(value) or value.type not in _CUT:
                return False
    return True


def _is_target_known(reshape: Node, rank: int) -> bool:
    """Whether the shape that a RESHAPE is told can be told anew; damaged files hold any bytes."""
    argument = reshape.input(1)
    target = None if argument is None else argument.integers()
    options = reshape.options
    told = options.new_shape if isinstance(options, ReshapeOptions) else ()
    if argument is not None and (target is None or len(target) != rank):
        return False
    return len(told or ()) in (0, rank)


def _is_sound(constant: Value) -> bool:
    """Whether data are what the shape says, of a type that can be cut."""
    return (
        constant.data is not None
        and constant.type in _CUT
        and constant.tensor.sparsity is None
        and min(constant.shape, default=1) > 0
        and packed_bytes(constant.shape, constant.type) == len(constant.data)
    )
