"""Constants as operators read them, also where a DEQUANTIZE expands them first."""

from __future__ import annotations

from tflint.model.graph import Value


def stored(value: Value | None) -> Value | None:
    """The constant that a value is, or is dequantised from at run time; None for others."""
    if value is None or value.data is not None:
        return value
    maker = value.producer
    if maker is None or maker.name != "DEQUANTIZE" or not maker.inputs:
        return None
    behind = maker.inputs[0]
    return behind if behind is not None and behind.data is not None else None
