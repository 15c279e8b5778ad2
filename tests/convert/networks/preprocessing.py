"""Preprocessing that is part of the network, and augmentation that is not there at inference."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


@network(has_layouts=False)
def rescaling(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Rescaling(1 / 127.5, offset=-1), k.layers.Conv2D(4, 3))


@network(has_layouts=False, is_random=False)
def normalization(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.5, 0.5, 2.0]),
        k.layers.Conv2D(4, 3),
    )


@network(has_layouts=False, is_random=False)
def normalization_adapted(k: Kit) -> Any:
    import numpy as np

    layer = k.layers.Normalization()
    layer.adapt(np.random.default_rng(0).normal(2, 3, (50, 6)).astype("float32"))
    return k.chain((6,), layer, k.layers.Dense(3))


@network(has_layouts=False)
def resizing(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Resizing(12, 10), k.layers.Conv2D(4, 3))


@network(has_layouts=False)
def resizing_nearest(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Resizing(4, 14, "nearest"), k.layers.Conv2D(4, 3))


@network(has_layouts=False)
def resizing_bicubic(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Resizing(12, 10, "bicubic"), k.layers.Conv2D(4, 3))


@network(has_layouts=False)
def center_crop(k: Kit) -> Any:
    return k.chain((9, 8, 3), k.layers.CenterCrop(6, 5), k.layers.Conv2D(4, 3))


@network(has_layouts=False)
def augmented(k: Kit) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.RandomFlip("horizontal"),
        k.layers.RandomRotation(0.1),
        k.layers.RandomZoom(0.1),
        k.layers.RandomContrast(0.1),
        k.layers.Conv2D(4, 3),
    )


@network(has_layouts=False)
def discretization(k: Kit) -> Any:
    return k.chain((4,), k.layers.Discretization([-1.0, 0.0, 0.5, 2.0]))


@network(has_layouts=False, ints=5)
def category_encoding(k: Kit) -> Any:
    inputs = k.keras.Input((3,), dtype="int32")
    x = k.layers.CategoryEncoding(5, output_mode="multi_hot")(inputs)
    return k.model(inputs, k.layers.Dense(2)(x))


@network(has_layouts=False, ints=100)
def hashing(k: Kit) -> Any:
    inputs = k.keras.Input((3,), dtype="int32")
    return k.model(inputs, k.layers.Hashing(8)(inputs))


@network(has_layouts=False, ints=9, is_named=False)
def integer_lookup(k: Kit) -> Any:
    inputs = k.keras.Input((3,), dtype="int64")
    return k.model(inputs, k.layers.IntegerLookup(vocabulary=[3, 5, 8])(inputs))


@network(kerases=("keras",), has_layouts=False, is_random=False, has_answers=False, is_named=False)
def string_lookup(k: Kit) -> Any:
    inputs = k.keras.Input((2,), dtype="string")
    return k.model(inputs, k.layers.StringLookup(vocabulary=["on", "off"])(inputs))


@network(kerases=("keras",), has_layouts=False)
def mel_spectrogram(k: Kit) -> Any:
    return k.chain(
        (256,), k.layers.MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=8)
    )


@network(kerases=("keras",), has_layouts=False)
def stft_spectrogram(k: Kit) -> Any:
    return k.chain(
        (128, 1), k.layers.STFTSpectrogram(frame_length=32, frame_step=16, fft_length=32)
    )
