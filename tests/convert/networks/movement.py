"""Layers that move, cut, pad, repeat and turn."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


@network()
def zero_padding2d(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.ZeroPadding2D(((1, 2), (0, 3)), data_format=k.data_format),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
    )


@network(has_layouts=False)
def zero_padding1d(k: Kit) -> Any:
    return k.chain((12, 3), k.layers.ZeroPadding1D((2, 1)), k.layers.Conv1D(4, 3))


@network()
def zero_padding3d(k: Kit) -> Any:
    return k.chain(
        (4, 5, 6, 2),
        k.layers.ZeroPadding3D((1, 0, 1), data_format=k.data_format),
        k.layers.Conv3D(3, 2, data_format=k.data_format),
    )


@network()
def cropping2d(k: Kit) -> Any:
    return k.chain(
        (10, 9, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.Cropping2D(((1, 2), (0, 1)), data_format=k.data_format),
    )


@network(has_layouts=False)
def cropping1d(k: Kit) -> Any:
    return k.chain((12, 3), k.layers.Conv1D(4, 3), k.layers.Cropping1D((1, 2)))


@network()
def cropping3d(k: Kit) -> Any:
    return k.chain(
        (6, 5, 7, 2),
        k.layers.Conv3D(3, 2, data_format=k.data_format),
        k.layers.Cropping3D((1, 1, 2), data_format=k.data_format),
    )


@network()
def up_sampling2d(k: Kit) -> Any:
    return k.chain(
        (6, 5, 3),
        k.layers.Conv2D(6, 2, data_format=k.data_format),
        k.layers.UpSampling2D((2, 3), data_format=k.data_format),
    )


@network()
def up_sampling2d_bilinear(k: Kit) -> Any:
    return k.chain(
        (6, 5, 3),
        k.layers.UpSampling2D(2, interpolation="bilinear", data_format=k.data_format),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
    )


@network(has_layouts=False)
def up_sampling1d(k: Kit) -> Any:
    return k.chain((8, 3), k.layers.Conv1D(4, 3), k.layers.UpSampling1D(2))


@network()
def up_sampling3d(k: Kit) -> Any:
    return k.chain(
        (3, 4, 4, 2),
        k.layers.UpSampling3D((1, 2, 2), data_format=k.data_format),
        k.layers.Conv3D(3, 2, data_format=k.data_format),
    )


@network()
def reshape_to_maps(k: Kit) -> Any:
    """Features become a map, as decoders begin."""
    inputs = k.keras.Input((9,))
    x = k.layers.Dense(60, activation="relu")(inputs)
    x = k.layers.Reshape(k.shape(4, 3, 5))(x)
    return k.model(inputs, k.layers.Conv2D(4, 2, data_format=k.data_format)(x))


@network()
def reshape_to_features(k: Kit) -> Any:
    return k.chain(
        (6, 8, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.Reshape((-1,)),
        k.layers.Dense(3),
    )


@network(is_twin=False)
def reshape_to_sequence(k: Kit) -> Any:
    """As keyword spotters with recurrent layers have it; the order of the result matters."""
    return k.chain(
        (6, 8, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.Reshape((12, 8)),
        k.layers.Conv1D(3, 3),
        k.layers.GlobalAveragePooling1D(),
    )


@network()
def permuted(k: Kit) -> Any:
    """An input of the other order, turned by the network itself."""
    inputs = k.keras.Input((9, 8, 3))
    x = k.layers.Permute((3, 1, 2))(inputs) if k.is_first else inputs
    x = k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format)(x)
    x = k.layers.MaxPooling2D(2, data_format=k.data_format)(x)
    x = k.layers.Permute((2, 3, 1))(x) if k.is_first else x
    return k.model(inputs, k.layers.Conv2D(2, 1)(x))


@network(has_layouts=False)
def repeated_vector(k: Kit) -> Any:
    return k.chain((6,), k.layers.Dense(4), k.layers.RepeatVector(5), k.layers.Conv1D(3, 2))


@network()
def subpixel(k: Kit) -> Any:
    """A Reshape and a Permute that mix channels with places."""
    inputs = k.input(5, 4, 3)
    x = k.layers.Conv2D(8, 3, padding="same", data_format=k.data_format)(inputs)
    if k.is_first:
        x = k.layers.Reshape((2, 2, 2, 5, 4))(x)
        x = k.layers.Permute((3, 4, 1, 5, 2))(x)
        x = k.layers.Reshape((2, 10, 8))(x)
    else:
        x = k.layers.Reshape((5, 4, 2, 2, 2))(x)
        x = k.layers.Permute((1, 3, 2, 4, 5))(x)
        x = k.layers.Reshape((10, 8, 2))(x)
    return k.model(inputs, x)
