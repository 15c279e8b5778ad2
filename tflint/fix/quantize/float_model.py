"""The float32 model that a float16, dynamic-range or weight-only model stands for.

Weights are stored small in three ways: float16 or integers behind a DEQUANTIZE, integers read by
a hybrid operator, and float16 read as they are. All of them become float32 constants, so that the
siblings of one network end as one graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters
from tflint.model.types import elements, packed_bytes

FLOAT32 = TensorType.FLOAT32
_DTYPES: dict[TensorType, np.dtype[Any]] = {
    TensorType.FLOAT16: np.dtype("<f2"),
    TensorType.FLOAT32: np.dtype("<f4"),
    TensorType.INT8: np.dtype("i1"),
    TensorType.UINT8: np.dtype("u1"),
    TensorType.INT16: np.dtype("<i2"),
    TensorType.INT32: np.dtype("<i4"),
    TensorType.INT64: np.dtype("<i8"),
}
_CONVERSIONS = frozenset(("QUANTIZE", "DEQUANTIZE"))
# Versions from which on these operators take small weights; earlier ones say all that float needs.
_HYBRID = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"))


def with_float_weights(model: Model) -> Model:
    """The model with every small weight of a float operator as a float32 constant.

    Constants whose data do not fit their shape, sparse ones and those of other types stay.
    """
    if not any(_small_weights(graph) for graph in graphs(model)):
        return model
    edit = ModelEdit(model)
    data: dict[tuple[object, ...], bytes] = {}
    for graph in graphs(model):
        changed = edit.graph(graph.index)
        for node, value in _small_weights(graph):
            _expand(changed, node, value, data)
    return edit.finish()


def dequantized(value: Value) -> NDArray[np.float32] | None:
    """The real values of a constant, in its shape; None where they cannot be had."""
    numbers = stored_numbers(value)
    if numbers is None:
        return None
    if value.type in (TensorType.FLOAT16, FLOAT32):
        return numbers.astype(np.float32)
    found = value.quantization
    if found is None:
        return None
    scale, zero_point = _along_axis(found, value.shape)
    if scale is None or zero_point is None:
        return None
    # float32 throughout, as DEQUANTIZE computes it.
    shifted = (numbers.astype(np.int64) - zero_point).astype(np.float32)
    real: NDArray[np.float32] = shifted * scale
    return real


def stored_numbers(value: Value) -> NDArray[Any] | None:
    """The elements of a constant as the file holds them, int4 unpacked; None if they do not fit."""
    shape = value.shape
    if value.data is None or value.tensor.sparsity is not None or min(shape, default=1) < 0:
        return None
    if packed_bytes(shape, value.type) != len(value.data):
        return None
    if value.type is TensorType.INT4:
        raw = np.frombuffer(value.data, np.uint8)
        nibbles = np.stack((raw & 15, raw >> 4), axis=-1).reshape(-1)[: elements(shape)]
        return ((nibbles ^ 8).astype(np.int8) - 8).reshape(shape)
    dtype = _DTYPES.get(value.type)
    if dtype is None or len(shape) > 32:
        return None
    return np.frombuffer(value.data, dtype).reshape(shape)


def _along_axis(
    found: QuantizationParameters, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None]:
    """Scales and zero points, shaped to broadcast; None where they do not fit the shape."""
    scale = np.asarray(found.scale, np.float32)
    zero_point = np.asarray(found.zero_point or (0,) * len(scale), np.int64)
    if len(zero_point) not in (1, len(scale)):
        return None, None
    if len(scale) == 1:
        return scale.reshape(()), zero_point.reshape(())
    axis = found.quantized_dimension
    if not 0 <= axis < len(shape) or shape[axis] != len(scale):
        return None, None
    along = [1] * len(shape)
    along[axis] = -1
    return scale.reshape(along), np.broadcast_to(zero_point, scale.shape).reshape(along)


def _small_weights(graph: Graph) -> list[tuple[Node, Value]]:
    return list(_find(graph))


def _find(graph: Graph) -> Iterator[tuple[Node, Value]]:
    """Each operator and constant of it to be expanded."""
    for node in graph.nodes:
        if len(node.outputs) == 0 or node.outputs[0].type is not FLOAT32:
            continue
        if node.name in _CONVERSIONS:
            source = node.input(0)
            output = node.outputs[0]
            if node.name == "DEQUANTIZE" and source is not None and not output.is_output:
                if _is_small(source) and source.shape == output.shape:
                    yield node, source
            continue
        for value in dict.fromkeys(node.inputs):
            if value is not None and _is_small(value):
                yield node, value


def _is_small(value: Value) -> bool:
    if not value.is_constant or value.type is FLOAT32:
        return False
    return value.type is TensorType.FLOAT16 or (
        value.quantization is not None and value.type in (*_DTYPES, TensorType.INT4)
    )


def _expand(
    changed: GraphEdit, node: Node, value: Value, known: dict[tuple[object, ...], bytes]
) -> None:
    key = (value.tensor.buffer, value.type, value.shape, value.quantization)
    if key not in known:
        real = dequantized(value)
        if real is None:
            return
        known[key] = real.tobytes()
    if node.name == "DEQUANTIZE":
        changed.set_data(node.outputs[0].index, known[key], quantization=None)
        changed.remove(node.index)
        return
    wide = changed.add_tensor(value.shape, FLOAT32, name=value.tensor.name, data=known[key])
    operator = changed.operator(node.index)
    inputs = tuple(wide if index == value.index else index for index in operator.inputs)
    options = operator.builtin_options
    if getattr(options, "asymmetric_quantize_inputs", False):
        # Says how a hybrid kernel quantises its input, which a float one leaves as it is.
        options = dataclasses.replace(options, asymmetric_quantize_inputs=False)  # type: ignore[type-var]
    if node.name in _HYBRID and operator.custom_options is None:
        changed.replace(node.index, node.name, inputs, operator.outputs, options)
    else:
        changed.change_operator(node.index, inputs=inputs, builtin_options=options)
