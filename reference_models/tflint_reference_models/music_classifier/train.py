"""How MusicClassifier's networks are trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from tflint_reference_models.application import (
    CHOSEN,
    ORIGINAL,
    Application,
    Experiment,
    Goal,
    Measure,
    Published,
    Recipe,
    Samples,
    Task,
    Trained,
)
from tflint_reference_models.dataset import Dataset, Floats, Integers, Split
from tflint_reference_models.music_classifier import data, model
from tflint_reference_models.music_classifier.augmentation import Variation, stretches, varied
from tflint_reference_models.music_classifier.features import standardised
from tflint_reference_models.music_classifier.prose import PROSE
from tflint_reference_models.music_classifier.teacher import Machine, fitted
from tflint_reference_models.network import build

VARIATION = Variation()


@dataclass(frozen=True)
class Parted:
    """Windows of songs, and how they are parted; window n is of `songs[n // 6]`.

    `learned` are the places of those that are trained on: where nothing is left to choose, those
    that were chosen by as well.
    """

    windows: Dataset
    songs: Integers
    split: Split
    learned: Integers


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the network is taught: varied windows, and a kernel machine's answers to them.

    `copies` of each window are varied, and taken in turn: it takes longer to make an epoch than to
    learn from it. `ridge` and `width` are the machine's, `sharpness` that of its answers.
    """

    copies: int
    ridge: float
    width: float = 0.7
    sharpness: float = 3.0
    variation: Variation = VARIATION


def by_artist(recorded: data.Recordings, fold: int) -> Parted:
    """The artist-filtered folds."""
    windows = data.filtered_windows(recorded)
    split = data.artist_folds(windows, recorded)[fold]
    learned = np.union1d(split.train, split.validation)
    return Parted(windows, np.flatnonzero(recorded.fold), split, learned)


def by_song(recorded: data.Recordings, fold: int) -> Parted:
    """Folds of songs, artists are on both sides."""
    windows = data.windows(recorded)
    split = data.song_folds(windows)[fold]
    learned = np.union1d(split.train, split.validation)
    return Parted(windows, np.arange(len(recorded.song)), split, learned)


def at_random(recorded: data.Recordings, fold: int) -> Parted:
    """The original's split."""
    windows = data.windows(recorded)
    split = data.random_split(windows)
    return Parted(windows, np.arange(len(recorded.song)), split, split.train)


Parting = Callable[[data.Recordings, int], Parted]


def taught(parting: Parting, lessons: Lessons, folder: Path, fold: int, seed: int) -> Task:
    """Varied windows as rows of coefficients (216, 1, 13), and what the teacher answers to them.

    Raises `UsageError` for recordings that are missing or broken.
    """
    recorded = data.recordings(folder)
    parted = parting(recorded, fold)
    windows, train = parted.windows, parted.learned
    where = stretches(train, parted.songs)

    @lru_cache(maxsize=1)
    def songs() -> Floats:
        return standardised(recorded.steps * recorded.scale)

    @lru_cache(maxsize=1)
    def teacher() -> Machine:
        inputs, labels = standardised_windows(windows, train), windows.labels[train]
        return fitted(inputs, labels, len(windows.classes), lessons.ridge, lessons.width)

    @lru_cache(maxsize=lessons.copies)
    def copy(number: int) -> Samples:
        rng = np.random.default_rng((seed, number))
        made = varied(songs(), where, lessons.variation, rng)
        answers = teacher().answers(made, lessons.sharpness)
        return Samples(as_rows(made), windows.labels[train], answers=answers)

    return task(parted, lambda epoch: copy(epoch % lessons.copies), as_rows)


def as_they_are(parting: Parting, folder: Path, fold: int, seed: int) -> Task:
    """Windows and their genres, as the original was trained.

    Raises `UsageError` for recordings that are missing or broken.
    """
    parted = parting(data.recordings(folder), fold)
    train = parted.learned
    learned = Samples(standardised_windows(parted.windows, train), parted.windows.labels[train])
    return task(parted, lambda epoch: learned, lambda inputs: inputs)


