"""KeywordSpotting's networks: what they are held to without any training."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tflint_reference_models.keyword_spotting import model
from tflint_reference_models.keyword_spotting.features import SHAPE, as_frames, as_image
from tflint_reference_models.network import Network, build


def test_frames_are_what_it_takes() -> None:
    assert as_frames(np.zeros((1, *SHAPE), np.float32)).shape[1:] == model.CHOSEN.input_shape


def counted(network: Network) -> tuple[int, int]:
    """Weights of the kernels, and outputs of layers that have them, each of which has a bias."""
    kernels = [
        tuple(variable.shape)
        for variable in build(network).trainable_variables
        if variable.path.endswith("kernel")
    ]
    weights = sum(math.prod(shape) for shape in kernels)
    # A depthwise kernel is (height, width, channels, 1).
    biases = sum(shape[2] if len(shape) == 4 and shape[3] == 1 else shape[-1] for shape in kernels)
    return weights, biases


def test_the_original_has_the_published_weights() -> None:
    pytest.importorskip("tensorflow", reason="builds networks in Keras")
    weights, biases = counted(model.ORIGINAL)
    # And two numbers of a shape, which the published count has among its weights.
    assert weights + biases + 2 == 5379


def test_ours_takes_half_the_bytes() -> None:
    pytest.importorskip("tensorflow", reason="builds networks in Keras")
    ours, theirs = (
        weights + 4 * biases for weights, biases in map(counted, (model.CHOSEN, model.ORIGINAL))
    )
    # Besides, the axes of the means are 8 bytes, or a shape 16.
    assert 2 * (ours + 8) <= theirs


def test_the_teacher_answers_the_same_to_images_as_to_frames() -> None:
    keras = pytest.importorskip("keras", reason="builds networks in Keras")
    coefficients = np.random.default_rng(1).normal(0, 50, (5, *SHAPE)).astype(np.float32)
    keras.utils.set_random_seed(1)
    teacher = build(model.TEACHER)
    other = model.teacher_of_images()
    other.set_weights(teacher.get_weights())
    expected = np.asarray(teacher(as_frames(coefficients), training=False))
    found = np.asarray(other(as_image(coefficients), training=False))
    assert np.ptp(expected) > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-6)
