"""Operators by the types of their operands: signatures, hybrid kernels, float16 weights."""

from __future__ import annotations

from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType
from tflint.target.runtime import Kernel

# Positions of activations and weights of the operators that LiteRT has hybrid kernels for.
_OPERANDS = {
    "CONV_2D": (0, 1),
    "DEPTHWISE_CONV_2D": (0, 1),
    "CONV_3D": (0, 1),
    "TRANSPOSE_CONV": (2, 1),
    "FULLY_CONNECTED": (0, 1),
    "BATCH_MATMUL": (0, 1),
    "SVDF": (0, 1),
    "RNN": (0, 1),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (0, 1),
    "BIDIRECTIONAL_SEQUENCE_RNN": (0, 1),
    "LSTM": (0, 2),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (0, 2),
    "BIDIRECTIONAL_SEQUENCE_LSTM": (0, 2),
}
_INTEGERS = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.INT16))


def node_signature(kernel: Kernel, node: Node) -> str:
    """The operator's signature, such as `INT8,INT8,INT32->INT8`."""
    return kernel.signature(
        (None if value is None else value.type.name for value in node.inputs),
        (value.type.name for value in node.outputs),
    )


def hybrid_weights(node: Node) -> Value | None:
    """The integer weights of an operator whose activations are float32, or None."""
    if node.name not in _OPERANDS:
        return None
    activation, weights = (node.input(position) for position in _OPERANDS[node.name])
    if activation is None or weights is None or activation.type is not TensorType.FLOAT32:
        return None
    return weights if weights.type in _INTEGERS else None


def is_float16_dequantize(node: Node) -> bool:
    """Whether this operator expands float16 to float32."""
    x = node.input(0)
    return (
        node.name == "DEQUANTIZE"
        and x is not None
        and x.type is TensorType.FLOAT16
        and bool(node.outputs)
    )
