"""Normalisation, in front of and behind what it normalises."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


@network()
def batch_norm_before(k: Kit) -> Any:
    return k.chain(
        (9, 8, 3),
        k.layers.Conv2D(5, 3, use_bias=False, data_format=k.data_format),
        k.layers.BatchNormalization(axis=k.axis),
        k.layers.ReLU(),
    )


@network()
def batch_norm_after(k: Kit) -> Any:
    return k.chain(
        (9, 8, 3),
        k.layers.Conv2D(5, 3, activation="relu", data_format=k.data_format),
        k.layers.BatchNormalization(axis=k.axis),
        k.layers.MaxPooling2D(2, data_format=k.data_format),
    )


@network()
def batch_norm_between(k: Kit) -> Any:
    return k.chain(
        (11, 8, 3),
        k.layers.Conv2D(5, 3, activation="relu", data_format=k.data_format),
        k.layers.BatchNormalization(axis=k.axis, scale=False),
        k.layers.Conv2D(4, 3, padding="same", data_format=k.data_format),
    )


@network(is_twin=False)
def batch_norm_other_axis(k: Kit) -> Any:
    """Over the axis that is not the channels, as a port from elsewhere leaves it."""
    return k.chain(
        (9, 8, 3),
        k.layers.Conv2D(5, 3, data_format=k.data_format),
        k.layers.BatchNormalization(axis=-1 if k.is_first else 1),
        k.layers.ReLU(),
        k.layers.GlobalMaxPooling2D(data_format=k.data_format),
    )


@network()
def batch_norm1d(k: Kit) -> Any:
    return k.chain(
        (16, 3),
        k.layers.Conv1D(5, 3, data_format=k.data_format),
        k.layers.BatchNormalization(axis=k.axis, center=False),
        k.layers.ReLU(),
        k.layers.GlobalAveragePooling1D(data_format=k.data_format),
    )


@network(has_layouts=False)
def batch_norm_dense(k: Kit) -> Any:
    return k.chain(
        (12,),
        k.layers.Dense(8),
        k.layers.BatchNormalization(),
        k.layers.ReLU(),
        k.layers.Dense(3, activation="softmax"),
    )


@network()
def layer_norm(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.LayerNormalization(axis=k.axis),
    )


@network(is_h5=False)
def layer_norm_all(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.LayerNormalization(axis=[1, 2, 3]),
    )


@network()
def group_norm(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(6, 3, data_format=k.data_format),
        k.layers.GroupNormalization(3, axis=k.axis),
        k.layers.ReLU(),
    )


@network()
def unit_norm(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.UnitNormalization(axis=k.axis),
    )


@network(kerases=("keras",), has_layouts=False)
def rms_norm(k: Kit) -> Any:
    """Whatever its axis, Keras multiplies along the last."""
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.RMSNormalization(axis=k.axis),
    )


@network(kerases=("keras",), has_layouts=False)
def spectral_norm(k: Kit) -> Any:
    return k.chain((8,), k.layers.SpectralNormalization(k.layers.Dense(4)))
