"""Recordings of US-TMD: nine people with phones, in cars, buses and trains, still and walking.

The file `car.npz` holds raw accelerometer readings in m/s² with gravity, segment after segment.
Android delivers them when it likes: half of the steps between two are over 50 to 500 ms,
depending on the phone, and a window of 100 readings lasts 5.7 to 46 seconds.

What would make a figure too good, and what is done about it:

- windows overlap, and those of a session are much alike: `split` parts by session or by user;
- sessions 20 and 21 of one user hold stretches of the same readings: one session here;
- users 0 and 7 may be one person: one user here;
- how fast a phone delivers says whose phone it is, and so, in this data, what its owner did
  most: `Segment` keeps the times, the windows have none, and networks see readings alone.

Not the data of the original, which was another public set; same task and shape of window.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tflint.errors import UsageError
from tflint_reference_models import runs
from tflint_reference_models.data_folder import Source, read_recorded
from tflint_reference_models.dataset import (
    Dataset,
    Floats,
    Integers,
    Split,
    group_folds,
    split_at_random,
)

SOURCE = Source(
    "US-TMD (C. Carpineti, V. Lomonaco, L. Bedogni, M. Di Felice, L. Bononi: Custom dual"
    " transportation mode detection by smartphone devices exploiting sensor diversity, PerCom"
    " workshops 2018)",
    "Vincenzo Lomonaco",
    "MIT",
    "Public on GitHub as vlomonaco/US-TransportationMode; the module `car_sensor/data.py` says"
    " which arrays are made of its `_RawDataOriginal`",
)
RECORDINGS = "car.npz"
CLASSES = ("not in a vehicle", "in a vehicle")
ACTIVITIES = ("Car", "Bus", "Train", "Still", "Walking")
IN_A_VEHICLE = frozenset({0, 1, 2})  # places in `ACTIVITIES`
USERS = 9

WINDOW, STRIDE = 100, 50  # readings; the original's window

SAME_SESSION = {21: 20}
SAME_USER = {7: 0}

NEEDED = {
    "acc": (None, 3),  # whole numbers; times `scale` in m/s²
    "scale": (),
    "dt_ms": (None,),  # since the reading before; 0 where a segment begins
    "seg_len": (None,),  # readings
    "seg_label": (None,),  # place in `label_names`
    "seg_user": (None,),  # 0 to 8
    "seg_session": (None,),
    "label_names": (len(ACTIVITIES),),
}

Group = Literal["session", "user"]


@dataclass(frozen=True)
class Segment:
    """Readings without a gap: acceleration (readings, 3) in m/s² with gravity, and when.

    `steps` are the milliseconds since the reading before. `session` and `user` are those that
    must not be parted: of sessions or users that are one, the first.
    """

    acceleration: Floats
    steps: Floats
    activity: int  # place in `ACTIVITIES`
    session: int
    user: int

    @property
    def label(self) -> int:
        """The place of its class in `CLASSES`."""
        return int(self.activity in IN_A_VEHICLE)


@dataclass(frozen=True)
class Recordings:
    """All segments of the file, and its SHA-256."""

    segments: tuple[Segment, ...]
    sha256: str


def recordings(folder: Path) -> Recordings:
    """The segments. Raises `UsageError` for a file that is missing or broken."""
    recorded = read_recorded(folder, RECORDINGS, NEEDED, SOURCE)
    runs.expect_names(recorded, "label_names", ACTIVITIES)
    scale = runs.numbers(recorded, "scale")
    parts = runs.parted(recorded, "acc", "seg_len")
    steps = runs.parted(recorded, "dt_ms", "seg_len")
    activities = runs.whole_numbers(recorded, "seg_label", 0, len(ACTIVITIES) - 1)
    users = runs.whole_numbers(recorded, "seg_user", 0, USERS - 1)
    sessions = runs.whole_numbers(recorded, "seg_session", 0, 9999)
    if not len(parts) == len(activities) == len(users) == len(sessions):
        raise UsageError(f"{RECORDINGS} has not one label, user and session a segment")
    segments = (
        Segment(
            part * scale,
            step,
            int(activity),
            SAME_SESSION.get(int(session), int(session)),
            SAME_USER.get(int(user), int(user)),
        )
        for part, step, activity, session, user in zip(
            parts, steps, activities, sessions, users, strict=True
        )
    )
    return Recordings(tuple(segments), recorded.sha256)


def windows(
    recorded: Recordings, by: Group = "session", length: int = WINDOW, stride: int = STRIDE
) -> Dataset:
    """Windows (length, 3) in m/s² with gravity, one each `stride` readings, grouped as asked.

    A network takes `features` of them. Raises `UsageError` where no segment is as long.
    """
    parts = [runs.cut(segment.acceleration, length, stride) for segment in recorded.segments]
    counts = [len(part) for part in parts]
    if not sum(counts):
        raise UsageError(f"no recording in {RECORDINGS} is {length} readings long")
    groups = [segment.session if by == "session" else segment.user for segment in recorded.segments]
    return Dataset(
        "CarSensor",
        np.concatenate(parts),
        np.repeat([segment.label for segment in recorded.segments], counts),
        np.repeat(groups, counts),
        CLASSES,
        by,
        ((RECORDINGS, recorded.sha256),),
    )


@dataclass(frozen=True)
class Cuts:
    """Where the windows were cut, in the order of `windows`.

    `readings` are those of all segments, one after the other: (readings, 3) in m/s². Of each
    window: the place of its `segments` in the recordings, the reading it `starts` with, and the
    `first` and `last` reading it could start with in that segment.
    """

    readings: Floats
    segments: Integers
    starts: Integers
    first: Integers
    last: Integers
    length: int

    def moved(self, by: Integers) -> Floats:
        """Windows that start so many readings later, none beyond its segment."""
        starts = np.clip(self.starts + by, self.first, self.last)
        found: Floats = self.readings[starts[:, np.newaxis] + np.arange(self.length)]
        return found


def cuts(recorded: Recordings, length: int = WINDOW, stride: int = STRIDE) -> Cuts:
    """Where `windows` cuts."""
    sizes = np.array([len(segment.acceleration) for segment in recorded.segments])
    counts = np.maximum(0, (sizes - length) // stride + 1)
    segments = np.repeat(np.arange(len(sizes)), counts)
    first = (np.cumsum(sizes) - sizes)[segments]
    within = np.arange(len(segments)) - (np.cumsum(counts) - counts)[segments]
    return Cuts(
        np.concatenate([segment.acceleration for segment in recorded.segments]),
        segments,
        first + within * stride,
        first,
        first + sizes[segments] - length,
        length,
    )


def activities(recorded: Recordings, length: int = WINDOW, stride: int = STRIDE) -> Integers:
    """The activity of each window, in the order of `windows`: which of them a network confuses."""
    of_segments = np.array([segment.activity for segment in recorded.segments])
    found: Integers = of_segments[cuts(recorded, length, stride).segments]
    return found


def folds(data: Dataset) -> tuple[Split, ...]:
    """Each group tested on once: five folds of sessions, or four of users, always the same.

    What the figure of a card is taken over: one fold holds too few sessions. There are but
    seven users, three of whom recorded most: each of them is a fold, and all others are the
    fourth. Raises `UsageError` for fewer groups.
    """
    count = 5 if data.group_kind == "session" else 4
    found = len(np.unique(data.groups))
    if found < count:
        raise UsageError(f"recordings of {found} {data.group_kind}s; at least {count} are needed")
    return group_folds(data, count, seed=0)


def split(data: Dataset) -> Split:
    """The honest split, by what the windows are grouped by: the first of the folds."""
    return folds(data)[0]


def random_split(data: Dataset, seed: int = 0) -> Split:
    """The original's: a fifth of the overlapping windows at random. Overstates."""
    return split_at_random(data, 0.2, 0.1, seed)
