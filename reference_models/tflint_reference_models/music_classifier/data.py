"""Songs of the GTZAN collection: ten genres, half a minute each, as coefficients.

The collection has songs more than once, and many of one artist (Sturm, "The GTZAN dataset: its
contents, its faults, their effects on evaluation, and its future use", arXiv:1306.1461). What is
known of that is used here: windows of one song, or of one artist, are never on two sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflint.errors import UsageError
from tflint_reference_models.data_folder import Recorded, Source, read_recorded
from tflint_reference_models.dataset import (
    Dataset,
    Floats,
    Integers,
    Split,
    dealt,
    split_at_random,
    split_by_group,
)
from tflint_reference_models.music_classifier.features import FRAMES, PIECE, RECIPE

SOURCE = Source(
    title="GTZAN genre collection, coefficients of 999 songs",
    author="G. Tzanetakis and P. Cook, 2002; artists and folds: J. Foleiss and T. Tavares, 2020",
    licence="none: commercial recordings, for research; features only, and not passed on",
    how=(
        "Pictures of mel spectrograms: github TanmayEL/music_genre_classification@738f33d"
        " `data/spectrograms` and jimonld2000/Musical-genre-classifier@828b965 `data`, turned"
        " back to levels; folds: julianofoleiss/gtzan_sturm_filter_3folds_stratified@09de274"
    ),
)

FILE = "gtzan_more_q8.npz"
LENGTH = 1290  # frames of a song
PIECES = 6  # windows of five seconds in half a minute
# As the original cuts them; the last is three frames earlier, where its frames end.
STARTS = tuple(min(round(piece * PIECE / RECIPE.hop), LENGTH - FRAMES) for piece in range(PIECES))
ARTIST_FOLDS, SONG_FOLDS = 3, 5
VALIDATION_PART = 6  # one of so many groups that are not tested on chooses
SEED = 9

NEEDED: dict[str, tuple[int | None, ...]] = {
    "mfcc_q": (None, LENGTH, RECIPE.coefficients),
    "scale": (RECIPE.coefficients,),
    "genres": (10,),
    "genre": (None,),
    "song_no": (None,),
    "artist": (None,),
    "fold": (None,),
    "dup_group": (None,),
}

# Songs that are one recording, besides those whose pictures are equal byte by byte. Shifted by up
# to 32 frames they differ by at most 0.53 standard deviations (root mean square); the next pair,
# two songs of one album, by 0.63.
REPEATED: dict[str, tuple[tuple[int, ...], ...]] = {
    "disco": ((50, 51, 70), (55, 60, 89)),
    "jazz": (
        (33, 51), (34, 53), (35, 55), (36, 58), (37, 60),
        (39, 65), (40, 67), (42, 68), (45, 71), (46, 72),
    ),
    "pop": ((15, 22), (30, 31), (45, 46), (47, 80), (52, 57), (56, 59), (87, 90)),
    "reggae": ((73, 74), (75, 91, 92), (80, 81, 82)),
}  # fmt: skip


@dataclass(frozen=True)
class Recordings:
    """Songs as coefficients.

    `steps` (songs, 1290, 13) int8 are multiples of `scale` (13,). `genre` are places in `genres`,
    `song` numbers within a genre. `recording` is equal where two songs are the same. `artist` is
    -1 and `fold` is 0 where songs are left out of the artist-filtered folds 1 to 3.
    """

    steps: NDArray[np.int8]
    scale: Floats
    genres: tuple[str, ...]
    genre: Integers
    song: Integers
    recording: Integers
    artist: Integers
    fold: Integers
    sha256: tuple[tuple[str, str], ...] = ()

    def frames(self, song: int) -> Floats:
        """The coefficients of a song, (1290, 13), to cut windows from anywhere."""
        return np.asarray(self.steps[song] * self.scale, np.float32)


def recordings(folder: Path) -> Recordings:
    """The songs in the folder's `gtzan_more_q8.npz`.

    Raises `UsageError` for a file that is not there, arrays that are missing or broken, and for
    artists who are in two folds.
    """
    held = read_recorded(folder, FILE, NEEDED, SOURCE)
    steps, scale, names = (held.arrays[key] for key in ("mfcc_q", "scale", "genres"))
    if steps.dtype != np.int8:
        raise broken("holds something else than int8 in `mfcc_q`")
    if scale.dtype.kind != "f" or not (np.isfinite(scale) & (scale > 0)).all():
        raise broken("holds something in `scale` that is no positive number")
    if names.dtype.kind != "U":
        raise broken("holds no names in `genres`")
    songs = len(steps)
    genre = whole(held, "genre", songs, 0, len(names) - 1)
    song = whole(held, "song_no", songs, 0)
    artist = whole(held, "artist", songs, -1)
    fold = whole(held, "fold", songs, 0, ARTIST_FOLDS)
    twins = whole(held, "dup_group", songs, -1)
    kept = fold > 0
    if (artist[kept] < 0).any():
        raise broken("has songs in a fold whose artist is not known")
    pairs = np.unique(np.stack([artist[kept], fold[kept]], axis=1), axis=0)
    if len(np.unique(pairs[:, 0])) != len(pairs):
        raise broken("has artists in more than one fold")
    genres = tuple(str(name) for name in names)
    return Recordings(
        steps,
        np.asarray(scale, np.float32),
        genres,
        genre,
        song,
        same_recordings(genres, genre, song, twins),
        artist,
        fold,
        ((held.name, held.sha256),),
    )


def broken(what: str) -> UsageError:
    """The error for a file that is not what it should be."""
    return UsageError(f"`{FILE}` {what}")


def whole(held: Recorded, key: str, songs: int, least: int, most: int = 32767) -> Integers:
    """An array of integers from `least` to `most`, one a song."""
    array = held.arrays[key]
    if array.dtype.kind not in "iu" or len(array) != songs:
        raise broken(f"holds no integer for each of {songs} songs in `{key}`")
    if songs and not least <= int(array.min()) <= int(array.max()) <= most:
        raise broken(f"holds something in `{key}` that is not from {least} to {most}")
    return np.asarray(array, np.int64)


def same_recordings(
    genres: tuple[str, ...], genre: Integers, song: Integers, twins: Integers
) -> Integers:
    """A number for each song, equal where two are the same recording.

    `twins` are equal for songs whose pictures are, -1 for all others; two of them have different
    genres (metal 58 is rock 16), which no network can know.
    """
    by_name = {
        (genres[g], int(s)): place for place, (g, s) in enumerate(zip(genre, song, strict=True))
    }
    numbers = np.arange(len(song))
    sets = [np.flatnonzero(twins == twin).tolist() for twin in np.unique(twins[twins >= 0])]
    for name, repeats in REPEATED.items():
        for songs in repeats:
            sets.append([by_name[name, one] for one in songs if (name, one) in by_name])
    for places in sets:
        if places:
            joined = np.isin(numbers, numbers[places])
            numbers[joined] = numbers[places].min()
    return np.unique(numbers, return_inverse=True)[1].reshape(-1).astype(np.int64)


def windows(recorded: Recordings) -> Dataset:
    """Six windows of five seconds of each song, in their order: (6 x songs, 216, 13, 1).

    The group is the song, or the lot of songs that are one recording; window n is of song n // 6.
    """
    return cut(recorded, np.arange(len(recorded.song)), recorded.recording, "song")


def filtered_windows(recorded: Recordings) -> Dataset:
    """The same of the songs that are in an artist-filtered fold; the group is the artist.

    Left out are songs that are there twice or damaged, and what has no known artist. Window n is
    of song `np.flatnonzero(recorded.fold)[n // 6]`.
    """
    return cut(recorded, np.flatnonzero(recorded.fold), recorded.artist, "artist")


def cut(recorded: Recordings, songs: Integers, groups: Integers, kind: str) -> Dataset:
    """The windows of some songs."""
    inputs = np.empty((len(songs), PIECES, FRAMES, RECIPE.coefficients, 1), np.float32)
    for place, song in enumerate(songs.tolist()):
        frames = recorded.frames(song)
        for piece, start in enumerate(STARTS):
            inputs[place, piece, :, :, 0] = frames[start : start + FRAMES]
    return Dataset(
        "music_classifier",
        inputs.reshape(-1, *inputs.shape[2:]),
        np.repeat(recorded.genre[songs], PIECES),
        np.repeat(groups[songs], PIECES),
        recorded.genres,
        kind,
        recorded.sha256,
    )


def split(dataset: Dataset, recorded: Recordings) -> Split:
    """The honest split where one is asked for: the first artist-filtered fold is tested on."""
    return artist_folds(dataset, recorded)[0]


def artist_folds(dataset: Dataset, recorded: Recordings) -> tuple[Split, ...]:
    """Three splits of `filtered_windows`: each artist is tested on once.

    Of the artists of the other two folds a sixth, as even in genres as they allow, chooses. Raises
    `ValueError` for windows whose groups are not artists.
    """
    if dataset.group_kind != "artist":
        raise ValueError("artist-filtered folds are of `filtered_windows`")
    tests = [
        np.unique(recorded.artist[recorded.fold == fold]) for fold in range(1, ARTIST_FOLDS + 1)
    ]
    return tuple(turn(dataset, test) for test in tests)


def song_folds(dataset: Dataset) -> tuple[Split, ...]:
    """Five splits of `windows`: each song is tested on once, with all that is the same recording.

    Songs of one artist are on both sides: figures are higher than a song of somebody new would
    give. Raises `ValueError` for windows whose groups are not songs.
    """
    if dataset.group_kind != "song":
        raise ValueError("song-disjoint folds are of `windows`")
    tests = dealt(dataset, np.unique(dataset.groups), SONG_FOLDS, SEED)
    return tuple(turn(dataset, np.array(test)) for test in tests)


def turn(dataset: Dataset, test: Integers) -> Split:
    """Test on some groups, choose by a sixth of the others."""
    others = np.setdiff1d(dataset.groups, test)
    if len(others) < VALIDATION_PART:
        raise ValueError(f"{len(others)} groups to train on and to choose by")
    rest = dataset.chosen(np.flatnonzero(np.isin(dataset.groups, others)))
    # The most even of the parts: one artist has 29 of 88 reggae songs, and is to be trained on.
    fair = np.bincount(rest.labels, minlength=len(dataset.classes)) / VALIDATION_PART
    parts = [
        (float(np.square(labels_of(rest, part) - fair).sum()), part)
        for part in dealt(rest, others, VALIDATION_PART, SEED)
    ]
    return split_by_group(dataset, test.tolist(), min(parts)[1])


def labels_of(dataset: Dataset, groups: list[int]) -> Integers:
    """How many windows of each class some groups have."""
    chosen = dataset.labels[np.isin(dataset.groups, groups)]
    return np.bincount(chosen, minlength=len(dataset.classes)).astype(np.int64)


def random_split(dataset: Dataset, seed: int = SEED) -> Split:
    """The original's split: windows at random, a quarter to test and 15 % to choose by.

    Five seconds of a song are tested on, the five before and after are trained on.
    """
    return split_at_random(dataset, test=0.25, validation=0.15, seed=seed)
