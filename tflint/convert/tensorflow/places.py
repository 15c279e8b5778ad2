"""Which layer a node of a graph is from."""

from __future__ import annotations

from collections.abc import Mapping

from tflint.convert.request import Place


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
