"""Applying layers to tensors: what comes out, or why Keras refuses."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.finding import Location
from tflint.keras.network import Call, Layer, Tensor
from tflint.keras.values import Evidence


def apply(
    layer: Layer,
    inputs: Sequence[Tensor],
    *,
    is_first: bool = True,
    location: Location | None = None,
    evidence: Evidence = Evidence.CERTAIN,
) -> Call:
    """The call of a layer on tensors, with the shapes of its outputs, weights and fault.

    `is_first` is False where the layer was called before: its weights are shared.
    Never raises, whatever the layer was given.
    """
    return Call(layer, tuple(inputs), location=location or layer.location, evidence=evidence)


def outputs(call: Call) -> tuple[Tensor, ...]:
    """The tensors that a call gives, one for each of its output shapes."""
    return tuple(
        Tensor(shape, call, index, location=call.location)
        for index, shape in enumerate(call.output_shapes)
    )
