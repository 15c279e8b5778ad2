"""Channels of a layer's output brought to like size, so that one scale for all of them loses less.

Where a layer's output goes through nothing but rectifiers and pools to the next layer, a channel
can be made smaller by a factor in the first and larger by it in the second, and the model computes
the same. That is needed most where a batch normalisation was folded, which evened the channels.

Source of the factors: Xiao et al., SmoothQuant (2023), equation 4 with a migration strength of one
half; of the idea for convolutions: Nagel et al., Data-Free Quantization (2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.analysis.dataflow import Dataflow
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.quantize.float_model import stored_numbers
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.schema import ActivationFunctionType, TensorType
from tflint.model.tables import Model

# Where output channels are among a weight's dimensions, and where input channels are.
_OUTPUT_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
_INPUT_AXIS = {"CONV_2D": 3, "FULLY_CONNECTED": 1}
# Operators for which it is the same whether a channel is scaled before or behind, by what is > 0.
_BETWEEN = frozenset(("RELU", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "MEAN"))
_HOMOGENEOUS = frozenset((ActivationFunctionType.NONE, ActivationFunctionType.RELU))
# No channel is made this many times larger or smaller than the middle one.
_MOST = 1e4


@dataclass(frozen=True, slots=True)
class Pair:
    """Two layers, the second of which reads, channel by channel, what the first makes."""

    first: Node
    second: Node

    @property
    def value(self) -> Value:
        """What the first makes, whose channels are to be evened."""
        return self.first.outputs[0]


def pairs(model: Model) -> list[Pair]:
    """The pairs of the first subgraph; a layer may be in two of them."""
    graph = graphs(model)[0]
    flow = Dataflow(graph)
    found = []
    for node in graph.nodes:
        if node.name in _OUTPUT_AXIS and _is_layer(node, graph, flow) and _is_homogeneous(node):
            second = _reader_behind(node, flow)
            if second is not None and _is_layer(second, graph, flow):
                found.append(Pair(node, second))
    return found


def equalized(model: Model, peaks: Mapping[int, NDArray[np.float32]]) -> Model:
    """The model with the channels of every pair evened; the same model where there are none.

    `peaks` has the largest absolute value of each channel of each pair's value, by tensor.
    """
    edit = ModelEdit(model)
    changed = edit.graph(0)
    weights: dict[int, NDArray[np.float32]] = {}

    def current(value: Value) -> NDArray[np.float32]:
        if value.index not in weights:
            numbers = stored_numbers(value)
            if numbers is None:
                raise AssertionError("pairs have constant weights")
            weights[value.index] = numbers.astype(np.float32)
        return weights[value.index]

    for pair in pairs(model):
        first, second = pair.first.inputs[1], pair.second.inputs[1]
        bias = pair.first.input(2)
        assert first is not None and second is not None
        peak = peaks.get(pair.value.index)
        channels = pair.value.shape[-1]
        if peak is None or len(peak) != channels:
            continue
        behind = current(second)
        axis = _INPUT_AXIS[pair.second.name]
        by_channel = np.moveaxis(behind, axis, -1).reshape(
            -1, behind.shape[axis] // channels, channels
        )
        factors = _factors(peak, np.abs(by_channel).max(axis=(0, 1), initial=0))
        weights[first.index] = _scaled(current(first), _OUTPUT_AXIS[pair.first.name], 1 / factors)
        if bias is not None:
            weights[bias.index] = _scaled(current(bias), 0, 1 / factors)
        repeated = np.tile(factors, behind.shape[axis] // channels)
        weights[second.index] = _scaled(behind, axis, repeated)
    for index, numbers in weights.items():
        changed.set_data(index, np.ascontiguousarray(numbers, np.float32).tobytes())
    return edit.finish() if weights else model


def _factors(activations: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each channel is divided by: so that it is as far from zero as its weights behind."""
    usable = (activations > 0) & (weights > 0)
    factors = np.ones(len(activations), np.float64)
    if not usable.any():
        return factors.astype(np.float32)
    raw = np.sqrt(activations[usable].astype(np.float64) / weights[usable])
    middle = float(np.exp(np.log(raw).mean()))
    # Powers of two leave every mantissa as it is.
    factors[usable] = 2.0 ** np.rint(np.log2(np.clip(raw / middle, 1 / _MOST, _MOST)))
    return factors.astype(np.float32)


def _scaled(
    numbers: NDArray[np.float32], axis: int, factors: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    shape = [1] * numbers.ndim
    shape[axis] = -1
    scaled: NDArray[np.float32] = numbers * factors.reshape(shape).astype(np.float32)
    return scaled


def _is_layer(node: Node, graph: Graph, flow: Dataflow) -> bool:
    """Whether its weights and bias are float constants that nothing else reads."""
    axis = _OUTPUT_AXIS.get(node.name)
    if axis is None or len(node.outputs) != 1 or node.outputs[0].type is not TensorType.FLOAT32:
        return False
    weights, bias = node.input(1), node.input(2)
    for value in (weights, bias):
        if value is None:
            continue
        if value.type is not TensorType.FLOAT32 or flow.reads(value) != 1 or value.is_output:
            return False
        if stored_numbers(value) is None:
            return False
    if weights is None or not node.outputs[0].shape:
        return False
    channels = node.outputs[0].shape[-1]
    if len(weights.shape) != (2 if node.name == "FULLY_CONNECTED" else 4):
        return False
    return weights.shape[axis] == channels and (bias is None or bias.shape == (channels,))


def _is_homogeneous(node: Node) -> bool:
    activation = getattr(node.options, "fused_activation_function", ActivationFunctionType.NONE)
    return activation in _HOMOGENEOUS


def _reader_behind(node: Node, flow: Dataflow) -> Node | None:
    """The layer that reads what a layer makes, through operators that keep channels apart."""
    value, channels = node.outputs[0], node.outputs[0].shape[-1]
    for _ in range(16):
        reader = flow.sole_reader(value)
        if reader is None or reader.input(0) is not value or len(reader.outputs) != 1:
            return None
        if reader.name in _INPUT_AXIS:
            weights = reader.input(1)
            axis = _INPUT_AXIS[reader.name]
            if weights is None or len(weights.shape) <= axis or weights.shape[axis] % channels:
                return None
            if value.shape[-1:] != (channels,) and reader.name != "FULLY_CONNECTED":
                return None
            # A grouped convolution reads its channels in parts.
            if reader.name == "CONV_2D" and weights.shape[axis] != channels:
                return None
            return reader
        result = reader.outputs[0]
        if reader.name not in _BETWEEN or not _is_homogeneous(reader):
            return None
        is_flat = reader.name == "RESHAPE" and result.shape[-1:] != (channels,)
        if is_flat and (not result.shape or result.shape[-1] % channels):
            return None
        if reader.name == "MEAN" and result.shape[-1:] != (channels,):
            return None
        value = result
    return None
