"""Weights put into a network that was built apart from theirs."""

from __future__ import annotations

from typing import Any

from tflint.convert.tensorflow.carrying import carried, weighted_layers
from tflint.convert.tensorflow.equivalence import TOLERANCE, difference

from .channels_first import randomise


def tower(keras: Any, names: tuple[str, ...] = (), *, swapped: bool = False) -> Any:
    """Two branches of unlike layers that are joined; `swapped` builds the second one first."""
    layers = keras.layers
    given = iter(names)

    def named(kind: Any, *args: Any) -> Any:
        name = next(given, None)
        return kind(*args, name=name) if name else kind(*args)

    start = keras.Input((6, 5, 3))
    makers = [
        lambda: named(layers.Conv2D, 4, 3)(start),
        lambda: named(layers.BatchNormalization)(layers.Cropping2D(1)(start)),
    ]
    found = [make() for make in (reversed(makers) if swapped else makers)]
    joined = layers.Concatenate()(found[::-1] if swapped else found)
    return keras.Model(start, named(layers.Dense, 2)(layers.Flatten()(joined)))


def equal_by(source: Any, to: Any, keras: Any) -> str | None:
    """How layers were paired when the networks came out equal."""
    for way in carried(source, to, keras):
        if difference(source, to, keras) < TOLERANCE:
            return way
    return None


def test_the_same_sequence_is_enough(keras: Any) -> None:
    assert equal_by(randomise(tower(keras)), tower(keras), keras) == "in their sequence"


def test_another_sequence_is_paired_by_class_and_shapes_or_name(keras: Any) -> None:
    source = randomise(tower(keras, ("a", "b", "c")))

    assert equal_by(source, tower(keras, swapped=True), keras) is not None
    assert equal_by(source, tower(keras, ("b", "a", "c"), swapped=True), keras) is not None


def test_another_network_takes_nothing(keras: Any) -> None:
    start = keras.Input((6, 5, 3))
    other = keras.Model(start, keras.layers.Conv2D(7, 3)(start))
    before = [each.copy() for each in other.get_weights()]

    assert list(carried(randomise(tower(keras)), other, keras)) == []
    assert all((a == b).all() for a, b in zip(before, other.get_weights(), strict=True))


def test_layers_with_weights_are_listed_once(keras: Any) -> None:
    shared = keras.layers.Dense(3)
    start = keras.Input((3,))
    model = keras.Model(start, shared(keras.layers.ReLU()(shared(start))))

    assert weighted_layers(model, keras) == [shared]
