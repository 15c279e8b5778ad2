"""Weights rounded so that their errors cancel on the inputs that a layer gets.

Rounded one by one, the errors of a filter's weights add up wherever its inputs move together, as
neighbouring frames or pixels do. Here each weight's error is made up for by those that are rounded
after it, as far as inputs that go together allow.

Source: Frantar et al., GPTQ (2022), algorithm 1, with the covariance of the inputs for the Hessian,
since the mean is the bias' to correct.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.quantize.float_model import stored_numbers
from tflint.model.graph import Graph, Node, Value
from tflint.model.graph_builder import output_size
from tflint.model.schema import Conv2DOptions, Padding, TensorType
from tflint.model.tables import Model
from tflint.model.types import elements

Real = NDArray[np.float64]
# A layer with more weights an output costs too much, one with fewer rows of inputs than weights
# says too little about which of them go together.
_MOST_WEIGHTS = 1024
_ROWS_A_WEIGHT = 4
# Rows of a sample that are looked at: more say the same.
_MOST_ROWS = 512
_DAMPING = 1e-3
_BOUND = 127


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer whose weights may be rounded anew: the operator, and the real weights it is for."""

    node: Node
    real: NDArray[np.float32]

    @property
    def weights(self) -> Value:
        """The integers."""
        found = self.node.inputs[1]
        if found is None:
            raise AssertionError("layers have weights")
        return found


def layers(quantized: Graph, original: Graph, pairs: Mapping[int, int]) -> list[Layer]:
    """The convolutions and dense layers whose int8 weights stand for those of the original."""
    makers = {value.index: node for node in original.nodes for value in node.outputs}
    found = []
    for node in quantized.nodes:
        weights, source = node.input(1), node.input(0)
        if node.name not in ("CONV_2D", "FULLY_CONNECTED") or weights is None or source is None:
            continue
        before = makers.get(pairs.get(node.outputs[0].index, -1))
        real = before.input(1) if before is not None and before.name == node.name else None
        numbers = stored_numbers(real) if real is not None else None
        if numbers is None or numbers.shape != weights.shape or weights.type is not TensorType.INT8:
            continue
        if not _fits(node, source, weights) or len(weights.consumers) != 1:
            continue
        found.append(Layer(node, numbers.astype(np.float32)))
    return found


def _fits(node: Node, source: Value, weights: Value) -> bool:
    quantization = weights.quantization
    if (
        quantization is None
        or quantization.quantized_dimension != 0
        or any(quantization.zero_point)
    ):
        return False
    count = elements(weights.shape[1:])
    if not 1 < count <= _MOST_WEIGHTS or len(quantization.scale) not in (1, weights.shape[0]):
        return False
    if source.quantization is None or min(source.shape, default=0) <= 0:
        return False
    if node.name == "FULLY_CONNECTED":
        return source.elements % count == 0
    return isinstance(node.options, Conv2DOptions) and source.shape[-1] == weights.shape[-1]


class Covariance:
    """How the inputs of a layer's weights go together, sample by sample."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        count = elements(layer.weights.shape[1:])
        self._products = np.zeros((count, count))
        self._sums = np.zeros(count)
        self._rows = 0

    def add(self, stored: NDArray[np.generic]) -> None:
        """Take in a layer's input of one sample, as it is stored."""
        source = self._layer.node.inputs[0]
        if source is None or source.quantization is None:
            return
        quantization = source.quantization
        zero_point = quantization.zero_point[0] if quantization.zero_point else 0
        real = (stored.astype(np.float64) - zero_point) * quantization.scale[0]
        rows = _rows(self._layer.node, real, self._layer.weights.shape)
        rows = rows[:: -(-len(rows) // _MOST_ROWS)]
        self._products += rows.T @ rows
        self._sums += rows.sum(axis=0)
        self._rows += len(rows)

    def value(self) -> Real | None:
        """The covariance; None where there were too few rows to tell."""
        if self._rows < _ROWS_A_WEIGHT * len(self._sums):
            return None
        mean = self._sums / self._rows
        found: Real = self._products / self._rows - np.outer(mean, mean)
        return found


def _rows(node: Node, values: Real, shape: tuple[int, ...]) -> Real:
    """What each output's weights are multiplied with, in the order of the weights."""
    options = node.options
    if not isinstance(options, Conv2DOptions):
        return values.reshape(-1, shape[1])
    _, height, width, channels = shape
    strides = (options.stride_h, options.stride_w)
    dilations = (options.dilation_h_factor, options.dilation_w_factor)
    pads = [(0, 0)]
    for size, kernel, stride, dilation in zip(
        values.shape[1:3], (height, width), strides, dilations, strict=True
    ):
        reach = (kernel - 1) * dilation + 1
        count = output_size(size, kernel, stride, options.padding, dilation)
        total = max((count - 1) * stride + reach - size, 0)
        pads.append((total // 2, total - total // 2) if options.padding is Padding.SAME else (0, 0))
    padded = np.pad(values, [*pads, (0, 0)])
    reaches = [(k - 1) * d + 1 for k, d in zip((height, width), dilations, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, reaches, axis=(1, 2))
    windows = windows[:, :: strides[0], :: strides[1], :, :: dilations[0], :: dilations[1]]
    rows: Real = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, height * width * channels)
    return rows


def with_rounded_weights(model: Model, found: Iterable[tuple[Layer, Real]]) -> Model:
    """The model with weights rounded for these covariances."""
    edit = ModelEdit(model)
    changed = edit.graph(0)
    for layer, covariance in found:
        quantization = layer.weights.quantization
        if quantization is None:
            continue
        scale = np.asarray(quantization.scale, np.float64)
        flat = layer.real.astype(np.float64).reshape(len(layer.real), -1)
        integers = rounded(flat / scale.reshape(-1, 1), covariance)
        changed.set_data(layer.weights.index, integers.astype(np.int8).tobytes())
    return edit.finish()


def rounded(weights: Real, covariance: Real) -> Real:
    """Integers for weights in steps, (outputs, weights), whose errors cancel on such inputs.

    Weights are rounded in the order of how much their inputs move; each error is shared out among
    those that are left.
    """
    damped = covariance + np.eye(len(covariance)) * (
        _DAMPING * float(np.mean(np.diag(covariance))) + 1e-12
    )
    order = np.argsort(-np.diag(damped), kind="stable")
    try:
        inverse = np.linalg.inv(damped[np.ix_(order, order)])
        upper = np.linalg.cholesky((inverse + inverse.T) / 2).T
    except np.linalg.LinAlgError:
        nearest: Real = np.clip(np.rint(weights), -_BOUND, _BOUND)
        return nearest
    left = weights[:, order].copy()
    integers: Real = np.empty_like(left)
    for place in range(left.shape[1]):
        integers[:, place] = np.clip(np.rint(left[:, place]), -_BOUND, _BOUND)
        error = (left[:, place] - integers[:, place]) / upper[place, place]
        left[:, place + 1 :] -= np.outer(error, upper[place, place + 1 :])
    result: Real = np.empty_like(integers)
    result[:, order] = integers
    return result
