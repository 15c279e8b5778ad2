"""The smallest change by which a layer that Keras refuses could be built.

All rules are loaded for every check, so the arithmetic of shapes is only where it is needed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.keras.network import Call, Layer, Tensor
from tflint.keras.values import Argument
from tflint_rules.keras.connections import chain
from tflint_rules.keras.wording import other_layer

# How far back a pool may stand that can be left out.
_MOST_STEPS = 24
_POOLS = ("MaxPooling", "AveragePooling")


def repair(call: Call) -> str:
    """What to do: tried on the shapes, so that the layer can be built then."""
    is_pool = call.layer.kind.startswith(_POOLS)
    if is_pool and _window_is_too_large(call):
        return 'leave this pool out, or give it padding="same"'
    if _window_is_too_large(call):
        return f'give it padding="same"{_or_without_pool(call)}'
    left_out = _pool_to_leave_out(call)
    if left_out is not None:
        return f"leave out {other_layer(left_out.layer)}"
    if call.layer.kind == "Reshape":
        return "give it a shape with as many values as it is given, or one -1"
    if len(call.inputs) > 1:
        return "make the shapes alike in front of it"
    return "give it an input of the shape that it takes"


def _window_is_too_large(call: Call) -> bool:
    """Whether padding is all that it takes."""
    from tflint.keras.building import apply

    padded = _with(call.layer, "padding", "same")
    return (
        call.layer.value("padding") == "valid"
        and apply(padded, call.inputs, location=call.location).fault is None
    )


def _or_without_pool(call: Call) -> str:
    left_out = _pool_to_leave_out(call)
    return "" if left_out is None else f", or leave out {other_layer(left_out.layer)}"


def _pool_to_leave_out(call: Call) -> Call | None:
    """The nearest pool without which the layer can be built."""
    path = chain(call, _MOST_STEPS)
    for at in range(len(path) - 2, -1, -1):
        pool = path[at]
        if pool.layer.kind.startswith(_POOLS) and _builds(pool.inputs, path[at + 1 :]):
            return pool
    return None


def _builds(inputs: Sequence[Tensor], path: Sequence[Call]) -> bool:
    """Whether these layers can be built one behind the other."""
    from tflint.keras.building import apply, outputs

    for step in path:
        call = apply(step.layer, inputs)
        if call.fault is not None:
            return False
        inputs = outputs(call)[:1]
    return True


def _with(layer: Layer, parameter: str, value: str) -> Layer:
    return dataclasses.replace(layer, arguments={**layer.arguments, parameter: Argument(value)})
