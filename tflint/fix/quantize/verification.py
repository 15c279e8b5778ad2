"""Whether a model is quantised as it was asked to be: tools say nothing when they leave it."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.float_regions import CONVERSIONS
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable

FLOAT32 = TensorType.FLOAT32
_FLOATS = frozenset(
    (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.FLOAT64)
)
_BIASED = {
    "CONV_2D": 2,
    "DEPTHWISE_CONV_2D": 2,
    "FULLY_CONNECTED": 2,
    "TRANSPOSE_CONV": 3,
}
_WEIGHTS = frozenset((TensorType.INT8, TensorType.INT4))
MAX_NAMED = 6


def is_integer(model: Model) -> bool:
    """Whether nothing in the model is computed or handed over in floats, and something is at all
    quantised.
    """
    found = graphs(model)
    return any(
        value.quantization is not None and not value.is_constant
        for graph in found
        for value in graph.values
    ) and not any(_is_used_float(value) for graph in found for value in graph.values)


def has_quantised_activations(model: Model) -> bool:
    """Whether some tensor holds quantised values at run time."""
    return any(
        value.quantization is not None
        and not value.is_constant
        and value.type in (TensorType.INT8, TensorType.UINT8, TensorType.INT16)
        for graph in graphs(model)
        for value in graph.values
    )


def quantization_faults(model: Model, activations: TensorType) -> Iterator[str]:
    """What keeps a model from being one of these activations with int8 weights throughout."""
    for graph in graphs(model):
        left = [node for node in graph.nodes if _touches_float(node)]
        # The conversions around an operator are there because of it.
        left = [node for node in left if node.name not in CONVERSIONS] or left
        if left:
            names = ", ".join(
                f"{printable(node.name, 40)} #{node.index}" for node in left[:MAX_NAMED]
            )
            more = f" and {len(left) - MAX_NAMED} more" if len(left) > MAX_NAMED else ""
            yield f"{names}{more} still in float"
        ends = (*graph.inputs, *graph.outputs)
        for value in ends:
            is_other = value.quantization is not None and value.type is not activations
            if (value.type in _FLOATS and not left) or is_other:
                yield f"`{printable(value.name)}` is {value.type.name}"
        yield from _weight_faults(graph, activations)


def _weight_faults(graph: Graph, activations: TensorType) -> Iterator[str]:
    wide = TensorType.INT64 if activations is TensorType.INT16 else TensorType.INT32
    for node in graph.nodes:
        position = _BIASED.get(node.name)
        if position is None:
            continue
        source, weights = node.input(2 if position == 3 else 0), node.input(1)
        bias = node.input(position)
        where = f"{node.name} #{node.index}"
        if source is not None and source.type is not activations and source.type not in _FLOATS:
            yield f"{where} reads {source.type.name}"
        if weights is not None and weights.is_constant and weights.type not in _WEIGHTS:
            if weights.type is not FLOAT32:
                yield f"{where} has weights of {weights.type.name}"
        if bias is not None and bias.type not in (wide, TensorType.INT32, FLOAT32):
            yield f"{where} has a bias of {bias.type.name}"


def _touches_float(node: Node) -> bool:
    return any(
        value is not None and value.type in _FLOATS for value in (*node.inputs, *node.outputs)
    )


def _is_used_float(value: Value) -> bool:
    is_used = value.consumers or value.producer or value.is_input or value.is_output
    return bool(is_used) and value.type in _FLOATS
