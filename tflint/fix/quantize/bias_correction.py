"""Biases that take out what quantising shifts a channel by on average.

Rounding has no mean, but a pool takes the largest of several rounded values and a rectifier cuts
one side off, so what comes out is shifted; so are sums over weights that were rounded. The shift
of each channel is measured against the float model and taken into the int32 bias.

Source: Nagel et al., Data-Free Quantization (2019), section 4.2, with data in place of assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.quantize.agreement import quantized_inputs
from tflint.fix.quantize.float_model import stored_numbers
from tflint.model.graph import Node, graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.types import QUANTIZED_RANGES
from tflint.model.writer import write_model

_LAYERS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
_DTYPES = {TensorType.INT32: np.int32, TensorType.INT64: np.int64}
# Layers are corrected one behind the other, as each changes what the next one sees; in models of
# more layers than these, some at a time.
_MOST_ROUNDS = 12
# Sums of a kernel are 32 bits wide: a bias far from their ends leaves room for the products.
_LARGEST_BIAS = 2**30


# The mean of each channel of tensors of a model, by tensor: from the model, for each tensor what
# smaller and larger values count as, and the inputs.
ChannelMeans = Callable[
    [bytes, Mapping[int, tuple[float, float]], Sequence[NDArray[Any]]],
    Mapping[int, NDArray[np.float64]],
]


def with_corrected_biases(
    original: bytes,
    quantized: bytes,
    pairs: Mapping[int, int],
    inputs: Sequence[NDArray[Any]],
    channel_means: ChannelMeans,
) -> bytes:
    """The quantised model with other biases.

    `pairs` has for tensors of the quantised model those of the float one that they stand for, in
    the first subgraph; `inputs` are real. Raises what `channel_means` does.
    """
    model = parse_model(quantized)
    layers = [node for node in graphs(model)[0].nodes if _has_bias(node, pairs)]
    if not layers:
        return quantized
    # Of what integers cannot hold only the end is wanted, and no bias brings it nearer.
    wanted = {pairs[node.outputs[0].index]: _ends(node) for node in layers}
    means = channel_means(original, wanted, inputs)
    step = -(-len(layers) // _MOST_ROUNDS)
    stored = quantized_inputs(quantized, inputs)
    for first in range(0, len(layers), step):
        part = layers[first : first + step]
        outputs = {node.outputs[0].index: (-np.inf, np.inf) for node in part}
        found = channel_means(write_model(model), outputs, stored)
        shifts = {
            node.index: means[pairs[output.index]] - _real(node, found[output.index])
            for node in part
            for output in node.outputs
        }
        model = _shifted(model, shifts)
    return write_model(model)


def _has_bias(node: Node, pairs: Mapping[int, int]) -> bool:
    bias = node.input(2)
    if node.name not in _LAYERS or bias is None or bias.type not in _DTYPES:
        return False
    if bias.quantization is None or stored_numbers(bias) is None or len(bias.consumers) != 1:
        return False
    output = node.outputs[0]
    return (
        output.index in pairs
        and output.quantization is not None
        and output.type in QUANTIZED_RANGES
        and output.shape[-1:] == bias.shape
        and len(bias.quantization.scale) in (1, bias.elements)
    )


def _ends(node: Node) -> tuple[float, float]:
    """The reals that the smallest and the largest integer of an output stand for."""
    output = node.outputs[0]
    low, high = QUANTIZED_RANGES[output.type]
    found = _real(node, np.array([low, high], np.float64))
    return float(found[0]), float(found[1])


def _real(node: Node, stored: NDArray[np.float64]) -> NDArray[np.float64]:
    found = node.outputs[0].quantization
    assert found is not None
    zero_point = found.zero_point[0] if found.zero_point else 0
    real: NDArray[np.float64] = (stored - zero_point) * found.scale[0]
    return real


def _shifted(model: Model, shifts: dict[int, NDArray[np.float64]]) -> Model:
    """The model with these amounts added to the biases of operators, in units of the outputs."""
    edit = ModelEdit(model)
    changed = edit.graph(0)
    nodes = graphs(model)[0].nodes
    for index, shift in shifts.items():
        bias = nodes[index].input(2)
        if bias is None or bias.quantization is None:
            continue
        numbers = stored_numbers(bias)
        assert numbers is not None
        steps = np.rint(shift / np.asarray(bias.quantization.scale, np.float64))
        moved = np.clip(numbers.astype(np.float64) + steps, -_LARGEST_BIAS, _LARGEST_BIAS)
        changed.set_data(bias.index, moved.astype(_DTYPES[bias.type]).tobytes())
    return edit.finish()
