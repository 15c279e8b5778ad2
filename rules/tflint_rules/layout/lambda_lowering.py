"""Which operators the TFLite converter makes of functions that Lambda layers apply.

Measured with TensorFlow 2.21, the layer between an input of 16 x 16 x 3 and the next layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tflint.keras.network import Tensor
from tflint.keras.values import Function, Reference, Result, Value


@dataclass(frozen=True, slots=True)
class Lowering:
    """The operators of a function, by name, and the Keras layer that does the same, if any."""

    function: str
    operators: str
    layer: str | None


_RESIZING = "Resizing(height, width)"
# By the function's name: its operators, and a layer that does the same.
_OPERATORS: Final[dict[str, tuple[str, str | None]]] = {
    "abs": ("ABS", None),
    "argmax": ("ARG_MAX", None),
    "cast": ("CAST, or nothing where the type stays", None),
    "clip_by_value": ("MINIMUM and RELU (MAXIMUM for other bounds than 0)", "ReLU(max_value=1.0)"),
    "depth_to_space": ("DEPTH_TO_SPACE", None),
    "exp": ("EXP", None),
    "expand_dims": ("RESHAPE", "Reshape"),
    "gelu": ("GELU", 'Activation("gelu")'),
    "l2_normalize": ("L2_NORMALIZATION", "UnitNormalization()"),
    "local_response_normalization": ("LOCAL_RESPONSE_NORMALIZATION", None),
    "log": ("LOG", None),
    "lrn": ("LOCAL_RESPONSE_NORMALIZATION", None),
    "one_hot": ("ONE_HOT", None),
    "pad": ("PAD (MIRROR_PAD for reflect and symmetric)", "ZeroPadding2D"),
    "reduce_max": ("REDUCE_MAX", "GlobalMaxPooling2D() over rows and columns"),
    "reduce_mean": ("MEAN", "GlobalAveragePooling2D() over rows and columns"),
    "reduce_std": ("MEAN, SQUARED_DIFFERENCE, MEAN and SQRT", None),
    "reduce_sum": ("SUM", None),
    "relu": ("RELU, fused into the layer before where that is linear", "ReLU()"),
    "relu6": ("RELU6, fused into the layer before where that is linear", "ReLU(6.0)"),
    "reshape": ("RESHAPE", "Reshape"),
    "resize": ("RESIZE_BILINEAR, or RESIZE_NEAREST_NEIGHBOR with that method", _RESIZING),
    "reverse": ("REVERSE_V2", None),
    "sigmoid": ("LOGISTIC", 'Activation("sigmoid")'),
    "softmax": ("SOFTMAX", "Softmax()"),
    "softplus": ("EXP, ADD and LOG", None),
    "space_to_depth": ("SPACE_TO_DEPTH", None),
    "sqrt": ("SQRT", None),
    "square": ("SQUARE", None),
    "squeeze": ("RESHAPE", "Reshape"),
    "swish": ("LOGISTIC and MUL", 'Activation("swish")'),
    "tanh": ("TANH", 'Activation("tanh")'),
    "transpose": ("TRANSPOSE", "Permute"),
}
_CONSTANT = "MUL, or nothing where the convolution or dense layer next to it takes the factor"
_OPERATIONS: Final[dict[str, Lowering]] = {
    "operator.add": Lowering(
        "a sum", "ADD, or nothing where the layer in front of it takes the offset", None
    ),
    "operator.mul": Lowering("a product", _CONSTANT, "Rescaling(factor)"),
    "operator.sub": Lowering(
        "a difference", "SUB, or nothing where the layer in front of it takes the offset", None
    ),
    "operator.truediv": Lowering("a division", _CONSTANT, "Rescaling(1 / divisor)"),
}
_ALIASES = {
    "l2_norm": "l2_normalize",
    "max": "reduce_max",
    "mean": "reduce_mean",
    "normalize": "l2_normalize",
    "permute_dimensions": "transpose",
    "silu": "swish",
    "std": "reduce_std",
    "sum": "reduce_sum",
    "clip": "clip_by_value",
}
_HOMES = ("keras.activations.", "keras.backend.", "keras.ops.", "tensorflow.")


def lowering(function: Value) -> Lowering | None:
    """What becomes of the function of a Lambda; None where it is not one that is known."""
    if isinstance(function, Function):
        results = function.results or ()
        return _of_result(results[0]) if len(results) == 1 else None
    return _named(function.path) if isinstance(function, Reference) else None


def _of_result(value: Value) -> Lowering | None:
    """For a function that does one thing with what it is given."""
    if isinstance(value, Result):
        # What goes into it must be what the Lambda is given.
        if any(isinstance(operand, Result) for operand in value.operands):
            return None
        return _named(value.path)
    if isinstance(value, Tensor) and value.producer is not None:
        call = value.producer
        if len(call.inputs) == 1 and call.inputs[0].producer is None:
            return _named(call.layer.path)
    return None


def _named(path: str) -> Lowering | None:
    if path in _OPERATIONS:
        return _OPERATIONS[path]
    if not path.startswith(_HOMES):
        return None
    name = path.rpartition(".")[2]
    known = _OPERATORS.get(_ALIASES.get(name, name))
    return None if known is None else Lowering(path, *known)
