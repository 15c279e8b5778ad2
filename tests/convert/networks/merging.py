"""Layers that join several tensors."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


def _two(k: Kit) -> tuple[Any, Any, Any]:
    inputs = k.input(8, 7, 3)
    a = k.layers.Conv2D(4, 3, padding="same", data_format=k.data_format)(inputs)
    b = k.layers.Conv2D(4, 1, activation="relu", data_format=k.data_format)(inputs)
    return inputs, a, b


@network()
def concatenate(k: Kit) -> Any:
    inputs, a, b = _two(k)
    return k.model(inputs, k.layers.Concatenate(axis=k.axis)([a, b]))


@network()
def concatenate_rows(k: Kit) -> Any:
    inputs, a, b = _two(k)
    return k.model(inputs, k.layers.Concatenate(axis=-2 if k.is_first else 1)([a, b]))


@network()
def add(k: Kit) -> Any:
    inputs, a, b = _two(k)
    x = k.layers.ReLU()(k.layers.Add()([a, b]))
    return k.model(inputs, k.layers.Conv2D(2, 1, data_format=k.data_format)(x))


@network()
def merges(k: Kit) -> Any:
    """Multiply, Average, Maximum, Minimum, Subtract one after another."""
    inputs, a, b = _two(k)
    x = k.layers.Multiply()([a, b])
    x = k.layers.Average()([x, b, a])
    x = k.layers.Maximum()([x, b])
    x = k.layers.Minimum()([x, a])
    return k.model(inputs, k.layers.Subtract()([x, b]))


@network(has_layouts=False)
def dot(k: Kit) -> Any:
    a, b = k.keras.Input((8,), name="a"), k.keras.Input((8,), name="b")
    x, y = k.layers.Dense(5)(a), k.layers.Dense(5)(b)
    return k.model([a, b], k.layers.Dot(axes=1, normalize=True)([x, y]))


@network(is_h5=False)
def arithmetic(k: Kit) -> Any:
    """Operators of Python on symbolic tensors."""
    inputs, a, b = _two(k)
    x = (a * 2.0 + b) / 3.0 - 0.5
    return k.model(inputs, k.layers.Conv2D(2, 1, data_format=k.data_format)(x))


@network(is_h5=False)
def sliced(k: Kit) -> Any:
    inputs, a, b = _two(k)
    x = a[:, :2] if k.is_first else a[..., :2]
    y = b[:, 2:] if k.is_first else b[..., 2:]
    return k.model(inputs, k.layers.Add()([x, y]))


@network()
def scaled_by_vector(k: Kit) -> Any:
    """A vector spread over a map: where its dimension ends up depends on the layout."""
    inputs, a, b = _two(k)
    gate = k.layers.GlobalAveragePooling2D(data_format=k.data_format)(b)
    gate = k.layers.Dense(4, activation="sigmoid")(gate)
    gate = k.layers.Reshape(k.shape(1, 1, 4))(gate)
    return k.model(inputs, k.layers.Multiply()([a, gate]))
