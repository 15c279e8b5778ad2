"""The input shapes that layers declare: `Input(shape=...)`, `Conv2D(..., input_shape=...)`."""

from __future__ import annotations

from tflint.keras.dimensions import dimension, integer
from tflint.keras.network import Layer, Shape
from tflint.keras.values import UNKNOWN, Value

_INPUTS = frozenset({"Input", "InputLayer"})


def declared_input(layer: Layer) -> Shape | None:
    """The input shape, batch first, that a layer or an Input is given; None where it has none.

    Reads `shape` and `batch_shape` of inputs, `input_shape` and `batch_input_shape` of the first
    layers of models, and Keras 1's `input_dim` with `input_length`.
    """
    is_input = layer.kind in _INPUTS
    whole = layer.value("batch_shape" if is_input else "batch_input_shape")
    if whole is not None and (is_input or "batch_input_shape" in layer.arguments):
        return _dims(whole)
    shape = layer.value("shape" if is_input else "input_shape")
    if is_input or ("input_shape" in layer.arguments and shape is not None):
        return _with_batch(layer, _dims(shape))
    if layer.kind == "Embedding":
        length = layer.value("input_length")
        if length is None or "input_length" not in layer.arguments:
            return None
        return _with_batch(layer, _dims(length))
    width = layer.value("input_dim")
    if width is not None and "input_dim" in layer.arguments:
        return _with_batch(layer, _with_length(layer, width))
    return None


def _with_length(layer: Layer, width: Value) -> Shape:
    """The shape from `input_dim`: with the sequence in front, for layers over sequences."""
    if layer.value("input_length") is not None and "input_length" in layer.arguments:
        return (dimension(layer.value("input_length")), dimension(width))
    if layer.kind in _OVER_SEQUENCES:
        return (None, dimension(width))
    return (dimension(width),)


_OVER_SEQUENCES = frozenset({"Conv1D", "GRU", "LSTM", "LocallyConnected1D", "SimpleRNN"})


def _with_batch(layer: Layer, shape: Shape) -> Shape:
    if not isinstance(shape, tuple):
        return UNKNOWN
    return (dimension(layer.value("batch_size")), *shape)


def _dims(value: Value) -> Shape:
    if isinstance(value, int) and not isinstance(value, bool):
        return (integer(value),)
    return tuple(map(dimension, value)) if isinstance(value, tuple) else UNKNOWN
