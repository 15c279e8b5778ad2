"""Features of a second of sound."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference_models.shared_recordings import shared_recordings
from tflint_reference_models.keyword_spotting import features as module
from tflint_reference_models.keyword_spotting.data import recordings, split, windows
from tflint_reference_models.keyword_spotting.features import (
    KEPT,
    RECIPE,
    SECOND,
    SHAPE,
    as_frames,
    as_image,
    features,
    standardised,
    stream,
)


def test_shape_type_and_cost() -> None:
    found = features(np.zeros(SECOND, np.int16))
    assert found.shape == SHAPE == (20, 11)
    assert found.dtype == np.float32
    assert f"{RECIPE.multiply_accumulates:,} multiply-accumulates" in str(features.__doc__)
    assert f"{11 * RECIPE.multiply_accumulates:,} a second" in str(features.__doc__)
    assert f"{11 * RECIPE.mels:,} logarithms" in str(features.__doc__)
    assert module.FRAMES == 11


def test_the_same_twice() -> None:
    samples = np.random.default_rng(1).integers(-9999, 9999, SECOND).astype(np.int16)
    np.testing.assert_array_equal(features(samples), features(samples.copy()))


def test_a_stream_is_the_same_but_at_the_ends() -> None:
    samples = np.random.default_rng(4).integers(-9999, 9999, SECOND).astype(np.int16)
    found = stream().feed(samples[::KEPT].astype(np.float32) / np.float32(32768))
    assert found.shape == (7, 20)
    np.testing.assert_allclose(found.T, features(samples)[:, 2:9], atol=1e-3)


@pytest.mark.parametrize(
    "samples", [np.zeros(15999, np.int16), np.zeros(SECOND, np.float32), np.zeros((1, SECOND))]
)
def test_what_is_no_second_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not int16"):
        features(samples)


def test_what_networks_take_are_the_same_numbers_in_two_orders() -> None:
    coefficients = np.random.default_rng(3).normal(0, 50, (3, *SHAPE)).astype(np.float32)
    frames, image = as_frames(coefficients), as_image(coefficients)
    assert (frames.shape, image.shape) == ((3, 11, 1, 20), (3, 20, 11, 1))
    for found in (frames, image):
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
    np.testing.assert_array_equal(frames[:, :, 0].transpose(0, 2, 1), image[..., 0])
    np.testing.assert_allclose(
        image[1, 4, 7, 0], (coefficients[1, 4, 7] - module.MEANS[4]) / module.SPREADS[4], rtol=1e-6
    )


@pytest.mark.shared
def test_constants_are_those_of_what_is_trained_on() -> None:
    folder = shared_recordings("speech_on.npz", "speech_on_more.npz", "speech_on_raw16k.npz")
    recorded = recordings(folder)
    data = windows(recorded)
    found = standardised(data.inputs[split(data, recorded).train][..., 0]).astype(np.float64)
    # They are written with one digit after the point, which is half a percent of the least spread.
    np.testing.assert_allclose(found.mean(axis=(0, 2)), 0, atol=0.006)
    np.testing.assert_allclose(found.std(axis=(0, 2)), 1, atol=0.006)


@pytest.mark.shared
def test_they_are_those_of_the_recordings() -> None:
    """To the last digit that 16 bits keep: half a step of float16 is 0.25 beyond 512."""
    folder = shared_recordings("speech_on.npz", "speech_on_raw16k.npz")
    with np.load(folder / "speech_on.npz") as rows, np.load(folder / "speech_on_raw16k.npz") as raw:
        wav, clips, more = raw["wav"], rows["clip_mfcc"], rows["mfcc"]
        matched = np.flatnonzero(rows["mfcc_raw_match"] >= 0)[::4]
        matches = rows["mfcc_raw_match"][matched]
    for stored, place in [
        *((clips[place], place) for place in range(0, len(wav), 13)),
        *((more[row], place) for row, place in zip(matched, matches, strict=True)),
    ]:
        error = np.abs(features(wav[place]) - stored.astype(np.float32))
        step = np.spacing(np.maximum(np.abs(stored), np.float16(1e-2))).astype(np.float32)
        assert (error <= step * 0.5 + 2e-4).all()
