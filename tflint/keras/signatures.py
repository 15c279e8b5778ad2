"""The parameters of Keras layers: names in order, defaults, today's names for old ones."""

from __future__ import annotations

from tflint.keras.values import UNKNOWN, Value


def has_parameter(kind: str, parameter: str) -> bool:
    """Whether a layer of this kind has the parameter."""
    return False


def default(kind: str, parameter: str) -> Value:
    """The parameter's default; UNKNOWN for kinds and parameters that are not known."""
    return UNKNOWN
