"""Embeddings of Keras 3 as plain lookups.

Keras 3 counts negative indices from the end of the table: LESS, ADD and SELECT in front of each
GATHER, of which TFLM has no SELECT. The indices of an embedding are documented as those from 0 to
`input_dim` (https://keras.io/api/layers/core_layers/embedding), and tf-keras looks up these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from tflint.convert.request import Rebuilt
from tflint.convert.tensorflow.rebuild import Rebuilding, calls_of, is_legacy, kind_of

PLAIN = "plain lookup"
NOTE = "negative indices of {names} no longer count from the end of the table"


@dataclass(frozen=True, slots=True)
class PlainLookups:
    """A network whose embeddings are lookups and nothing else, and which layers those are."""

    model: Any
    rebuilt: tuple[Rebuilt, ...] = ()
    notes: tuple[str, ...] = ()


def plain_lookups(model: Any, keras: Any) -> PlainLookups:
    """The same function of indices that are in the table; the same model where nothing changes.

    `keras` is the module the model belongs to. Raises `CannotRebuild` where the network is code
    rather than a graph of layers.
    """
    flatten = getattr(model, "_flatten_layers", None)
    layers = flatten(include_self=False) if flatten is not None else ()
    if is_legacy(keras) or not any(map(_is_plain, layers)):
        return PlainLookups(model)
    graph = calls_of(model, keras)
    again = Rebuilding(graph)
    tensors = {slot: again.input(slot) for slot in graph.inputs}
    names: dict[str, None] = {}
    for call in graph.calls:
        given = [tensors[slot] for slot in call.inputs]
        if _is_plain(call.layer):
            names[call.name] = None
            make = partial(_class(keras), call.layer)
            lookup = again.variant(call.layer, PLAIN, make)
            made = again.replaced(call, lookup, given)
        else:
            made = again.same(call, given)
        tensors.update(zip(call.outputs, made, strict=True))
    rebuilt = again.model(
        [tensors[slot] for slot in graph.inputs], [tensors[slot] for slot in graph.outputs]
    )
    said = ", ".join(f"`{name}`" for name in names)
    return PlainLookups(rebuilt, (Rebuilt(PLAIN, tuple(names)),), (NOTE.format(names=said),))


def _is_plain(layer: Any) -> bool:
    """Whether a layer looks floats up, without a mask for those behind it."""
    return (
        kind_of(layer) == "Embedding"
        and not layer.mask_zero
        and getattr(layer, "compute_dtype", None) == "float32"
        and getattr(layer, "quantization_mode", None) is None
    )


@cache
def _class(keras: Any) -> Any:
    class Lookup(keras.layers.Layer):  # type: ignore[misc]
        """The rows of an embedding's table."""

        def __init__(self, table: Any, name: str) -> None:
            super().__init__(name=name)
            self.table = table
            self.built = True

        def call(self, inputs: Any) -> Any:
            import tensorflow as tf

            indices = inputs if inputs.dtype in ("int32", "int64") else tf.cast(inputs, "int32")
            return tf.gather(self.table.embeddings, indices)

    return Lookup
