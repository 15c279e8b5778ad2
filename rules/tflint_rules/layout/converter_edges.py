"""The operators that a converter puts at the edges of an integer model for other types there."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.keras.facts import Conversion
from tflint_rules.layout.converted_network import edge_bytes
from tflint_rules.layout.converter_settings import INPUT_TYPE, OUTPUT_TYPE, Way
from tflint_rules.layout.quantization_mode import Mode, outcome, type_name

# What a model computes in, and with that what its inputs and outputs should be.
_BODIES = {Mode.INT8: "int8", Mode.INT16X8: "int16"}
_BYTES = {"float32": 4, "uint8": 1}
_SETTINGS = {"input": INPUT_TYPE, "output": OUTPUT_TYPE}


@dataclass(frozen=True, slots=True)
class Edges:
    """An integer model whose inputs, outputs or both are of other types than it computes in.

    `types` has the sides that are, with their type: `{"input": "float32"}`.
    """

    body: str
    types: dict[str, str]

    @property
    def settings(self) -> list[str]:
        """The names of the settings that are to be the body's type."""
        return [_SETTINGS[side] for side in self.types]

    def operators(self, side: str) -> str:
        """The operator at one side, measured with TensorFlow 2.21."""
        is_float = self.types[side] == "float32"
        return "DEQUANTIZE" if side == "output" and is_float else "QUANTIZE"

    def bytes(self, conversion: Conversion) -> int | None:
        """What the inputs and outputs take that the body's type would not need."""
        floats = edge_bytes(conversion)
        if floats is None:
            return None
        by_side = dict(zip(("input", "output"), floats, strict=True))
        return sum(by_side[side] * _BYTES[type] // 4 for side, type in self.types.items())


def edges(way: Way) -> Edges | None:
    """The edges that convert, if the model computes in integers; an unknown data set is one."""
    result = outcome(way, unknown_dataset=True)
    body = None if result is None else _BODIES.get(result.mode)
    if body is None:
        return None
    types = {side: type_name(way.value(name)) for side, name in _SETTINGS.items()}
    others = {side: type for side, type in types.items() if type in _BYTES}
    return Edges(body, {side: type for side, type in others.items() if type}) if others else None
