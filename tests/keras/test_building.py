"""Shapes, weights and faults, by hand; the comparison with Keras is elsewhere."""

from __future__ import annotations

import pytest

from tests.keras.network_building import call, layer
from tflint.keras.network import Layer, Shape
from tflint.keras.values import UNKNOWN, Unknown

N = None
U = UNKNOWN


@pytest.mark.parametrize(
    ("made", "shape", "result", "weights"),
    [
        (layer("Conv2D", filters=8, kernel_size=3), (N, 28, 28, 1), (N, 26, 26, 8), 80),
        (layer("Conv2D", filters=8, kernel_size=3), U, (U, U, U, 8), U),
        (layer("Conv2D", filters=U, kernel_size=3), (N, 28, 28, 1), (N, 26, 26, U), U),
        (layer("MaxPooling2D"), (N, 26, 27, 8), (N, 13, 13, 8), 0),
        (layer("MaxPooling2D", padding="same"), (N, N, 27, 8), (N, N, 14, 8), 0),
        (layer("Flatten"), (N, 7, 7, 64), (N, 3136), 0),
        (layer("Flatten"), (N, N, 7, 64), (N, N), 0),
        (layer("Flatten"), (N, U, 7, 64), (N, U), 0),
        (layer("Flatten"), U, (U, U), 0),
        (layer("Dense", units=10), (N, 3136), (N, 10), 31370),
        (layer("Dense", units=10), U, U, U),
        (layer("BatchNormalization"), (N, 7, 7, 64), (N, 7, 7, 64), 256),
        (layer("Reshape", target_shape=(-1, 64)), (N, 7, 7, 64), (N, 49, 64), 0),
        (layer("Permute", dims=(2, 1)), (N, 3, 4), (N, 4, 3), 0),
    ],
)
def test_shapes_and_weights(
    made: Layer, shape: Shape, result: Shape, weights: int | Unknown
) -> None:
    done = call(made, shape)

    assert done.fault is None
    assert done.output_shapes == (result,)
    assert done.weights == weights


@pytest.mark.parametrize(
    ("made", "shapes", "fault"),
    [
        (
            layer("Conv2D", filters=8, kernel_size=3),
            [(N, 2, 2, 1)],
            "a 3x3 kernel with padding valid does not fit into its 2x2 input",
        ),
        (
            layer("Conv2D", filters=8, kernel_size=3),
            [(N, 128)],
            "Conv2D takes 4 dimensions, gets 2 (None, 128)",
        ),
        (
            layer("Reshape", target_shape=(7, 7, 64)),
            [(N, 1568)],
            "Reshape to (7, 7, 64) needs 3,136 values, gets 1,568",
        ),
        (
            layer("Add"),
            [(N, 7, 7, 8), (N, 7, 7, 16)],
            "Add takes shapes that match, gets (None, 7, 7, 8) and (None, 7, 7, 16)",
        ),
    ],
)
def test_what_keras_refuses(made: Layer, shapes: list[Shape], fault: str) -> None:
    done = call(made, *shapes)

    assert done.fault == fault
    assert done.output_shapes == (UNKNOWN,)
