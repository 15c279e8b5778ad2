"""Pooling in one to three dimensions."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network

SIZES = {1: (18, 4), 2: (12, 10, 4), 3: (6, 8, 6, 2)}


def _pooled(k: Kit, dimensions: int, kind: str, **more: Any) -> Any:
    conv = getattr(k.layers, f"Conv{dimensions}D")
    pool = getattr(k.layers, f"{kind}Pooling{dimensions}D")
    return k.chain(
        SIZES[dimensions],
        conv(3, 2, data_format=k.data_format),
        pool(data_format=k.data_format, **more),
    )


@network()
def max_pool1d(k: Kit) -> Any:
    return _pooled(k, 1, "Max", pool_size=2)


@network()
def max_pool2d(k: Kit) -> Any:
    return _pooled(k, 2, "Max", pool_size=(2, 3), strides=2, padding="same")


@network()
def max_pool3d(k: Kit) -> Any:
    return _pooled(k, 3, "Max", pool_size=2)


@network()
def average_pool1d(k: Kit) -> Any:
    return _pooled(k, 1, "Average", pool_size=3, strides=2)


@network()
def average_pool2d(k: Kit) -> Any:
    return _pooled(k, 2, "Average", pool_size=(3, 2), padding="same")


@network()
def average_pool3d(k: Kit) -> Any:
    return _pooled(k, 3, "Average", pool_size=2)


@network()
def global_max1d(k: Kit) -> Any:
    return _pooled(k, 1, "GlobalMax")


@network()
def global_max2d(k: Kit) -> Any:
    return _pooled(k, 2, "GlobalMax", keepdims=True)


@network()
def global_max3d(k: Kit) -> Any:
    return _pooled(k, 3, "GlobalMax")


@network()
def global_average1d(k: Kit) -> Any:
    return _pooled(k, 1, "GlobalAverage", keepdims=True)


@network()
def global_average2d(k: Kit) -> Any:
    return _pooled(k, 2, "GlobalAverage")


@network()
def global_average3d(k: Kit) -> Any:
    return _pooled(k, 3, "GlobalAverage", keepdims=True)


@network(kerases=("keras",))
def adaptive_pool2d(k: Kit) -> Any:
    return k.chain(
        (12, 10, 4), k.layers.AdaptiveAveragePooling2D((4, 5), data_format=k.data_format)
    )


@network()
def pools_only(k: Kit) -> Any:
    """Nothing but pooling: no weights at all."""
    return k.chain(
        (16, 12, 2),
        k.layers.MaxPooling2D(2, data_format=k.data_format),
        k.layers.AveragePooling2D(2, data_format=k.data_format),
    )
