"""Real inputs for the seed's networks from `../shared/data`, split so that no source is in both.

Values are what the networks were trained on: recurrence plots in [0, 1], raw accelerations in
m/s^2, MFCCs as they come out of librosa and python_speech_features.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

APPLICATIONS = ("MotionSense", "CarSensor", "MusicClassifier", "KeywordSpotting")
Array = NDArray[np.float32]


def seed_inputs(
    application: str, data: Path, *, calibration: int = 200, held_out: int = 400
) -> tuple[Array, Array]:
    """Inputs to calibrate on and others to measure on, each (samples, *shape without the batch).

    The two never share a subject, a session, a song or a speaker. Raises `KeyError` for an
    application that is none of the seed's.
    """
    values, groups = {
        "MotionSense": _motion_sense,
        "CarSensor": _car_sensor,
        "MusicClassifier": _music_classifier,
        "KeywordSpotting": _keyword_spotting,
    }[application](data)
    names = np.unique(groups)
    rng = np.random.default_rng(6)
    rng.shuffle(names)
    first = np.isin(groups, names[: len(names) // 2])
    parts = []
    for mask, count in ((first, calibration), (~first, held_out)):
        places = np.flatnonzero(mask)
        parts.append(values[np.sort(rng.permutation(places)[:count])])
    return parts[0], parts[1]


def _motion_sense(data: Path) -> tuple[Array, NDArray[Any]]:
    with np.load(data / "motionsense_rp32.npz", allow_pickle=False) as found:
        return (found["rp12"].astype(np.float32) / 100)[..., None], found["subject"]


def _car_sensor(data: Path) -> tuple[Array, NDArray[Any]]:
    with np.load(data / "car.npz", allow_pickle=False) as found:
        readings = found["acc"].astype(np.float32) * np.float32(found["scale"])
        windows, groups, start = [], [], 0
        for length, session in zip(found["seg_len"], found["seg_session"], strict=True):
            for first in range(start, start + int(length) - 99, 100):
                windows.append(readings[first : first + 100])
                groups.append(session)
            start += int(length)
    return np.stack(windows), np.asarray(groups)


def _music_classifier(data: Path) -> tuple[Array, NDArray[Any]]:
    with np.load(data / "gtzan_more_q8.npz", allow_pickle=False) as found:
        frames = found["mfcc_q"].astype(np.float32) * found["scale"].astype(np.float32)
    songs = frames.shape[0]
    # One piece a song, from another place in each.
    starts = (np.arange(songs) * 101) % (frames.shape[1] - 216)
    pieces = np.stack([frames[n, s : s + 216] for n, s in enumerate(starts)])
    return pieces[..., None], np.arange(songs)


def _keyword_spotting(data: Path) -> tuple[Array, NDArray[Any]]:
    with np.load(data / "speech_on.npz", allow_pickle=False) as found:
        values = found["clip_mfcc16"].astype(np.float32)[..., None]
        speakers = found["clip_speaker"].astype(str)
    unknown = np.char.add("clip ", np.arange(len(speakers)).astype(str))
    return values, np.where(speakers == "", unknown, speakers)
