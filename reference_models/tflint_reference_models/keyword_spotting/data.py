"""Recordings of Google's Speech Commands: one word a second, "on" among 29 others.

Most come as features only: whole word folders of v0.01, without their speakers. Clips with samples
are the official test set, as MLPerf Tiny draws it, and ten a word of v0.01. What leaks, and how it
is stopped, is said at `utterances` and `split`.
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
    split_at_random,
)
from tflint_reference_models.keyword_spotting.features import FRAMES, RATE, SECOND, SHAPE

SOURCE = Source(
    title="Speech Commands v0.01 and v0.02",
    author="P. Warden, Google, 2018 (arXiv:1804.03209)",
    licence="CC BY 4.0",
    how=(
        "Clips: github eembc/energyrunner@82ade41 `datasets/kws01-open/td_samples` and"
        " vinsis/speech-commands-recognition `speech_commands_v0.01`; features of word folders:"
        " dwivediagam/SpeechRecognition `*.npy` and, in the history of"
        " doremi31618/Python_ML_Speech_Recognition, `npy/*.npy`"
    ),
)

WORD = "on"
CLASSES = ("other", WORD)
# Every third, in the order of the alphabet, of the 20 words that the official test set calls
# unknown: chosen before anything was trained, and never trained on or chosen by.
UNHEARD = ("bed", "dog", "four", "marvin", "seven", "three", "wow")
OFFICIAL = ("train", "validation", "test")
# Features of one recording that two people computed are at most 22 apart, of two recordings at
# least 52 (Euclidean, whole frames of the recording only).
SAME = 35.0
VALIDATION_PART = 8  # one of so many utterances chooses
SEED = 9

ROWS: dict[str, tuple[int | None, ...]] = {
    "mfcc": (None, *SHAPE),
    "mfcc_label": (None,),
    "mfcc_raw_match": (None,),
}
CLIPS: dict[str, tuple[int | None, ...]] = {
    "clip_mfcc": (None, *SHAPE),
    "clip_label": (None,),
    "clip_split": (None,),
}
MORE: dict[str, tuple[int | None, ...]] = {**ROWS, "label_names": (None,)}
WAVES: dict[str, tuple[int | None, ...]] = {"wav": (None, SECOND), "fs": ()}


@dataclass(frozen=True)
class Recordings:
    """Features of words that were spoken once.

    `features` (n, 20, 11) are as they were stored, with zeros where a recording is shorter than a
    second. `words` are their names; `official` the official split, "" where it is not known;
    `utterances` numbers of recordings, equal where two are the same. `samples` (clips, 16000)
    belong to the last recordings, from `first_clip` on.
    """

    features: Floats
    words: NDArray[np.str_]
    official: NDArray[np.str_]
    utterances: Integers
    samples: NDArray[np.int16]
    first_clip: int
    sha256: tuple[tuple[str, str], ...] = ()


def recordings(folder: Path) -> Recordings:
    """The recordings in the folder's `speech_on.npz`, `speech_on_more.npz`, `speech_on_raw16k.npz`.

    Raises `UsageError` for files and arrays that are missing, broken or of another rate.
    """
    first = read_recorded(folder, "speech_on.npz", {**ROWS, **CLIPS}, SOURCE)
    more = read_recorded(folder, "speech_on_more.npz", MORE, SOURCE)
    waves = read_recorded(folder, "speech_on_raw16k.npz", WAVES, SOURCE)
    rate = number(waves, "fs")
    if rate != RATE:
        raise broken(waves, f"is of {rate} Hz, not {RATE}")
    samples, names = waves.arrays["wav"], more.arrays["label_names"]
    official = text(first, "clip_split")
    clips = len(official)
    if samples.dtype != np.int16 or len(samples) != clips:
        raise broken(waves, f"holds no {clips} clips of 16 bits")
    if not set(official.tolist()) <= set(OFFICIAL):
        raise broken(first, "knows another split than train, validation, test")
    places = whole(more, "mfcc_label", len(names))
    features = [values(first, "mfcc"), values(more, "mfcc"), values(first, "clip_mfcc")]
    words = [
        text(first, "mfcc_label"),
        text(more, "label_names")[places],
        text(first, "clip_label"),
    ]
    matches = [
        whole(first, "mfcc_raw_match", clips, -1),
        whole(more, "mfcc_raw_match", clips, -1),
        np.arange(clips),
    ]
    for held, *parts in (
        (first, features[0], words[0], matches[0]),
        (more, features[1], words[1], matches[1]),
        (first, features[2], words[2], official),
    ):
        if len({len(part) for part in parts}) != 1:
            raise broken(held, "holds arrays of different lengths")
    rows = len(words[0]) + len(words[1])
    every = np.concatenate(features)
    return Recordings(
        every,
        np.concatenate(words),
        np.concatenate([np.full(rows, ""), official]),
        utterances(every, np.concatenate(matches), rows),
        samples,
        rows,
        tuple((held.name, held.sha256) for held in (first, more, waves)),
    )


def broken(held: Recorded, what: str) -> UsageError:
    """The error for a file that is not what it should be."""
    return UsageError(f"`{held.name}` {what}")


def number(held: Recorded, key: str) -> int:
    """An array that is one integer."""
    array = held.arrays[key]
    if array.dtype.kind not in "iu":
        raise broken(held, f"holds no integer in `{key}`")
    return int(array)


def whole(held: Recorded, key: str, above: int, least: int = 0) -> Integers:
    """An array of integers from `least` to below `above`."""
    array = held.arrays[key]
    if array.dtype.kind not in "iu" or not np.isin(array, np.arange(least, above)).all():
        raise broken(held, f"holds something in `{key}` that is not from {least} to {above - 1}")
    return np.asarray(array, np.int64)


def text(held: Recorded, key: str) -> NDArray[np.str_]:
    """An array of names."""
    array = held.arrays[key]
    if array.dtype.kind != "U":
        raise broken(held, f"holds no names in `{key}`")
    return array


def values(held: Recorded, key: str) -> Floats:
    """An array of finite numbers."""
    array = held.arrays[key]
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise broken(held, f"holds something in `{key}` that is no finite number")
    return np.asarray(array, np.float32)


def lengths(features: Floats) -> Integers:
    """The frames of each recording (n, 20, 11) that are not zeros for want of samples."""
    return np.asarray(np.count_nonzero(np.abs(features).sum(axis=1), axis=1), np.int64)


def utterances(features: Floats, matches: Integers, rows: int) -> Integers:
    """Numbers of recordings (n, 20, 11), equal where two are the same utterance.

    `matches` are the clips that rows are known to equal, -1 where none is known; clips are the
    recordings from `rows` on. Known matches alone are not enough: clips are padded with silence to
    a second, rows with zeros in their features, so that the short ones did not match. Here rows are
    held against clips over the frames that lie wholly inside of them, and against each other as
    they are.
    """
    clips = features[rows:]
    valid = lengths(features[:rows])
    found = np.where(matches >= 0, matches, -1)
    for length in np.unique(valid):
        alike = max(int(length) - 2, 1)  # the last two see what comes after
        chosen = np.flatnonzero((valid == length) & (found[:rows] < 0))
        if not len(clips) or not len(chosen):
            continue
        near, distance = nearest(features[chosen, :, :alike], clips[:, :, :alike])
        same = distance < SAME
        found[chosen[same]] = near[same]
    # Rows that equal each other, or the same clip; clips that equal each other.
    flat = np.ascontiguousarray(features.reshape(len(features), -1)) + np.float32(0)
    _, twins = np.unique(flat, axis=0, return_inverse=True)
    return joined(found, twins.reshape(-1).astype(np.int64))


def nearest(some: Floats, others: Floats) -> tuple[Integers, NDArray[np.float64]]:
    """For each of some features the nearest of the others, and how far it is."""
    first = some.reshape(len(some), -1).astype(np.float64)
    second = others.reshape(len(others), -1).astype(np.float64)
    lengths_of = np.square(second).sum(axis=1)
    places, distances = [], []
    for start in range(0, len(first), 4096):  # bounded memory
        block = first[start : start + 4096]
        squares = np.square(block).sum(axis=1)[:, None] + lengths_of - 2 * block @ second.T
        place = squares.argmin(axis=1)
        places.append(place)
        distances.append(np.sqrt(np.maximum(squares[np.arange(len(block)), place], 0)))
    return np.concatenate(places), np.concatenate(distances)


def joined(clips: Integers, twins: Integers) -> Integers:
    """Numbers of recordings: one for all that are linked through a clip or a twin."""
    numbers = np.arange(len(twins))
    linked = clips >= 0
    while True:
        before = numbers.copy()
        for keys, places in (
            (twins, np.arange(len(twins))),
            (clips[linked], np.flatnonzero(linked)),
        ):
            least = np.full(int(np.max(keys, initial=0)) + 1, len(twins))
            np.minimum.at(least, keys, numbers[places])
            numbers[places] = least[keys]
        if np.array_equal(before, numbers):
            return np.unique(numbers, return_inverse=True)[1].reshape(-1).astype(np.int64)


def filled(features: Floats) -> Floats:
    """Features (n, 20, 11) in which what was too short goes on with its quietest frame.

    A twelfth of the rows end in frames of zeros, which no microphone gives: c0 of zero is loud.
    """
    result = np.array(features)
    valid = lengths(features)
    for place in np.flatnonzero((valid < FRAMES) & (valid > 0)):
        quietest = int(np.argmin(features[place, 0, : valid[place]]))
        result[place, :, valid[place] :] = features[place, :, quietest : quietest + 1]
    return result


def windows(recorded: Recordings) -> Dataset:
    """A window a recording, in their order: (n, 20, 11, 1), coefficient x frame.

    The classes are `other` and `on`, groups are utterances.
    """
    return Dataset(
        "keyword_spotting",
        filled(recorded.features)[..., None],
        (recorded.words == WORD).astype(np.int64),
        recorded.utterances,
        CLASSES,
        "utterance",
        recorded.sha256,
    )


def split(dataset: Dataset, recorded: Recordings) -> Split:
    """The official test clips to test on; of all others an eighth of the utterances to choose by.

    No utterance of the test, in whatever form, is anywhere else; nor is a word of `UNHEARD`. Of an
    utterance that is there twice one is trained on. What cannot be stopped: rows carry no speakers,
    so other utterances of the test's speakers (about a tenth of the rows), and of those that are
    chosen by, are trained on.
    """
    test = np.flatnonzero(recorded.official == "test")
    open_ = untested(dataset, recorded)
    rest = open_[~np.isin(recorded.words[open_], UNHEARD)]
    chosen = chosen_by(recorded.words[rest])
    return Split("official test clips", rest[~chosen], rest[chosen], test)


def chosen_by(words: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which utterances are chosen by: of each word one of `VALIDATION_PART`, at random."""
    chosen = np.zeros(len(words), np.bool_)
    rng = np.random.default_rng(SEED)
    for word in np.unique(words):
        places = rng.permutation(np.flatnonzero(words == word))
        chosen[places[: len(places) // VALIDATION_PART]] = True
    return chosen


def unheard(dataset: Dataset, recorded: Recordings) -> Integers:
    """Places of words that are never trained on and not in the official test: a second test."""
    open_ = untested(dataset, recorded)
    return open_[np.isin(recorded.words[open_], UNHEARD)]


def untested(dataset: Dataset, recorded: Recordings) -> Integers:
    """Places of utterances that the official test has in no form, one of each."""
    tested = dataset.groups[recorded.official == "test"]
    _, firsts = np.unique(dataset.groups, return_index=True)
    return np.sort(firsts[~np.isin(dataset.groups[firsts], tested)]).astype(np.int64)


def random_split(dataset: Dataset, seed: int = SEED) -> Split:
    """The original's split: a fifth to test, a tenth to choose by, whatever they were cut from."""
    return split_at_random(dataset, test=0.2, validation=0.1, seed=seed)
