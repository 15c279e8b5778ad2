"""Recordings of MotionSense: 24 people, six activities, an iPhone in the front pocket.

The file `motionsense.npz` holds the accelerometer (`B_Accelerometer_data`: total acceleration
in g, 50 a second) of 360 trials, one after the other. `motionsense_rp32.npz` holds what the
original network took instead: one recurrence plot of a whole trial's device motion.

What would make a figure too good, and what is done about it:

- windows of a trial overlap, and a person walks alike in all trials: `split` parts by subject;
- trial 13 of subject 1 is trial 5 once more, to the last bit, in both files: left out;
- the original's table had 24 rows of zeros among its 384, all labelled "stairs", which any
  network tells from the rest: they are not in the file, and are not made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflint.errors import UsageError
from tflint_reference_models import runs
from tflint_reference_models.data_folder import Source, read_recorded
from tflint_reference_models.dataset import (
    Dataset,
    Floats,
    Split,
    group_folds,
    split_at_random,
    split_by_group,
)

SOURCE = Source(
    "MotionSense (M. Malekzadeh, R. G. Clegg, A. Cavallaro, H. Haddadi: Protecting sensory data"
    " against sensitive inferences, W-P2DS 2018)",
    "Mohammad Malekzadeh",
    "MIT",
    "Public on GitHub as mmalekzadeh/motion-sense; the module `motion_sense/data.py` says which"
    " arrays are made of it",
)
RECORDINGS, PLOTS = "motionsense.npz", "motionsense_rp32.npz"
CLASSES = ("stairs", "walking or jogging", "sitting or standing")
ACTIVITIES = ("dws", "ups", "wlk", "jog", "sit", "std")
RATE = 50  # hertz
SUBJECTS = 24

# 5.12 s hold several steps: among the 18 subjects that are not tested on, parted by subject, a
# linear classifier of spectra and statistics is right in 94.2 % of them, in 92.8 % of 2.56 s. A
# power of two makes the mean a shift and the spectrum one FFT.
WINDOW, STRIDE = 256, 128

# Each fourth subject, named before anything was trained; three of the others to choose by.
TEST_SUBJECTS = (4, 8, 12, 16, 20, 24)
VALIDATION_SUBJECTS = (2, 10, 18)

# (subject, trial) whose recording is another's once more: trial 5 of the same subject.
COPIES = frozenset({(1, 13)})

NEEDED = {
    "acc": (None, 3),  # whole numbers; times `scale` in g
    "scale": (),
    "fs": (),  # hertz
    "trial_len": (None,),  # readings
    "trial_act": (None,),  # place in `act_names`
    "trial_subject": (None,),  # 1 to 24
    "trial_no": (None,),  # 1 to 16
    "act_names": (len(ACTIVITIES),),
}
NEEDED_PLOTS = {
    "rp12": (None, 32, 32),  # distances in steps of 0.1, at most 100
    "label": (None,),  # place in `CLASSES`
    "subject": (None,),  # 1 to 24
    "trial": (None,),  # `sit_13`
}


@dataclass(frozen=True)
class Trial:
    """A recording: acceleration (readings, 3) in g with gravity, at 50 Hz."""

    acceleration: Floats
    activity: int  # place in `ACTIVITIES`
    subject: int  # 1 to 24
    number: int

    @property
    def label(self) -> int:
        """The place of its class in `CLASSES`."""
        return self.activity // 2


@dataclass(frozen=True)
class Recordings:
    """All trials of the file, and its SHA-256."""

    trials: tuple[Trial, ...]
    sha256: str


def recordings(folder: Path) -> Recordings:
    """The trials, without the one that is there twice.

    Raises `UsageError` for a file that is missing or broken, of another rate or other activities.
    """
    recorded = read_recorded(folder, RECORDINGS, NEEDED, SOURCE)
    rate = float(runs.numbers(recorded, "fs"))
    if rate != RATE:
        raise UsageError(f"`fs` in {RECORDINGS} is {rate:g} Hz; {RATE} Hz is needed")
    runs.expect_names(recorded, "act_names", ACTIVITIES)
    scale = runs.numbers(recorded, "scale")
    parts = runs.parted(recorded, "acc", "trial_len")
    activities = runs.whole_numbers(recorded, "trial_act", 0, len(ACTIVITIES) - 1)
    subjects = runs.whole_numbers(recorded, "trial_subject", 1, SUBJECTS)
    numbers = runs.whole_numbers(recorded, "trial_no", 1, 99)
    if not len(parts) == len(activities) == len(subjects) == len(numbers):
        raise UsageError(f"{RECORDINGS} has not one activity, subject and number a trial")
    trials = (
        Trial(part * scale, int(activity), int(subject), int(number))
        for part, activity, subject, number in zip(
            parts, activities, subjects, numbers, strict=True
        )
        if (subject, number) not in COPIES
    )
    return Recordings(tuple(trials), recorded.sha256)


def windows(recorded: Recordings, length: int = WINDOW, stride: int = STRIDE) -> Dataset:
    """Windows (length, 3) in g with gravity, one each `stride` readings, grouped by subject.

    A network takes `features` of them. Raises `UsageError` where no trial is as long.
    """
    parts = [runs.cut(trial.acceleration, length, stride) for trial in recorded.trials]
    counts = [len(part) for part in parts]
    if not sum(counts):
        raise UsageError(f"no recording in {RECORDINGS} is {length} readings long")
    return Dataset(
        "MotionSense",
        np.concatenate(parts),
        np.repeat([trial.label for trial in recorded.trials], counts),
        np.repeat([trial.subject for trial in recorded.trials], counts),
        CLASSES,
        "subject",
        ((RECORDINGS, recorded.sha256),),
    )


def plots(folder: Path) -> Dataset:
    """The second experiment: a recurrence plot (32, 32, 1) of each whole trial, within 0 to 1.

    Made from all 12 columns of `A_DeviceMotion_data` by `features.recurrence_plot`, of rows
    strided to about 1,500. Raises `UsageError` for a file that is missing or broken.
    """
    recorded = read_recorded(folder, PLOTS, NEEDED_PLOTS, SOURCE)
    values = runs.numbers(recorded, "rp12")
    labels = runs.whole_numbers(recorded, "label", 0, len(CLASSES) - 1)
    subjects = runs.whole_numbers(recorded, "subject", 1, SUBJECTS)
    trials = [str(name) for name in recorded.arrays["trial"]]
    if not len(values) == len(labels) == len(subjects) == len(trials):
        raise UsageError(f"{PLOTS} has not one label, subject and trial a plot")
    numbers = [int(digits) if digits.isdecimal() else 0 for digits in map(_after_line, trials)]
    kept = np.array(
        [pair not in COPIES for pair in zip(subjects.tolist(), numbers, strict=True)], np.bool_
    )
    return Dataset(
        "MotionSense, recurrence plots",
        values[kept, :, :, np.newaxis] / np.float32(100),
        labels[kept],
        subjects[kept],
        CLASSES,
        "subject",
        ((PLOTS, recorded.sha256),),
    )


def _after_line(name: str) -> str:
    return name.rpartition("_")[2]


def split(data: Dataset) -> Split:
    """The honest split: six subjects to test on, three to choose by, fifteen to train on.

    Raises `UsageError` where one of the nine subjects is not there.
    """
    missing = {*TEST_SUBJECTS, *VALIDATION_SUBJECTS} - set(data.groups.tolist())
    if missing:
        raise UsageError(f"no recordings of the subjects {sorted(missing)}")
    return split_by_group(data, TEST_SUBJECTS, VALIDATION_SUBJECTS)


def folds(data: Dataset, count: int = 6) -> tuple[Split, ...]:
    """Each subject tested on once: what the figure of a card is taken over, where time allows."""
    return group_folds(data, count, seed=0)


def random_split(data: Dataset, seed: int = 0) -> Split:
    """The original's: a tenth of all windows (or plots) at random. Overstates."""
    return split_at_random(data, 0.1, 0.1, seed)
