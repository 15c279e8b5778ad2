"""Layers and tensors for tests, written shortly."""

from __future__ import annotations

from tflint.keras.building import apply
from tflint.keras.network import Call, Layer, Shape, Tensor
from tflint.keras.signatures import canonical, canonical_arguments
from tflint.keras.values import Argument, Value


def layer(kind: str, /, **arguments: Value) -> Layer:
    given = {name: Argument(value) for name, value in arguments.items()}
    return Layer(canonical(kind), f"keras.layers.{kind}", canonical_arguments(kind, given))


def call(made: Layer, *shapes: Shape) -> Call:
    return apply(made, [Tensor(shape) for shape in shapes])
