"""What operators can take over from their neighbours: activations and per-channel factors."""

from __future__ import annotations

import math

from tflint.analysis.stored_constants import stored
from tflint.model.graph import Node, Value
from tflint.model.schema import ActivationFunctionType, TensorType

# Operators that are linear in their weights: the weights' position among the inputs, the
# bias's, and the weights' dimension that counts output channels.
# Source: the header comments of TFLite's kernels in tensorflow/lite/kernels.
LINEAR = {
    "CONV_2D": (1, 2, 0),
    "DEPTHWISE_CONV_2D": (1, 2, 3),
    "FULLY_CONNECTED": (1, 2, 0),
    "TRANSPOSE_CONV": (1, 3, 0),
}

_FLOAT = frozenset((TensorType.FLOAT32,))
_ANY = frozenset((TensorType.FLOAT32, TensorType.INT8, TensorType.INT16, TensorType.UINT8))
# Operators that apply the activation in their options, and the types they do it for. The
# kernels of LiteRT and TFLM agree in that, see tests/analysis/test_fusion.py: CONCATENATION and
# L2_NORMALIZATION have the option too, but refuse to prepare when it is used.
CARRIERS = {
    "CONV_2D": _ANY,
    "DEPTHWISE_CONV_2D": _ANY,
    "TRANSPOSE_CONV": _ANY,
    "FULLY_CONNECTED": _ANY,
    "CONV_3D": _FLOAT,
    "ADD": _ANY,
    "SUB": _ANY,
    "MUL": _ANY,
    "DIV": _ANY,
    "MAX_POOL_2D": _ANY,
    "AVERAGE_POOL_2D": _ANY,
    "L2_POOL_2D": _FLOAT,
    "SVDF": _FLOAT,
}
# What the activations that can be fused clamp to. TANH and SIGN_BIT are in the schema, but
# kernels ignore or refuse them.
BOUNDS = {
    ActivationFunctionType.NONE: (-math.inf, math.inf),
    ActivationFunctionType.RELU: (0.0, math.inf),
    ActivationFunctionType.RELU6: (0.0, 6.0),
    ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
}


def fused_activation(node: Node) -> ActivationFunctionType | None:
    """The activation in an operator's options; None where these cannot hold one."""
    found = getattr(node.options, "fused_activation_function", None)
    return found if isinstance(found, ActivationFunctionType) else None


def linear_weights(node: Node) -> tuple[Value, int] | None:
    """The stored weights of a linear operator and its number of output channels.

    None for other operators, and where weights or bias are computed at run time.
    """
    at = LINEAR.get(node.name)
    if at is None:
        return None
    weights, bias = stored(node.input(at[0])), node.input(at[1])
    if weights is None or (bias is not None and stored(bias) is None):
        return None
    return (weights, weights.shape[at[2]]) if len(weights.shape) > at[2] else None


def in_turn(
    first: ActivationFunctionType, second: ActivationFunctionType
) -> ActivationFunctionType | None:
    """The one activation that two in turn come to; None when it is not one of `BOUNDS`."""
    low, high = BOUNDS[second]
    both = tuple(min(max(bound, low), high) for bound in BOUNDS[first])
    return next((found for found, bounds in BOUNDS.items() if bounds == both), None)
