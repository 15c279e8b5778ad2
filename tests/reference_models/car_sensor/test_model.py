"""Networks as Keras builds them: the original's is the original's, ours is smaller."""

from __future__ import annotations

import pytest

from tflint_reference_models.car_sensor import data
from tflint_reference_models.car_sensor import model as subject
from tflint_reference_models.network import Network, build

pytest.importorskip("keras", reason="networks are built with Keras")
pytest.importorskip("tensorflow", reason="networks are built with TensorFlow's Keras")


def kernels(network: Network) -> int:
    """What int8 takes a byte each for."""
    return sum(
        int(variable.value.shape.num_elements())
        for variable in build(network).trainable_variables
        if variable.name == "kernel"
    )


@pytest.mark.parametrize("readings", [data.WINDOW, subject.READINGS])
def test_the_original_is_the_published_one(readings: int) -> None:
    """1,761 weights and biases; the published 1,811 count shapes of 1-D layers as well."""
    made = build(subject.original(readings))

    assert made.input_shape == (None, readings, 1, 3)
    assert made.count_params() == 3 * 3 * 16 + 16 + 3 * 16 * 32 + 32 + 32 + 1
    assert [type(layer).__name__ for layer in made.layers if layer.count_params()] == [
        "Conv2D",
        "Conv2D",
        "Dense",
    ]
    assert sum("Pool" in type(layer).__name__ for layer in made.layers) == 3


def test_ours_is_smaller() -> None:
    assert kernels(subject.CHOSEN) == 30 * 16 + 16 * 8 + 8
    assert kernels(subject.CHOSEN) * 2 < kernels(subject.original())
