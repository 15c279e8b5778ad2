"""What a source says, in few words: for tests to hold it against."""

from __future__ import annotations

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Layer
from tflint.keras.values import Evidence, Value
from tflint.source.module import SourceModule


def facts(text: str) -> KerasFacts:
    """The facts of a source."""
    return SourceModule(text).keras


def layers(text: str, *parameters: str) -> list[tuple[Value | str, ...]]:
    """Kind and the given arguments' values of each layer, but for inputs."""
    return [
        (layer.kind, *(layer.value(name) for name in parameters))
        for layer in facts(text).layers
        if layer.kind not in ("Input", "InputLayer")
    ]


def shapes(text: str) -> list[tuple[object, ...]]:
    """Kind, output shape and weights of each call."""
    return [(call.layer.kind, call.output_shapes[0], call.weights) for call in facts(text).calls]


def evidence(text: str) -> list[tuple[str, Evidence]]:
    """Kind and evidence of each layer."""
    return [(layer.kind, layer.evidence) for layer in facts(text).layers]


def place(location: Location | None) -> tuple[int | None, int | None] | None:
    """Line and column."""
    return None if location is None else (location.line, location.column)


def only_layer(text: str) -> Layer:
    """The one layer that a source makes."""
    (layer,) = facts(text).layers
    return layer
