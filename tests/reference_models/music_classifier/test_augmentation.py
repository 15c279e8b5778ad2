"""Varied windows come from what is trained on, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint_reference_models.music_classifier.augmentation import (
    Stretches,
    Variation,
    stretches,
    varied,
)
from tflint_reference_models.music_classifier.data import LENGTH, PIECES, STARTS
from tflint_reference_models.music_classifier.features import FRAMES

STILL = Variation(pace=0, mixed=0, gain=0, shift=0, loudness=0)
SONGS = np.array([7, 3, 5])


@given(st.sets(st.integers(0, len(SONGS) * PIECES - 1), min_size=1))
def test_stretches_cover_what_is_trained_on_and_no_more(chosen: set[int]) -> None:
    places = np.array(sorted(chosen))

    found = stretches(places, SONGS)

    for place, song, begin, end in zip(places, found.songs, found.begins, found.ends, strict=True):
        pieces = [piece for piece in range(PIECES) if STARTS[piece] >= begin]
        pieces = [piece for piece in pieces if STARTS[piece] + FRAMES <= end]
        assert song == SONGS[place // PIECES]
        assert place % PIECES in pieces
        assert {place // PIECES * PIECES + piece for piece in pieces} <= chosen
        # It ends where the next window is not trained on.
        for next_to in (pieces[0] - 1, pieces[-1] + 1):
            assert not 0 <= next_to < PIECES or place // PIECES * PIECES + next_to not in chosen


def test_whole_songs_are_one_stretch() -> None:
    found = stretches(np.arange(2 * PIECES), np.array([4, 9]))

    assert set(found.begins.tolist()) == {0}
    assert set(found.ends.tolist()) == {STARTS[-1] + FRAMES}
    assert found.ends.max() <= LENGTH


def counted_frames() -> np.ndarray:
    """Songs whose coefficients are 10,000 times the song's place, and the frame's."""
    songs, frames = np.arange(3.0)[:, np.newaxis], np.arange(float(LENGTH))
    held = (10_000 * songs + frames)[:, :, np.newaxis] + np.zeros(13)
    return held.astype(np.float32)


def test_windows_without_variation_are_cut_as_they_are() -> None:
    where = Stretches(np.array([0, 2] * 50), np.array([100, 700] * 50), np.array([600, 916] * 50))

    found = varied(counted_frames(), where, STILL, np.random.default_rng(0))

    assert found.shape == (100, FRAMES, 13, 1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.diff(found, axis=1), 1, atol=0.01)
    begins = found[:, 0, 0, 0] - 10_000 * where.songs
    assert (begins >= where.begins - 0.01).all()
    assert (begins + FRAMES <= where.ends + 0.01).all()
    # A stretch as long as a window leaves no choice; a longer one is used from end to end.
    np.testing.assert_allclose(begins[1::2], 700, atol=0.01)
    assert begins[::2].min() < 130
    assert begins[::2].max() > 350


@pytest.mark.parametrize("length", [FRAMES, FRAMES + 5, LENGTH])
def test_another_pace_does_not_leave_the_stretch(length: int) -> None:
    where = Stretches(np.full(300, 1), np.full(300, LENGTH - length), np.full(300, LENGTH))

    found = varied(counted_frames(), where, Variation(0.3, 0, 0, 0, 0), np.random.default_rng(0))[
        ..., 0, 0
    ]

    assert found.min() >= 10_000 + LENGTH - length
    assert found.max() <= 10_000 + LENGTH - 1
    steps = np.diff(found, axis=1).mean(axis=1)
    assert steps.min() < 0.75
    assert steps.max() <= (min(1.3 * (FRAMES - 1), length - 1) + 0.5) / (FRAMES - 1)


def test_each_variation_does_what_it_says() -> None:
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((40, LENGTH, 13)).astype(np.float32)
    where = Stretches(np.arange(40), np.zeros(40, int), np.full(40, FRAMES))

    def changed(variation: Variation) -> np.ndarray:
        found: np.ndarray = varied(frames, where, variation, np.random.default_rng(1))[..., 0]
        return found

    still = changed(STILL)
    np.testing.assert_allclose(still, frames[:, :FRAMES], atol=1e-4)
    shifted = changed(Variation(0, 0, 0, 0.5, 0)) - still
    np.testing.assert_allclose(shifted, shifted[:, :1].repeat(FRAMES, axis=1), atol=1e-5)
    assert 0.4 < shifted.std() < 0.6
    louder = changed(Variation(0, 0, 0, 0, 0.5)) - still
    assert 0.3 < louder[:, :, 0].std() < 0.7
    np.testing.assert_allclose(louder[:, :, 1:], 0, atol=1e-5)
    gained = changed(Variation(0, 0, 0.5, 0, 0))
    np.testing.assert_allclose(gained.mean(axis=1), still.mean(axis=1), atol=1e-5)
    assert 0.4 < np.log(gained.std(axis=1) / still.std(axis=1)).std() < 0.6
    mixed = changed(Variation(0, 1, 0, 0, 0))
    assert 0.6 < mixed.std() < 0.95
