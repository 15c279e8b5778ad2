"""Random channels_first networks: chains, branches, shared and nested parts, layers of the other
layout in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

FIRST = {"data_format": "channels_first"}


def random_network(keras: Any, seed: int) -> Any:
    """A network of some ten layers with one or two inputs and outputs."""
    random = np.random.default_rng(seed)
    layers = keras.layers
    shape = (int(random.integers(1, 5)), int(random.integers(7, 11)), int(random.integers(7, 11)))
    inputs = [keras.Input(batch_shape=(None, *shape)) for _ in range(random.integers(1, 3))]
    maps = list(inputs)
    shared = layers.Conv2D(int(random.integers(1, 4)), 1, **FIRST)
    for _ in range(random.integers(3, 9)):
        step = STEPS[random.integers(len(STEPS))]
        at = int(random.integers(len(maps)))
        if step is _shared:
            same = [each for each in maps if each.shape[1] == shape[0]]
            maps.append(shared(same[0]) if same else maps[at])
        else:
            maps[at] = step(keras, maps[at], random)
    found = [_ended(keras, each, random) for each in maps[: random.integers(1, 3)]]
    if len(maps) > 2:
        vectors = [layers.Flatten()(each) for each in maps]
        found.append(layers.Dense(3)(layers.Concatenate()(vectors)))
    return keras.Model(inputs, found)


def _ended(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    return _one(
        random,
        lambda: layers.Dense(4, activation="softmax")(layers.Flatten()(x)),
        lambda: layers.Dense(2)(layers.GlobalMaxPooling2D(**FIRST)(x)),
        lambda: layers.Dense(2)(layers.BatchNormalization()(layers.Flatten(**FIRST)(x))),
        lambda: x,
        lambda: layers.LSTM(3)(layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)),
        lambda: layers.GlobalAveragePooling2D()(x),
    )


def _one(random: np.random.Generator, *choices: Callable[[], Any]) -> Any:
    return choices[random.integers(len(choices))]()


def _convolved(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    filters, size = int(random.integers(1, 6)), int(random.integers(1, 4))
    kind = layers.Conv2D if random.random() < 0.8 else layers.SeparableConv2D
    return kind(filters, size, padding="same", activation="relu", **FIRST)(x)


def _other_layout(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    return _one(
        random,
        lambda: layers.Conv2D(3, 1)(x),
        lambda: layers.MaxPooling2D(2, padding="same")(x),
        lambda: layers.AveragePooling2D(2, strides=1, padding="same")(x),
        lambda: layers.BatchNormalization()(x),
        lambda: layers.Dense(4)(x),
    )


def _pooled(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    return _one(
        random,
        lambda: layers.MaxPooling2D((2, 1), padding="same", **FIRST)(x),
        lambda: layers.AveragePooling2D(2, strides=1, padding="same", **FIRST)(x),
        lambda: layers.ZeroPadding2D(((0, 1), (2, 0)), **FIRST)(x),
        lambda: layers.UpSampling2D((1, 2), **FIRST)(x),
    )


def _normalised(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    return _one(
        random,
        lambda: layers.BatchNormalization(axis=1)(x),
        lambda: layers.LayerNormalization(axis=[1, 2])(x),
        lambda: layers.PReLU(shared_axes=[2, 3])(x),
        lambda: layers.PReLU()(x),
        lambda: layers.Softmax(axis=1)(x),
        lambda: layers.Activation("softmax")(x),
    )


def _bypassed(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    y = layers.Conv2D(x.shape[1], 3, padding="same", **FIRST)(x)
    return _one(
        random,
        lambda: layers.Add()([x, y]),
        lambda: layers.Concatenate(axis=1)([x, y]),
        lambda: layers.Concatenate()([y, x]),
        lambda: x * 0.5 + y,
    )


def _squeezed(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    scale = layers.GlobalAveragePooling2D(**FIRST)(x)
    scale = layers.Dense(x.shape[1], activation="sigmoid")(scale)
    return layers.Multiply()([layers.Reshape((x.shape[1], 1, 1))(scale), x])


def _moved(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    _, channels, rows, columns = x.shape
    return _one(
        random,
        lambda: layers.Permute((1, 3, 2))(x),
        lambda: layers.Permute((3, 1, 2))(x),
        lambda: layers.Reshape((channels, columns, rows))(x),
        lambda: layers.Reshape((channels * rows, 1, columns))(x),
        lambda: x[:, :, 1:],
        lambda: layers.Lambda(lambda value: value * 2 + 1)(x),
        lambda: layers.Lambda(lambda value: value[:, :, ::-1])(x),
    )


def _nested(keras: Any, x: Any, random: np.random.Generator) -> Any:
    layers = keras.layers
    start = keras.Input(batch_shape=(None, *x.shape[1:]))
    body = layers.Conv2D(x.shape[1], 3, padding="same", **FIRST, name="inside")(start)
    block = keras.Model(start, layers.Add()([start, body]))
    return block(block(x))


def _shared(keras: Any, x: Any, random: np.random.Generator) -> Any:
    raise NotImplementedError


STEPS = (
    _convolved,
    _convolved,
    _other_layout,
    _pooled,
    _normalised,
    _bypassed,
    _squeezed,
    _moved,
    _nested,
    _shared,
)
