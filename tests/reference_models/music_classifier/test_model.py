"""Networks as Keras builds them: the original's is the original's, ours is half of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tflint_reference_models.music_classifier import model as subject
from tflint_reference_models.network import build

if TYPE_CHECKING:
    import keras

pytest.importorskip("keras", reason="networks are built with Keras")
pytest.importorskip("tensorflow", reason="networks are built with TensorFlow's Keras")

ORIGINAL_WEIGHTS = 40_716  # as published, of which 2 are constants of a reshape


def kernels(model: keras.Model) -> int:
    """What int8 takes a byte each for."""
    return sum(
        int(variable.value.shape.num_elements())
        for variable in model.trainable_variables
        if variable.name == "kernel"
    )


def test_the_original_is_the_published_one() -> None:
    made = subject.original()

    # A norm after a ReLU stays: two vectors of 32, which are two of four in training.
    assert made.count_params() == ORIGINAL_WEIGHTS - 2 + 64
    assert [type(layer).__name__ for layer in made.layers] == [
        "InputLayer",
        "Conv2D",
        "BatchNormalization",
        "MaxPooling2D",
        "Conv2D",
        "MaxPooling2D",
        "Dropout",
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert made.input_shape == (None, 216, 13, 1)


def test_ours_takes_less_than_half() -> None:
    made = build(subject.CHOSEN)

    assert kernels(made) * 2 <= kernels(subject.original())
    assert made.output_shape == subject.original().output_shape
