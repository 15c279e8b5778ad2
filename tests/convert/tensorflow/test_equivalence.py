"""Differences between networks that are seen, and those that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tflint.convert.tensorflow.equivalence import TOLERANCE, difference, made_up

from .channels_first import randomise


def network(keras: Any, *layers: Any, shape: tuple[int, ...] = (3, 6, 5)) -> Any:
    start = found = keras.Input(shape)
    for layer in layers:
        found = layer(found)
    return keras.Model(start, found)


def test_a_network_does_not_differ_from_itself(keras: Any) -> None:
    model = randomise(network(keras, keras.layers.Flatten(), keras.layers.Dense(3)))

    assert difference(model, model, keras) == 0


def test_rows_in_another_sequence_are_seen(keras: Any) -> None:
    layers = keras.layers
    model = randomise(network(keras, layers.Flatten(), layers.Dense(3)))
    other = network(keras, layers.Permute((2, 3, 1)), layers.Flatten(), layers.Dense(3))
    other.set_weights(model.get_weights())

    assert difference(model, other, keras) > 0.05


def test_a_bias_at_another_place_is_seen(keras: Any) -> None:
    layers = keras.layers
    model = randomise(network(keras, layers.Flatten(), layers.Dense(3)))
    other = network(keras, layers.Flatten(), layers.Dense(3))
    kernel, bias = model.get_weights()
    other.set_weights([kernel, bias[::-1]])

    assert difference(model, other, keras) > TOLERANCE


def test_orders_of_inputs_and_outputs_are_minded(keras: Any) -> None:
    layers = keras.layers
    model = network(keras, layers.ReLU())
    turned = network(keras, layers.ReLU(), shape=(6, 5, 3))
    order = (0, 2, 3, 1)

    assert difference(model, turned, keras, [order], [order]) == 0


def test_outputs_of_another_shape_are_endlessly_different(keras: Any) -> None:
    model, other = (network(keras, keras.layers.Flatten()), network(keras, keras.layers.ReLU()))

    assert difference(model, other, keras) == float("inf")


def test_what_is_not_finite_has_to_be_so_in_both(keras: Any) -> None:
    layers = keras.layers
    logarithm = network(keras, layers.Lambda(lambda x: x / (x - x)))
    plain = network(keras, layers.ReLU())

    assert difference(logarithm, plain, keras) == float("inf")


def test_samples_of_ones_own_replace_those_made_up(keras: Any) -> None:
    layers = keras.layers
    model, other = network(keras, layers.ReLU()), network(keras, layers.Activation("linear"))
    positive = np.abs(made_up(model)[0][0])

    assert difference(model, other, keras, samples=[[positive]]) == 0
    assert difference(model, other, keras) > 0.1


@pytest.mark.parametrize("dtype", ["int32", "bool", "float16"])
def test_inputs_are_made_up_for_every_type(dtype: str, keras: Any) -> None:
    start = keras.Input((4,), dtype=dtype)
    model = keras.Model(start, keras.layers.Lambda(lambda x: x)(start))

    assert {values[0].dtype.name for values in made_up(model)} == {dtype}
