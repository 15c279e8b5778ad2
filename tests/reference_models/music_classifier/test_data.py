"""Songs, and that no song and no artist is on two sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference_models.music_classifier.recorded import GENRES, arrays
from tests.reference_models.recorded_files import write
from tests.reference_models.shared_recordings import shared_recordings
from tflint.errors import UsageError
from tflint_reference_models.dataset import Dataset, Split
from tflint_reference_models.music_classifier.data import (
    FILE,
    PIECES,
    REPEATED,
    STARTS,
    Recordings,
    artist_folds,
    filtered_windows,
    random_split,
    recordings,
    song_folds,
    split,
    windows,
)


def read(folder: Path, held: dict[str, Any]) -> Recordings:
    write(folder / FILE, held)
    return recordings(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return read(tmp_path_factory.mktemp("data"), arrays())


def assert_disjoint(data: Dataset, parted: Split, keys: np.ndarray) -> None:
    """Nothing that has the same key is on two sides, and every window is on one."""
    sides = [parted.train, parted.validation, parted.test]
    assert all(len(side) for side in sides)
    assert sorted(np.concatenate(sides).tolist()) == list(range(data.count))
    for place, one in enumerate(sides):
        for other in sides[place + 1 :]:
            assert not set(keys[one].tolist()) & set(keys[other].tolist())


def assert_honest(recorded: Recordings) -> None:
    songs, artists = windows(recorded), filtered_windows(recorded)
    by_song, by_artist = song_folds(songs), artist_folds(artists, recorded)
    for parted in by_song:
        assert parted.is_honest
        assert_disjoint(songs, parted, np.repeat(recorded.recording, PIECES))
    kept = np.flatnonzero(recorded.fold)
    for fold, parted in enumerate(by_artist, 1):
        assert parted.is_honest
        assert_disjoint(artists, parted, np.repeat(recorded.artist[kept], PIECES))
        assert_disjoint(artists, parted, np.repeat(recorded.recording[kept], PIECES))
        assert set(np.repeat(recorded.fold[kept], PIECES)[parted.test].tolist()) == {fold}
    for data, folds in ((songs, by_song), (artists, by_artist)):
        tested = np.concatenate([parted.test for parted in folds])
        assert sorted(tested.tolist()) == list(range(data.count)), "each is tested on once"


def test_windows(small: Recordings) -> None:
    data = windows(small)
    assert data.inputs.shape == (120 * 6, 216, 13, 1)
    assert (data.classes, data.group_kind) == (GENRES, "song")
    np.testing.assert_allclose(
        data.inputs[7, :, :, 0],
        small.steps[1, STARTS[1] : STARTS[1] + 216] * np.linspace(2, 1, 13, dtype=np.float32),
        rtol=1e-6,
    )
    np.testing.assert_array_equal(data.labels, np.repeat(small.genre, 6))
    assert STARTS[-1] + 216 == 1290
    assert [name for name, _ in data.sha256] == [FILE]


def test_what_is_in_no_fold_is_left_out(small: Recordings) -> None:
    data = filtered_windows(small)
    assert data.count == 110 * 6
    assert data.group_kind == "artist"
    assert (data.groups >= 0).all()


def test_no_song_and_no_artist_is_on_two_sides(small: Recordings) -> None:
    assert_honest(small)
    assert len(np.unique(small.recording)) < 120


@given(st.integers(0, 999), st.integers(10, 14))
@settings(max_examples=5)
def test_it_is_honest_whatever_the_songs_are(
    tmp_path_factory: pytest.TempPathFactory, seed: int, each: int
) -> None:
    held = arrays(seed, each)
    held["mfcc_q"] = np.zeros_like(held["mfcc_q"])
    fold = np.random.default_rng(seed).integers(1, 4, 1000)[held["artist"]]
    held["fold"] = np.where(held["fold"] == 0, 0, fold).astype(np.int8)
    assert_honest(read(tmp_path_factory.mktemp("seed"), held))


def test_splits_are_fixed(small: Recordings) -> None:
    data = filtered_windows(small)
    parted = split(data, small)
    np.testing.assert_array_equal(parted.train, artist_folds(data, small)[0].train)
    np.testing.assert_array_equal(parted.test, split(data, small).test)


def test_the_original_split_is_named_as_such(small: Recordings) -> None:
    parted = random_split(windows(small))
    assert not parted.is_honest
    assert [len(parted.test), len(parted.validation), len(parted.train)] == [180, 108, 432]


def test_folds_are_of_their_own_windows(small: Recordings) -> None:
    with pytest.raises(ValueError, match="filtered_windows"):
        artist_folds(windows(small), small)
    with pytest.raises(ValueError, match="song-disjoint"):
        song_folds(filtered_windows(small))


def changed(key: str, place: int, value: int) -> np.ndarray:
    array = arrays()[key]
    array[place] = value
    return array


BREAKS = {
    "frames": ("mfcc_q", np.zeros((120, 1289, 13), np.int8), "has the shape"),
    "floats": ("mfcc_q", np.zeros((120, 1290, 13), np.float32), "else than int8"),
    "scale": ("scale", np.zeros(13, np.float32), "no positive number"),
    "nan": ("scale", np.full(13, np.nan), "no positive number"),
    "names": ("genres", np.arange(10), "no names"),
    "genre": ("genre", changed("genre", 3, 10), "not from 0 to 9"),
    "songs": ("song_no", np.zeros(119, np.int16), "each of 120 songs"),
    "number": ("song_no", np.zeros(120), "no integer"),
    "fold": ("fold", changed("fold", 3, 4), "not from 0 to 3"),
    "unknown": ("artist", changed("artist", 3, -1), "is not known"),
    "artist": ("artist", changed("artist", 3, 0), "more than one fold"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_broken_arrays_are_refused(tmp_path: Path, kind: str) -> None:
    key, array, words = BREAKS[kind]
    with pytest.raises(UsageError, match=words) as caught:
        read(tmp_path, {**arrays(), key: array})
    assert "\n" not in str(caught.value)
    assert FILE in str(caught.value)


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"GTZAN.*github"):
        recordings(tmp_path)


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    read(tmp_path, arrays())
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(UsageError, match=r"is no \.npz file"):
        recordings(tmp_path)


@pytest.fixture(scope="module")
def real() -> Recordings:
    return recordings(shared_recordings(FILE))


@pytest.mark.shared
def test_the_real_songs(real: Recordings) -> None:
    assert_honest(real)
    assert len(real.song) == 999
    assert np.bincount(real.genre).tolist() == [100] * 5 + [99] + [100] * 4
    assert len(np.unique(real.recording)) == 960
    data = filtered_windows(real)
    assert (data.count, len(np.unique(data.groups))) == (947 * 6, 411)
    assert (np.bincount(data.labels) // 6).tolist() == [
        100, 100, 100, 94, 98, 86, 91, 90, 88, 100,
    ]  # fmt: skip


@pytest.mark.shared
def test_repeated_songs_are_repeated(real: Recordings) -> None:
    """Each is held against the others of its lot: as near as no two songs are."""
    deviation = np.std(real.steps * real.scale, axis=(0, 1))
    for genre, lots in REPEATED.items():
        for lot in lots:
            for song in lot[1:]:
                pair = [
                    real.frames(int(np.flatnonzero(chosen)[0])) / deviation
                    for chosen in (
                        (real.genre == real.genres.index(genre)) & (real.song == number)
                        for number in (lot[0], song)
                    )
                ]
                assert min(apart(*pair, shift) for shift in range(-33, 34)) < 0.55


def apart(one: np.ndarray, other: np.ndarray, shift: int) -> float:
    first = one[max(shift, 0) : len(one) + min(shift, 0)]
    second = other[max(-shift, 0) : len(other) + min(-shift, 0)]
    return float(np.sqrt(np.square(first - second).mean()))


@pytest.mark.shared
def test_windows_are_those_of_the_original(real: Recordings) -> None:
    """Against pieces whose coefficients were computed from the sound; the last sees its end."""
    data = windows(real)
    deviation = np.std(real.steps * real.scale, axis=(0, 1))
    with np.load(shared_recordings("gtzan_mfcc.npz") / "gtzan_mfcc.npz") as held:
        pieces, genres, segments = held["seq216"], held["seq216_genre"], held["seq216_seg"]
    for piece, genre, segment in zip(pieces, genres, segments, strict=True):
        song = int(np.flatnonzero((real.genre == genre) & (real.song == 0))[0])
        found = data.inputs[song * PIECES + int(segment), :, :, 0]
        error = np.sqrt(np.square((found - piece.astype(np.float32)) / deviation).mean())
        assert error < (0.4 if segment < 5 else 1.2)
