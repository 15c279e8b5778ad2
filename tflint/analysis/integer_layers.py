"""Layers with weights in integers: int8 weights around zero, a bias on the product's scale."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.float_regions import FLOAT32
from tflint.analysis.integer_grids import INT8, INT16
from tflint.model.constants import Constants
from tflint.model.graph import Node, Value
from tflint.model.schema import FullyConnectedOptions, TensorType
from tflint.target.runtime import Runtime, Verdict


@dataclass(frozen=True, slots=True)
class LayerOperands:
    """Positions of a layer's activations, weights and bias, and the weights' channel axis."""

    data: int
    weights: int
    bias: int
    axis: int


# Source: the quantisation specification of TFLite.
LAYERS = {
    "CONV_2D": LayerOperands(0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": LayerOperands(0, 1, 2, 3),
    "FULLY_CONNECTED": LayerOperands(0, 1, 2, 0),
    "TRANSPOSE_CONV": LayerOperands(2, 1, 3, 0),
}


def bias_type(type: TensorType) -> TensorType:
    """The type of a bias beside activations of this type."""
    return TensorType.INT64 if type is INT16 else TensorType.INT32


def takes_layer(node: Node, runtime: Runtime, type: TensorType, constants: Constants) -> bool:
    """Whether the runtime takes a float layer in integers, and its weights can be quantised."""
    operands, kernel = LAYERS[node.name], runtime.kernel(node.name)
    x, w, b = (node.input(p) for p in (operands.data, operands.weights, operands.bias))
    if kernel is None or x is None or w is None or len(node.outputs) != 1:
        return False
    if isinstance(node.options, FullyConnectedOptions) and node.options.weights_format:
        return False
    if any(v.type is not FLOAT32 for v in (x, w, *node.outputs)) or operands.axis >= len(w.shape):
        return False
    if not _is_finite(w, constants):
        return False
    if b is not None and (b.elements != w.shape[operands.axis] or not _is_finite(b, constants)):
        return False
    types = [None if value is None else value.type.name for value in node.inputs]
    types[operands.data], types[operands.weights] = type.name, INT8.name
    if b is not None:
        types[operands.bias] = bias_type(type).name
    return kernel.verdict(kernel.signature(types, [type.name])) is Verdict.ACCEPTED


def _is_finite(value: Value, constants: Constants) -> bool:
    return value.type is FLOAT32 and constants.bounds(value) is not None
