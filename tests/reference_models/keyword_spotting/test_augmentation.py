"""Varied utterances: what is meant to change does, by as much as it would in sound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tflint_reference_models.dataset import Floats
from tflint_reference_models.keyword_spotting.augmentation import (
    Variation,
    channels,
    moved,
    varied,
    with_noise,
    with_tracts,
)
from tflint_reference_models.keyword_spotting.features import RECIPE, SECOND, features
from tflint_reference_models.mfcc import cosines, frequency, mel

NONE = Variation(tract=0, stretch=0, shift=0, gain=0, channel=0, noisy=0)
UNIT = np.sqrt(RECIPE.mels)


def utterances(count: int, seed: int = 0) -> Floats:
    """Utterances (n, 20, 11), loud in the middle."""
    rng = np.random.default_rng(seed)
    found = rng.normal(0, 20, (count, 20, 11))
    found[:, 0] -= 300 + 40 * np.abs(np.arange(11) - 5)
    return found.astype(np.float32)


def frames(count: int, seed: int = 0) -> Floats:
    return np.ascontiguousarray(utterances(count, seed).transpose(0, 2, 1))


def levels(of: Floats) -> NDArray[np.float64]:
    return of.astype(np.float64) @ cosines(RECIPE.mels, RECIPE.coefficients)


def sound(centre: float, seed: int = 0) -> NDArray[np.int16]:
    """A second of noise about a frequency in Hz, faint elsewhere."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(0, 1, SECOND))
    at = np.fft.rfftfreq(SECOND, 1 / RECIPE.rate)
    shaped = spectrum * (0.003 + np.exp(-0.5 * ((at - centre) / (0.15 * centre)) ** 2))
    samples = np.fft.irfft(shaped)
    return (samples / np.abs(samples).max() * 9999).astype(np.int16)


def test_nothing_varied_is_nothing_changed() -> None:
    some = utterances(40)
    found = varied(some, NONE, np.random.default_rng(1))
    np.testing.assert_allclose(found, some, atol=1e-3)


def test_the_same_seed_gives_the_same_and_the_source_is_left_alone() -> None:
    some = utterances(60)
    before = some.copy()
    first, again, other = (
        varied(some, Variation(), np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(some, before)
    assert first.shape == some.shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert (np.abs(first - other).max(axis=(1, 2)) > 1).all()


@pytest.mark.parametrize("name", ["tract", "stretch", "shift", "gain", "channel", "noisy"])
def test_each_variation_does_something(name: str) -> None:
    some = utterances(50)
    changed = replace(NONE, **{name: 1.0 if name == "noisy" else 0.1})
    found = varied(some, changed, np.random.default_rng(1))
    assert np.abs(found - some).max() > 0.1


def test_none_are_varied() -> None:
    assert varied(utterances(0), Variation(), np.random.default_rng(1)).shape == (0, 20, 11)


def test_later_by_whole_frames() -> None:
    some = frames(3)
    found = moved(some, np.array([0.0, 2.0, -1.0]), np.ones(3))
    np.testing.assert_array_equal(found[0], some[0])
    np.testing.assert_array_equal(found[1, 2:], some[1, :-2])
    np.testing.assert_array_equal(found[2, :-1], some[2, 1:])
    for number, rows in ((1, found[1, :2]), (2, found[2, -1:])):
        quiet = some[number, some[number, :, 0].argmin()]
        np.testing.assert_array_equal(rows, np.repeat(quiet[np.newaxis], len(rows), 0))


def test_between_frames_is_between_them() -> None:
    some = frames(1)
    found = moved(some, np.array([0.25]), np.ones(1))
    np.testing.assert_allclose(found[0, 1:], some[0, 1:] * 0.75 + some[0, :-1] * 0.25, rtol=1e-4)


def test_twice_as_long_about_the_middle() -> None:
    some = frames(1)
    found = moved(some, np.zeros(1), np.array([2.0]))
    np.testing.assert_allclose(found[0, 1::2], some[0, 3:8], rtol=1e-5)
    assert moved(some, np.zeros(1), np.array([1e-3]))[0, 5].tolist() == some[0, 5].tolist()


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25])
def test_another_vocal_tract_moves_a_formant_as_in_sound(factor: float) -> None:
    """The loudest mel is where it is when the sound itself is higher or lower."""
    formant = 600.0
    before, after = (features(sound(formant * by)) for by in (1.0, factor))
    found = with_tracts(before.T[np.newaxis], np.array([factor]))
    highest = float(mel(np.array(RECIPE.rate / 2)))
    centres = frequency(np.linspace(0, highest, RECIPE.mels + 2)[1:-1])
    peaks = [centres[levels(of).mean(axis=0).argmax()] for of in (before.T, found[0], after.T)]
    assert peaks[1] / peaks[0] == pytest.approx(factor, abs=0.06)
    # 20 coefficients tell mels apart by a sixth of an octave there.
    assert peaks[1] / peaks[2] == pytest.approx(1, abs=0.09)


def test_the_same_vocal_tract() -> None:
    some = frames(30)
    np.testing.assert_allclose(with_tracts(some, np.ones(30)), some, atol=1e-3)


def test_noise_adds_power() -> None:
    some = frames(200)
    found = with_noise(some, 40.0, np.random.default_rng(2))
    before, after = levels(some), levels(found)
    # Nothing is quieter, but for what 20 coefficients cannot say.
    assert (after.mean(axis=2) >= before.mean(axis=2) - 1e-3).all()
    loudest = before.max(axis=(1, 2))
    quietest = after.mean(axis=2).min(axis=1)
    assert (quietest < loudest).all()
    assert (after.max(axis=(1, 2)) < loudest + 12).all()
    faint = with_noise(some, 200.0, np.random.default_rng(2))
    assert np.abs(faint - some).mean() < np.abs(found - some).mean()


def test_a_gain_is_what_it_is_in_sound() -> None:
    samples = sound(500.0)
    louder, softer = features(samples), features((samples // 2).astype(np.int16))
    difference = (louder - softer).mean(axis=1)
    assert difference[0] / UNIT == pytest.approx(20 * np.log10(2), abs=0.1)
    found = channels(20_000, replace(NONE, gain=5.0), np.random.default_rng(1))
    assert found[:, 0].std() / UNIT == pytest.approx(5, rel=0.03)
    assert not found[:, 1:].any()


def test_channels_are_smooth() -> None:
    found = channels(20_000, replace(NONE, channel=0.6), np.random.default_rng(1))
    expected = 0.6 * UNIT / np.sqrt(np.arange(1, 21))
    np.testing.assert_allclose(found.std(axis=0), expected, rtol=0.03)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.15)
