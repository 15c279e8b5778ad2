"""Which layer is which: their names and classes, and the lines of the source that make them."""

from __future__ import annotations

from collections.abc import Mapping
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


def layer_of(node: str, known: Mapping[str, Place]) -> Place:
    """The layer that a node of the graph comes from, by its name: `model/dense_1/MatMul`.

    Keras numbers the scopes of layers that are called more than once. Where no layer is known by
    that name, as in a SavedModel, the scope around the node stands for it.
    """
    scopes = [part for part in node.split("/") if part and "PartitionedCall" not in part]
    for scope in reversed(scopes):
        if scope in known:
            return known[scope]
        stem, _, number = scope.rpartition("_")
        if number.isdigit() and stem in known:
            return known[stem]
    return Place(scopes[-2]) if len(scopes) > 1 and not known else Place()


def _inner(layer: Any) -> list[Any]:
    flatten = getattr(layer, "_flatten_layers", None)
    held = list(flatten(recursive=False, include_self=False)) if flatten is not None else []
    # Operations of a Keras 3 graph that are no layers: `x + 1`.
    held += getattr(layer, "operations", None) or ()
    return [each for each in held if each is not layer]
