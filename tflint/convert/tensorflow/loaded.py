"""A network in memory, and the reasons why there is none."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tflint.convert.request import Place

# What Keras says of a class or function that it does not know.
_UNKNOWN_OBJECT = re.compile(
    r"(?:Could not locate (?:class|function)|Unknown (?:layer|model|object|activation function"
    r"|initializer|regularizer|constraint)\b(?: class)?:?|Cannot locate)\s*'?`?([\w.>$-]+)"
)
# What Keras wraps around the reason: the whole configuration of a layer.
_INNER = re.compile(r"Error when deserializing class '(\w+)' .*Exception encountered: (.*)")
_MAX_REASON = 600


class CannotLoad(Exception):
    """There is no network to be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network, and which Keras it belongs to: its module, and its name and version.

    `model` is a Keras model; without `keras` it is the `ConcreteFunction` of a SavedModel's
    signature, and `owner` the object that keeps its variables. `layers` says where each layer is
    from, by its name. `names` are those of inputs and outputs where they are not the model's own:
    a network that stands in for another one is called by its names.
    """

    model: Any
    keras: ModuleType | None
    framework: str
    layers: Mapping[str, Place] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    owner: Any = None
    names: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    @property
    def is_legacy(self) -> bool:
        """Whether it is one of Keras 2 (tf-keras)."""
        return self.framework.startswith("tf-keras")

    @property
    def is_graph(self) -> bool:
        """Whether all that is known of it is a graph: there are no layers."""
        return self.keras is None


def import_keras(name: str) -> ModuleType:
    """`keras` or `tf_keras`. Raises `CannotLoad` where it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        package = name.replace("_", "-")
        raise CannotLoad(
            f"it is to be loaded by {package}, which is not installed: pip install {package}"
        ) from error


def framework(keras: ModuleType) -> str:
    """Name and version: `keras 3.15.1`, `tf-keras 2.21.0`."""
    version = getattr(keras, "__version__", "")
    return f"{keras.__name__.replace('_', '-')} {version}".strip()


def reason(error: BaseException) -> str:
    """What an exception of Keras says, on one line, or what is to be done about it."""
    text = said_by(error)
    inner = _INNER.search(text)
    if inner is not None:
        text = inner[2]
    if "safe_mode" in text or ("unsafe" in text and "lambda" in text.lower()):
        return "it holds Python code (a Lambda layer): give --trust if you trust the file"
    unknown = _UNKNOWN_OBJECT.search(text)
    if unknown is not None and unknown[1] == "function":
        # tf-keras 2.13 to 2.21 write functions of the user's into HDF5 as they do not read them.
        return (
            "it names a function in a way that it does not read back itself: give the source,"
            " as module.py:factory, and this file as --weights"
        )
    if unknown is not None:
        return (
            f"`{unknown[1]}` is none of Keras' own:"
            " give the source that defines it, --with module.py"
        )
    said = f"{type(error).__name__}: {text[:_MAX_REASON]}" if text else type(error).__name__
    return said if inner is None else f"in a layer {inner[1]}, {said}"


def said_by(error: BaseException) -> str:
    """The text of an exception on one line; empty where it has none, or cannot tell it."""
    try:
        text = str(error)
    except Exception:
        return ""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return " ".join(line for line in lines if line)
