"""Dotted paths of what is imported, and what a star import brings."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from tflint.keras.signatures import is_known

# Where Keras lives; longest first, because some contain others.
_KERAS_HOMES = (
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow.python.keras",
    "tensorflow.contrib.keras",
    "tensorflow.keras",
    "tf_keras",
    "keras",
)
# Inside Keras, what means the same.
_SYNONYMS = (
    ("keras.src.", "keras."),
    ("keras.api.", "keras."),
    ("keras.engine.", "keras."),
)
_LAYER_MODULES = frozenset(
    (
        "advanced_activations",
        "activation",
        "convolutional",
        "convolutional_recurrent",
        "core",
        "dense_attention",
        "embeddings",
        "local",
        "merge",
        "merging",
        "noise",
        "normalization",
        "normalization_v2",
        "pooling",
        "recurrent",
        "reshaping",
        "regularization",
        "rnn",
        "attention",
        "wrappers",
        "convolutional_layers",
        "preprocessing",
    )
)
# Functions of `keras.layers` that are layers at once.
LAYER_FUNCTIONS = {
    "add": "Add",
    "average": "Average",
    "concatenate": "Concatenate",
    "dot": "Dot",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "multiply": "Multiply",
    "subtract": "Subtract",
}
_OTHER_NAMES_OF_LAYERS = frozenset(("Input", "InputLayer", "Layer", "merge", *LAYER_FUNCTIONS))
_MODELS = frozenset(("Model", "Sequential", "load_model", "model_from_json", "clone_model"))
# What a star import of these cannot bring is anything of Keras' own names.
_WITHOUT_LAYERS = frozenset(
    (
        "collections",
        "ctypes",
        "functools",
        "itertools",
        "math",
        "matplotlib",
        "matplotlib.pyplot",
        "numpy",
        "os",
        "pylab",
        "random",
        "sys",
        "tensorflow",
        "time",
        "tkinter",
        "typing",
    )
)


def keras_path(path: str) -> str:
    """The path with Keras' home, whichever it is, called `keras`, and layers in `keras.layers`."""
    for home in _KERAS_HOMES:
        if path == home or path.startswith(home + "."):
            path = "keras" + path[len(home) :]
            break
    else:
        return path
    for synonym, meant in _SYNONYMS:
        if path.startswith(synonym):
            path = meant + path[len(synonym) :]
    parts = path.split(".")
    if len(parts) > 3 and parts[1] == "layers" and parts[2] in _LAYER_MODULES:
        last = parts[-1]
        if is_layer_name(last):
            return f"keras.layers.{last}"
    return path


def is_layer_name(name: str) -> bool:
    """Whether `keras.layers` has it, in some version."""
    return name in _OTHER_NAMES_OF_LAYERS or is_known(name)


def from_star(homes: Sequence[str], name: str) -> str | None:
    """The path of a name that nothing binds, where `from x import *` may have brought it.

    None where several modules may have, unless Keras surely did, and last.
    """
    for home in reversed(homes):
        home = keras_path(home)
        if home == "keras.layers" or home.startswith("keras.layers."):
            if is_layer_name(name):
                return keras_path(f"{home}.{name}")
        elif home in ("keras", "keras.models"):
            if name in _MODELS or (home == "keras" and name == "Input"):
                return f"{home}.{name}"
            if home == "keras" and name in _KERAS_MODULES:
                return f"keras.{name}"
        elif home.startswith("keras."):
            if not is_layer_name(name) and name not in _MODELS and not hasattr(builtins, name):
                return f"{home}.{name}"
        elif home == "tensorflow" and name in ("keras", "lite", "nn", "math", "compat"):
            return keras_path(f"{home}.{name}")
        elif home not in _WITHOUT_LAYERS and not home.startswith("tensorflow."):
            return None
    return None


_KERAS_MODULES = frozenset(
    (
        "activations",
        "applications",
        "backend",
        "callbacks",
        "config",
        "constraints",
        "datasets",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "preprocessing",
        "regularizers",
        "utils",
        "saving",
    )
)
