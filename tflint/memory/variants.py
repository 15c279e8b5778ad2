"""A model changed in one respect, to plan its arena once more and see what the change is worth.

The results are for planning and nothing else: data of constants stay as they are.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from tflint.memory.offline_plan import METADATA_NAME
from tflint.model.graph import Graph, Value
from tflint.model.schema import TensorType
from tflint.model.tables import Buffer, Metadata, Model, QuantizationParameters, SubGraph, Tensor

# Weights that converters quantise along an axis, and the axis.
_CHANNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "TRANSPOSE_CONV": 0}
_BIASED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
_PER_TENSOR = QuantizationParameters(scale=(1.0,), zero_point=(0,))


def with_int8(model: Model, graphs: Sequence[Graph]) -> Model:
    """The model with int8 for float32: activations and weights by tensor, filters by channel.

    Biases become int32, as full integer quantisation makes them.
    """
    return dataclasses.replace(
        model,
        subgraphs=tuple(
            _int8_subgraph(subgraph, graph)
            for subgraph, graph in zip(model.subgraphs, graphs, strict=True)
        ),
    )


def _int8_subgraph(subgraph: SubGraph, graph: Graph) -> SubGraph:
    tensors = [_int8(tensor) for tensor in subgraph.tensors]
    for node in graph.nodes:
        weights, bias, axis = node.input(1), node.input(2), _CHANNEL_AXES.get(node.name)
        if axis is not None and weights is not None and axis < len(weights.shape):
            channels = max(weights.shape[axis], 0)
            if weights.type is TensorType.FLOAT32 and channels <= len(weights.data or b""):
                by_channel = QuantizationParameters(
                    scale=(1.0,) * channels, zero_point=(0,) * channels, quantized_dimension=axis
                )
                changed = dataclasses.replace(tensors[weights.index], quantization=by_channel)
                tensors[weights.index] = changed
        if node.name in _BIASED and bias is not None and bias.type is TensorType.FLOAT32:
            tensors[bias.index] = dataclasses.replace(tensors[bias.index], type=TensorType.INT32)
    return dataclasses.replace(subgraph, tensors=tuple(tensors))


def _int8(tensor: Tensor) -> Tensor:
    if tensor.type is not TensorType.FLOAT32:
        return tensor
    return dataclasses.replace(tensor, type=TensorType.INT8, quantization=_PER_TENSOR)


def unused_values(graph: Graph) -> list[Value]:
    """The tensors that no operator, input or output of the subgraph refers to."""
    between = {i for node in graph.nodes for i in node.operator.intermediates}
    return [
        value
        for value in graph.values
        if not (value.producer or value.consumers or value.is_input or value.is_output)
        and value.index not in between
    ]


def without_unused(model: Model, graphs: Sequence[Graph]) -> Model:
    """The model without the tensors that no operator, input or output refers to."""
    return dataclasses.replace(
        model,
        subgraphs=tuple(
            _used_subgraph(subgraph, graph)
            for subgraph, graph in zip(model.subgraphs, graphs, strict=True)
        ),
    )


def _used_subgraph(subgraph: SubGraph, graph: Graph) -> SubGraph:
    gone = {value.index for value in unused_values(graph)}
    kept = [value.index for value in graph.values if value.index not in gone]
    index = {old: new for new, old in enumerate(kept)} | {-1: -1}
    return dataclasses.replace(
        subgraph,
        tensors=tuple(subgraph.tensors[old] for old in kept),
        inputs=tuple(index[i] for i in subgraph.inputs),
        outputs=tuple(index[i] for i in subgraph.outputs),
        operators=tuple(
            dataclasses.replace(
                operator,
                inputs=tuple(index[i] for i in operator.inputs),
                outputs=tuple(index[i] for i in operator.outputs),
                intermediates=tuple(index.get(i, -1) for i in operator.intermediates),
            )
            for operator in subgraph.operators
        ),
    )


def with_offline_plan(model: Model, offsets: Sequence[int]) -> Model:
    """The model with a plan of its own: an offset for each tensor, -1 where TFLM is to choose."""
    data = struct.pack(f"<3i{len(offsets)}i", 1, 0, len(offsets), *offsets)
    entry = Metadata(name=METADATA_NAME, buffer=len(model.buffers))
    return dataclasses.replace(
        without_offline_plan(model),
        buffers=(*model.buffers, Buffer(data=memoryview(data))),
        metadata=(*without_offline_plan(model).metadata, entry),
    )


def without_offline_plan(model: Model) -> Model:
    """The model without a plan of its own."""
    others = tuple(entry for entry in model.metadata if entry.name != METADATA_NAME)
    return dataclasses.replace(model, metadata=others)
