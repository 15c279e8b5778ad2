"""Multiply-accumulates by hand, and of a model whose paper says them."""

from __future__ import annotations

import pytest

from tests.keras.network_building import call, layer
from tflint.keras.cost import macs, map_bytes
from tflint.keras.network import Layer, Shape
from tflint.keras.values import UNKNOWN, Unknown

N = None


@pytest.mark.parametrize(
    ("made", "shape", "count"),
    [
        (layer("Conv2D", filters=8, kernel_size=3), (N, 28, 28, 1), 26 * 26 * 9 * 8),
        (layer("Conv2D", filters=8, kernel_size=3), (4, 28, 28, 1), 26 * 26 * 9 * 8),
        (layer("Conv2D", filters=8, kernel_size=1, groups=2), (N, 4, 4, 6), 16 * 3 * 8),
        (
            layer("Conv2D", filters=8, kernel_size=3, data_format="channels_first"),
            (N, 1, 28, 28),
            26 * 26 * 9 * 8,
        ),
        (layer("DepthwiseConv2D", kernel_size=3, padding="same"), (N, 4, 4, 6), 16 * 9 * 6),
        (layer("SeparableConv2D", filters=5, kernel_size=1), (N, 4, 4, 6), 16 * (6 + 30)),
        (layer("Conv2DTranspose", filters=5, kernel_size=2, strides=2), (N, 4, 4, 6), 16 * 120),
        (layer("Dense", units=10), (N, 3136), 31360),
        (layer("Dense", units=10), (N, 7, 4), 280),
        (layer("LSTM", units=8), (N, 5, 3), 5 * 32 * 11),
        (layer("TimeDistributed", layer=layer("Dense", units=4)), (N, 5, 3), 60),
        (layer("Bidirectional", layer=layer("GRU", units=2)), (N, 5, 3), 5 * 2 * 6 * 5),
        (layer("MaxPooling2D"), (N, 28, 28, 1), 0),
        (layer("Dense", units=10), UNKNOWN, UNKNOWN),
        (layer("Conv2D", filters=8, kernel_size=3), (N, N, N, 1), UNKNOWN),
        (layer("Attention"), UNKNOWN, UNKNOWN),
        (Layer("MyLayer", "MyLayer"), (N, 3), UNKNOWN),
    ],
)
def test_macs(made: Layer, shape: Shape, count: int | Unknown) -> None:
    assert macs(call(made, shape)) == count


def test_bytes_of_maps() -> None:
    assert map_bytes((N, 26, 26, 8), 1) == 5408
    assert map_bytes((4, 26, 26, 8), 4) == 21632
    assert map_bytes((N, N, 26, 8), 1) is UNKNOWN
