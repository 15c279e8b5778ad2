"""How CarSensor's networks are trained, and what on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

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
from tflint_reference_models.car_sensor import data, model
from tflint_reference_models.car_sensor.features import axes, movement
from tflint_reference_models.car_sensor.prose import PROSE
from tflint_reference_models.dataset import Dataset, Floats, Integers, Split
from tflint_reference_models.network import build

SESSIONS, USERS = 5, 4  # folds
# Ways that the training windows are varied, in turn.
VARIANTS = 5
# How far a varied window may start from where it is cut, in readings, and the spread of its gain.
FARTHEST, GAIN = data.STRIDE // 2, 0.1
# A decision each 50 readings.
FIVE = "mean of the last five answers"
VOTES = {FIVE: 5, "mean of the last ten answers": 10}
# Training windows for each one that ranges are calibrated with.
CALIBRATION = 8

Parted = Literal["session", "user", "at random"]


@dataclass(frozen=True)
class Protocol:
    """How the recordings are cut, parted, and made inputs."""

    features: Callable[[Floats], Floats]  # (n, readings, 3) in m/s² to what the network takes
    parted: Parted = "session"
    readings: int = model.READINGS


def as_vector(windows: Floats) -> Floats:
    """Amounts as a network takes them: (n, 1, 1, 30)."""
    return movement(windows)[:, np.newaxis, np.newaxis, :]


def as_signal(windows: Floats) -> Floats:
    """Readings without gravity as the original's network takes them: (n, readings, 1, 3) in g."""
    return axes(windows)[:, :, np.newaxis, :]


def session_weights(labels: Integers, sessions: Integers) -> Floats:
    """How much each window counts in training (n,): both classes alike; in a class a session as
    the square root of its windows, as the tenth minute of a ride tells less than its first.
    """
    _, places, counts = np.unique(sessions, return_inverse=True, return_counts=True)
    found = 1 / np.sqrt(counts[places])
    for label in np.unique(labels):
        held = labels == label
        found[held] *= len(labels) / (len(np.unique(labels)) * found[held].sum())
    weights: Floats = found.astype(np.float32)
    return weights


def varied(cuts: data.Cuts, places: Integers, seed: int, variant: int) -> Floats:
    """Windows at these places, each begun a little earlier or later, and felt a little more or
    less: its deviations from its mean times exp(0.1 z), z normal. Variant 0 is as it is.
    """
    count = len(cuts.starts)
    if variant == 0:
        return cuts.moved(np.zeros(count, np.int64))[places]
    rng = np.random.default_rng((seed, variant))
    found = cuts.moved(rng.integers(-FARTHEST, FARTHEST + 1, count))[places]
    gain = np.exp(GAIN * rng.standard_normal((len(places), 1, 1))).astype(np.float32)
    mean = found.mean(axis=1, keepdims=True)
    felt: Floats = mean + (found - mean) * gain
    return felt


def task(protocol: Protocol, folder: Path, fold: int, seed: int) -> Task:
    """The training of a fold, on all groups that are not tested on.

    Nothing is chosen by the validation groups, not even a threshold, so they are trained on too;
    they are but watched. Raises `UsageError` for recordings that are missing or broken.
    """
    recorded = data.recordings(folder)
    by: data.Group = "user" if protocol.parted == "user" else "session"
    windows = data.windows(recorded, by, protocol.readings)
    split = _split(windows, protocol.parted, fold)
    cuts = data.cuts(recorded, protocol.readings)
    sessions = np.array([segment.session for segment in recorded.segments])[cuts.segments]
    learned = np.sort(np.concatenate([split.train, split.validation]))
    labels = windows.labels[learned]
    weights = session_weights(labels, sessions[learned])
    # Of windows at random it would show more of those that are tested on.
    variants = VARIANTS if split.is_honest else 1

    @lru_cache(maxsize=VARIANTS)
    def inputs(variant: int) -> Floats:
        return protocol.features(varied(cuts, learned, seed, variant))

    def as_they_are(places: Integers) -> Samples:
        return Samples(
            protocol.features(windows.inputs[places]),
            windows.labels[places],
            groups=windows.groups[places],
            group_kind=by,
            runs=cuts.segments[places],
        )

    return Task(
        windows.classes,
        lambda epoch: Samples(inputs(epoch % variants), labels, weights),
        inputs(0)[::CALIBRATION],
        as_they_are(split.validation),
        as_they_are(split.test),
        votes=VOTES if split.is_honest else {},
        trained_samples=len(labels),
        trained_groups=len(np.unique(windows.groups[learned])),
        sha256=windows.sha256,
    )


def _split(windows: Dataset, parted: Parted, fold: int) -> Split:
    return data.random_split(windows) if parted == "at random" else data.folds(windows)[fold]


def _networks(parted: Parted = "session", readings: int = model.READINGS) -> dict[str, Trained]:
    folds = {"session": SESSIONS, "user": USERS, "at random": 1}[parted]
    return {
        CHOSEN: Trained(
            partial(build, model.CHOSEN),
            Recipe(30, rate=8e-3, smoothing=0.05),
            partial(task, Protocol(as_vector, parted, readings)),
            folds=folds,
        ),
        ORIGINAL: Trained(
            partial(build, model.original(readings)),
            Recipe(80, rate=5e-3, smoothing=0.05),
            partial(task, Protocol(as_signal, parted, readings)),
            folds=folds,
        ),
    }


APPLICATION = Application(
    "car_sensor",
    "CarSensor",
    "In a vehicle (car, bus, train) or not (still, walking), from a phone's accelerometer.",
    (data.SOURCE,),
    2632,
    (
        Published("float32", 7.07, None, "1,811 weights"),
        Published("float16", 3.54, None, "1,811 weights"),
        Published("dynamic", 2.57, 95.0, "windows at random, of another public data set"),
    ),
    (
        Experiment("session", "by session", True, _networks()),
        Experiment(
            "short",
            f"by session, windows of {data.WINDOW} readings",
            True,
            _networks(readings=data.WINDOW),
        ),
        Experiment("user", "by user", True, {CHOSEN: _networks("user")[CHOSEN]}),
        Experiment(
            "random", "windows at random, as the original did", False, _networks("at random")
        ),
    ),
    prose=PROSE,
    goals=(
        Goal("session", Measure.BALANCED, 0.85, "a random forest reaches 82 % of short windows"),
        Goal("session", Measure.BALANCED, 0.85, "as a device may decide", FIVE),
        Goal("short", Measure.BALANCED, 0.85, "a random forest reaches 82 %"),
    ),
)
