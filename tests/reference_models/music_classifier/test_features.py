"""Features of five seconds of music."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference_models.shared_recordings import shared_recordings
from tflint_reference_models.music_classifier.data import recordings
from tflint_reference_models.music_classifier.features import (
    FRAMES,
    MEAN,
    PIECE,
    RECIPE,
    SHAPE,
    SPREAD,
    features,
    standardised,
    stream,
)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9999, 9999, PIECE).astype(np.int16)


def test_shape_type_and_cost() -> None:
    found = features(noise(0))
    assert found.shape == SHAPE == (216, 13)
    assert found.dtype == np.float32
    assert f"{RECIPE.multiply_accumulates:,} multiply-accumulates" in str(features.__doc__)
    words = " ".join(str(features.__doc__).split())
    assert f"{FRAMES * RECIPE.multiply_accumulates:,} in five seconds" in words
    assert f"{FRAMES * RECIPE.mels:,} logarithms" in words


def test_the_same_twice() -> None:
    np.testing.assert_array_equal(features(noise(1)), features(noise(1)))


@pytest.mark.parametrize("samples", [np.zeros(PIECE - 1, np.int16), np.zeros(PIECE, np.float32)])
def test_what_is_no_piece_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not int16"):
        features(samples)


def test_a_stream_is_the_same_but_at_the_ends() -> None:
    samples = noise(2)
    found = stream().feed(samples.astype(np.float32) / np.float32(32768))
    np.testing.assert_allclose(found, features(samples)[2 : 2 + len(found)], atol=1e-3)
    assert len(found) == FRAMES - 4


def test_standardised_is_in_units_of_the_spread() -> None:
    mean, spread = np.array(MEAN, np.float32), np.array(SPREAD, np.float32)
    made = np.stack([mean, mean + spread, mean - 2 * spread])
    found = standardised(made)
    np.testing.assert_allclose(found, np.array([[0.0], [1], [-2]]) + np.zeros(13), atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.shared
def test_standardised_recordings_have_about_mean_0_and_spread_1() -> None:
    songs = recordings(shared_recordings())
    found = standardised(songs.steps[::10] * songs.scale)
    assert np.abs(found.mean(axis=(0, 1))).max() < 0.2
    np.testing.assert_allclose(found.std(axis=(0, 1)), 1, atol=0.1)
