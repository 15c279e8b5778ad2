"""Which function a Keras layer applies to what it computes."""

from __future__ import annotations

from collections.abc import Mapping

from tflint.keras.network import Layer
from tflint.keras.values import UNKNOWN, Reference, Unknown, Value

LINEAR = "linear"
# Given twice, they give what they give once.
IDEMPOTENT = frozenset(("relu", "relu6"))
# Layers whose kernels take an activation, and whose result it is applied to.
WEIGHTED = frozenset(
    (
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv1DTranspose",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
        "Dense",
    )
)
_LAYERS = {
    "ELU": "elu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ThresholdedReLU": "thresholded_relu",
}
# Where functions on tensors are, which stand for layers as well.
_HOMES = ("keras.activations", "keras.backend", "keras.ops", "tensorflow.math", "tensorflow.nn")
_FUNCTIONS = frozenset(
    (
        "elu",
        "gelu",
        "hard_sigmoid",
        "leaky_relu",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    )
)
_PLAIN = frozenset(("elu", "relu", "relu6", "sigmoid", "tanh"))
_TODAY = {"silu": "swish", "leakyrelu": "leaky_relu", "re_lu": "relu"}
_MOST_NESTED = 4


def is_keras(layer: Layer) -> bool:
    """Whether it is Keras' own, and not a class of the file that is called like one of Keras'."""
    return "." in layer.path


def activation(layer: Layer) -> str | Unknown | None:
    """The activation of a layer by Keras' name for it, whether its argument or all that it does.

    `linear` where there is none; None for layers that are something else; UNKNOWN where it is
    not known.
    """
    kind = layer.kind
    if not is_keras(layer):
        return UNKNOWN
    if kind in WEIGHTED or kind == "Activation":
        return _named(layer.value("activation"))
    if kind == "Softmax":
        return "softmax" if layer.value("axis") in (-1, (-1,)) else UNKNOWN
    if kind == "ReLU":
        return _relu(layer)
    if _is_function(layer):
        home = layer.path.rpartition(".")[0]
        # Others take arguments that make other functions of them, as an axis or a `max_value`.
        is_plain = kind in _PLAIN and home in ("keras.ops", "tensorflow.math", "tensorflow.nn")
        return _today(kind) if is_plain and not layer.arguments else UNKNOWN
    return _LAYERS.get(kind)


def is_activation_layer(layer: Layer) -> bool:
    """Whether the layer does nothing but apply an activation."""
    kind = layer.kind
    if not is_keras(layer):
        return False
    return kind in ("Activation", "ReLU", "Softmax") or kind in _LAYERS or _is_function(layer)


def _is_function(layer: Layer) -> bool:
    return layer.kind in _FUNCTIONS and layer.path.rpartition(".")[0] in _HOMES


def _relu(layer: Layer) -> str | Unknown:
    if layer.value("threshold") not in (0, None) or layer.value("negative_slope") not in (0, None):
        return UNKNOWN
    most = layer.value("max_value")
    if most is None:
        return "relu"
    return "relu6" if most == 6 and not isinstance(most, bool) else UNKNOWN


def _named(value: Value, depth: int = 0) -> str | Unknown:
    """The name of a function as it is given to a layer or stored in an archive."""
    if value is None:
        return LINEAR
    if isinstance(value, str):
        return _today(value)
    if isinstance(value, Reference):
        home, _, name = value.path.rpartition(".")
        return _today(name) if home in _HOMES else UNKNOWN
    if isinstance(value, Layer) and is_activation_layer(value) and depth < _MOST_NESTED:
        if value.kind == "Activation":
            return _named(value.value("activation"), depth + 1)
        return activation(value) or UNKNOWN
    if isinstance(value, Mapping) and depth < _MOST_NESTED:
        stored = value.get("class_name")
        inside = value.get("config")
        if stored == "function" or isinstance(inside, str):
            return _named(inside, depth + 1)
        if isinstance(stored, str) and isinstance(inside, Mapping):
            return _from_config(stored, inside, depth)
    return UNKNOWN


def _from_config(name: str, config: Mapping[Value, Value], depth: int) -> str | Unknown:
    if name == "Activation":
        return _named(config.get("activation", UNKNOWN), depth + 1)
    if name == "ReLU":
        given = [config.get(key) for key in ("max_value", "negative_slope", "threshold")]
        if all(each in (None, 0) for each in given):
            return "relu"
        return "relu6" if given[0] == 6 and not any(given[1:]) else UNKNOWN
    if name == "Softmax":
        return "softmax" if config.get("axis", -1) == -1 else UNKNOWN
    return _LAYERS.get(name, UNKNOWN)


def _today(name: str) -> str:
    name = name.lower()
    return _TODAY.get(name, name)
