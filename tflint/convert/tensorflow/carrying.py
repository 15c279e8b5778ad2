"""The weights of one network for another that was built apart from it.

Both hold the same layers, made by different code: a network rebuilt in memory, and the one that
its repaired source builds. Which weights belong where is tried in several sequences; whether a
try is right has to be seen by running both (`equivalence.difference`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tflint.convert.tensorflow.calls import CannotRebuild, Layer, calls_of, kind_of


def carried(source: Any, to: Any, keras: Any) -> Iterator[str]:
    """Put the weights of a model into another, in one sequence after the other.

    Yields how layers were paired, after each try in which every weight of `to` was set. A try
    that does not fit by shapes is left out.
    """
    try:
        to.set_weights(source.get_weights())
        yield "in their sequence"
    except ValueError:
        pass
    theirs, mine = weighted_layers(source, keras), weighted_layers(to, keras)
    names = {_name(layer): layer for layer in theirs}
    by_name = [(names.get(_name(layer)), layer) for layer in mine]
    if len(names) == len(theirs) and _put(by_name):
        yield "by name"
    if len(theirs) == len(mine) and _put(list(zip(theirs, mine, strict=True))):
        yield "as they are called"
    if len(theirs) == len(mine) and _put(_by_kind(theirs, mine)):
        yield "by class and shapes"


def weighted_layers(model: Any, keras: Any) -> list[Layer]:
    """The layers of a network that have weights, as they are called, each once."""
    try:
        layers = [call.layer for call in calls_of(model, keras).calls]
    except CannotRebuild:
        layers = list(model.layers)
    found = {id(layer): layer for layer in layers if getattr(layer, "weights", None)}
    return list(found.values())


def _put(pairs: list[tuple[Layer | None, Layer]]) -> bool:
    """Set the weights of every pair, if all of them fit."""
    given = []
    for source, to in pairs:
        if source is None or _shapes(source) != _shapes(to):
            return False
        given.append((to, source.get_weights()))
    for to, weights in given:
        to.set_weights(weights)
    return True


def _by_kind(theirs: list[Layer], mine: list[Layer]) -> list[tuple[Layer | None, Layer]]:
    """Each layer with the first left of its class and shapes."""
    left = list(theirs)
    pairs: list[tuple[Layer | None, Layer]] = []
    for layer in mine:
        wanted = (kind_of(layer), _shapes(layer))
        found = next((each for each in left if (kind_of(each), _shapes(each)) == wanted), None)
        if found is not None:
            left.remove(found)
        pairs.append((found, layer))
    return pairs


def _shapes(layer: Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def _name(layer: Layer) -> str:
    return str(layer.name)
