"""Which layer is which: their names and classes, and the lines of the source that make them."""

from __future__ import annotations

from typing import Any

from tflint.convert.request import Place
from tflint.convert.tensorflow.construction import line_of


def layers(model: Any) -> dict[str, Place]:
    """The layers of a Keras model by name, those inside other layers included."""
    found: dict[str, Place] = {}
    pending, seen = [model], set()
    while pending:
        layer = pending.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        path, line = line_of(layer)
        name = str(layer.name)
        found.setdefault(name, Place(name, type(layer).__name__, path, line))
        pending += _inner(layer)
    return found


def _inner(layer: Any) -> list[Any]:
    flatten = getattr(layer, "_flatten_layers", None)
    held = list(flatten(recursive=False, include_self=False)) if flatten is not None else []
    # Operations of a Keras 3 graph that are no layers: `x + 1`.
    held += getattr(layer, "operations", None) or ()
    return [each for each in held if each is not layer]