def task(
    parted: Parted, epoch: Callable[[int], Samples], taking: Callable[[Floats], Floats]
) -> Task:
    """What is tested on, and watched by."""
    windows, split = parted.windows, parted.split

    def samples(places: Integers) -> Samples:
        return Samples(
            taking(standardised_windows(windows, places)),
            windows.labels[places],
            groups=windows.groups[places],
            group_kind=windows.group_kind,
            runs=parted.songs[places // data.PIECES],
        )

    return Task(
        windows.classes,
        epoch,
        taking(standardised_windows(windows, parted.learned[::10])),
        samples(split.validation),
        samples(split.test),
        votes=VOTES if split.is_honest else {},
        trained_samples=len(parted.learned),
        trained_groups=len(np.unique(windows.groups[parted.learned])),
        sha256=windows.sha256,
    )


def standardised_windows(windows: Dataset, places: Integers) -> Floats:
    """Some of the windows (n, 216, 13, 1), standardised."""
    return standardised(windows.inputs[places, :, :, 0])[..., np.newaxis]


def as_rows(windows: Floats) -> Floats:
    """Windows (n, 216, 13, 1) as our network takes them: (n, 216, 1, 13)."""
    return np.ascontiguousarray(windows.transpose(0, 1, 3, 2))


VOTES = {"mean of a whole song (30 s)": 0}
# About somebody new it is to be smooth; about seconds of songs that are known, near its examples.
LESSONS = Lessons(copies=16, ridge=1.0)
SONG_LESSONS = Lessons(copies=24, ridge=0.3, sharpness=4.0, variation=Variation(mixed=0.25))
RANDOM_LESSONS = Lessons(copies=20, ridge=0.05, sharpness=4.0, variation=Variation(mixed=0.25))
RECIPE = Recipe(epochs=56, batch=128, rate=4e-3)
SONG_RECIPE = replace(RECIPE, epochs=110)
RANDOM_RECIPE = replace(RECIPE, epochs=110)
ORIGINAL_RECIPE = Recipe(epochs=20, batch=32, rate=1e-3)
# What it can remember takes it longer.
RANDOM_ORIGINAL_RECIPE = replace(ORIGINAL_RECIPE, epochs=40)


def _experiment(
    name: str, title: str, parting: Parting, folds: int, lessons: Lessons, recipe: Recipe
) -> Experiment:
    is_honest = parting is not at_random
    theirs = ORIGINAL_RECIPE if is_honest else RANDOM_ORIGINAL_RECIPE
    return Experiment(
        name,
        title,
        is_honest,
        {
            CHOSEN: Trained(
                partial(build, model.CHOSEN), recipe, partial(taught, parting, lessons), folds
            ),
            ORIGINAL: Trained(model.original, theirs, partial(as_they_are, parting), folds),
        },
    )


APPLICATION = Application(
    "music_classifier",
    "MusicClassifier",
    "Blues, classical, country, disco, hip-hop, jazz, metal, pop, reggae or rock, from five seconds"
    " of music.",
    (data.SOURCE,),
    43_008,
    (
        Published("float32", 159, None, "reduced"),
        Published("float16", 79.5, None, "reduced"),
        Published("dynamic", 42, 88.45, "windows at random"),
    ),
    (
        _experiment("artist", "by artist, 3 folds", by_artist, data.ARTIST_FOLDS, LESSONS, RECIPE),
        _experiment("song", "by song, 2 of 5 folds", by_song, 2, SONG_LESSONS, SONG_RECIPE),
        _experiment(
            "random",
            "windows at random, as the original did",
            at_random,
            1,
            RANDOM_LESSONS,
            RANDOM_RECIPE,
        ),
    ),
    prose=PROSE,
    goals=(
        Goal("artist", Measure.ACCURACY, 0.529, "5 points over an SVM on statistics"),
        Goal("song", Measure.ACCURACY, 0.761, "5 points over an SVM on statistics"),
        Goal("random", Measure.ACCURACY, 0.8845, "published for the original"),
    ),
)
