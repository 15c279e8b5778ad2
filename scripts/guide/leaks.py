"""How much of an accuracy is memory: one nearest neighbour, on each way of parting recordings.

It learns nothing: it says of a window what the most similar one was. Where windows are parted at
random, the most similar one was cut from the same recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tflint_reference_models.car_sensor import data as car_data
from tflint_reference_models.dataset import Dataset, Floats, Integers, Split
from tflint_reference_models.motion_sense import data as motion_data
from tflint_reference_models.motion_sense.features import bands
from tflint_reference_models.music_classifier import data as music_data

_MOST_TESTED = 3000
_CHUNK = 500


def leaks(folder: Path) -> dict[str, Any]:
    """The mean recall of the neighbour, by application and by what was kept together.

    What is asked about are the windows that networks are chosen by; no test is touched.
    """
    return {
        "motion_sense": _motion(folder),
        "car_sensor": _car(folder),
        "music_classifier": _music(folder),
    }


def _motion(folder: Path) -> dict[str, Any]:
    windows = motion_data.windows(motion_data.recordings(folder))
    features = bands(windows.inputs)
    return {
        "at random": _recall(windows, features, [motion_data.random_split(windows)]),
        "subject": _recall(windows, features, [motion_data.split(windows)]),
    }


def _car(folder: Path) -> dict[str, Any]:
    recorded = car_data.recordings(folder)
    found: dict[str, Any] = {}
    for kind in ("session", "user"):
        # Raw readings as the original took them: 100, each second half of which is the next's.
        windows = car_data.windows(recorded, kind, 100, 50)
        if kind == "session":
            at_random = [car_data.random_split(windows)]
            found["at random"] = _recall(windows, windows.inputs, at_random)
        found[kind] = _recall(windows, windows.inputs, car_data.folds(windows))
    return found


def _music(folder: Path) -> dict[str, Any]:
    recorded = music_data.recordings(folder)
    windows = music_data.windows(recorded)
    filtered = music_data.filtered_windows(recorded)
    return {
        "at random": _recall(windows, _means(windows), [music_data.random_split(windows)]),
        "song": _recall(windows, _means(windows), music_data.song_folds(windows)),
        "artist": _recall(filtered, _means(filtered), music_data.artist_folds(filtered, recorded)),
    }


def _means(windows: Dataset) -> Floats:
    """Mean and standard deviation of each coefficient over the frames."""
    frames = windows.inputs[..., 0]
    found: Floats = np.concatenate([frames.mean(axis=1), frames.std(axis=1)], axis=1)
    return found


def _recall(windows: Dataset, features: Floats, splits: Sequence[Split]) -> float:
    """The mean recall over all that the splits choose by."""
    flat = features.reshape(len(features), -1).astype(np.float32)
    decided: list[Integers] = []
    labels: list[Integers] = []
    for split in splits:
        asked = np.random.default_rng(0).permutation(split.validation)[:_MOST_TESTED]
        middle, spread = flat[split.train].mean(axis=0), flat[split.train].std(axis=0) + 1e-6
        known, wanted = ((flat[some] - middle) / spread for some in (split.train, asked))
        decided.append(windows.labels[split.train[nearest(known, wanted)]])
        labels.append(windows.labels[asked])
    truth, answers = np.concatenate(labels), np.concatenate(decided)
    recalls = [float(np.mean(answers[truth == label] == label)) for label in np.unique(truth)]
    return float(np.mean(recalls))


def nearest(known: Floats, wanted: Floats) -> Integers:
    """The place of the most similar of the known ones, (n, values), for each wanted one."""
    squares = np.square(known).sum(axis=1)
    found = [
        (squares - 2 * (wanted[start : start + _CHUNK] @ known.T)).argmin(axis=1)
        for start in range(0, len(wanted), _CHUNK)
    ]
    return np.concatenate(found).astype(np.int64)
