"""Element by element. Source: tensorflow/core/kernels/cwise_ops.h and relu_op_functor.h."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tflint.errors import ModelRefused
from tflint.fix.proof.tensorflow.kernel import KERNELS, Array, Call, bounded, kernel

_DATA_TYPES = {
    "float32": np.float32,
    "float64": np.float64,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "bool": np.bool_,
}


def dtype_of(call: Call, attribute: str, default: str | None = None) -> type[Any]:
    """The NumPy type that an attribute names."""
    name = call.attribute(attribute, default)
    if name not in _DATA_TYPES:
        raise ModelRefused(f"TensorFlow's {call.name} with values of another type")
    return _DATA_TYPES[name]


def _softplus(x: Array) -> Array:
    return np.logaddexp(np.zeros((), x.dtype), x)


def _sigmoid(x: Array) -> Array:
    # By sides: e to a large number is infinite.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _elu(x: Array) -> Array:
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


def _selu(x: Array) -> Array:
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return np.where(x < 0, scale * alpha * np.expm1(np.minimum(x, 0)), scale * x)


_UNARY: dict[str, Callable[[Array], Array]] = {
    "Abs": np.abs,
    "Ceil": np.ceil,
    "Cos": np.cos,
    "Elu": _elu,
    "Exp": np.exp,
    "Expm1": np.expm1,
    "Floor": np.floor,
    "Inv": np.reciprocal,
    "IsNan": np.isnan,
    "Log": np.log,
    "Log1p": np.log1p,
    "LogicalNot": np.logical_not,
    "Neg": np.negative,
    "Reciprocal": np.reciprocal,
    "Relu": lambda x: np.maximum(x, 0),
    "Relu6": lambda x: np.clip(x, 0, 6),
    "Rint": np.rint,
    "Round": np.rint,
    "Rsqrt": lambda x: 1 / np.sqrt(x),
    "Selu": _selu,
    "Sigmoid": _sigmoid,
    "Sign": np.sign,
    "Sin": np.sin,
    "Softplus": _softplus,
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Sqrt": np.sqrt,
    "Square": np.square,
    "Tan": np.tan,
    "Tanh": np.tanh,
    "ZerosLike": np.zeros_like,
}


def _truncated(a: Array, b: Array) -> Array:
    if a.dtype.kind == "f":
        return a / b
    quotient = np.abs(a) // np.abs(b)
    return np.where((a < 0) != (b < 0), -quotient, quotient)


def _division_without_nan(a: Array, b: Array) -> Array:
    return np.where(b == 0, np.zeros((), a.dtype), a / np.where(b == 0, 1, b))


_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "AddV2": np.add,
    "Atan2": np.arctan2,
    "Div": _truncated,
    "DivNoNan": _division_without_nan,
    "Equal": np.equal,
    "FloorDiv": np.floor_divide,
    "FloorMod": np.mod,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
    "LogicalAnd": np.logical_and,
    "LogicalOr": np.logical_or,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Mul": np.multiply,
    "NotEqual": np.not_equal,
    "Pow": np.power,
    "RealDiv": np.divide,
    "SquaredDifference": lambda a, b: np.square(a - b),
    "Sub": np.subtract,
    "TruncateDiv": _truncated,
}


def _enter_unary(name: str, function: Callable[[Array], Array]) -> None:
    KERNELS[name] = lambda call: function(call[0])


def _enter_binary(name: str, function: Callable[[Array, Array], Array]) -> None:
    def run(call: Call) -> Array:
        bounded(*np.broadcast_shapes(call[0].shape, call[1].shape))
        return function(call[0], call[1])

    KERNELS[name] = run


for _name, _unary in _UNARY.items():
    _enter_unary(_name, _unary)
for _name, _binary in _BINARY.items():
    _enter_binary(_name, _binary)


@kernel("AddN")
def _add_n(call: Call) -> Array:
    total = call[0]
    for other in call.inputs[1:]:
        total = total + other
    return total


@kernel("LeakyRelu")
def _leaky_relu(call: Call) -> Array:
    x, alpha = call[0], call.attribute("alpha", 0.2)
    return np.where(x >= 0, x, x * alpha)


@kernel("Select", "SelectV2")
def _select(call: Call) -> Array:
    condition, a, b = call[0], call[1], call[2]
    if call.name == "Select" and condition.ndim == 1 < a.ndim:
        condition = condition.reshape((-1,) + (1,) * (a.ndim - 1))
    bounded(*np.broadcast_shapes(condition.shape, a.shape, b.shape))
    return np.where(condition, a, b)


@kernel("Cast")
def _cast(call: Call) -> Array:
    return call[0].astype(dtype_of(call, "DstT"))


@kernel("BiasAdd")
def _bias_add(call: Call) -> Array:
    x, bias = call[0], call[1]
    if call.attribute("data_format", "NHWC") == "NCHW":
        return x + bias.reshape((-1,) + (1,) * (x.ndim - 2))
    return x + bias


@kernel(
    "CheckNumerics",
    "EnsureShape",
    "Identity",
    "IdentityN",
    "PreventGradient",
    "Snapshot",
    "StopGradient",
)
def _identity(call: Call) -> list[Array]:
    return list(call.inputs)
