"""How MotionSense's networks are trained."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from tflint_reference_models.application import (
    CHOSEN,
    Application,
    Experiment,
    Published,
    Recipe,
    Samples,
    Task,
    Trained,
)
from tflint_reference_models.dataset import Integers
from tflint_reference_models.motion_sense import data, model
from tflint_reference_models.motion_sense.features import bands
from tflint_reference_models.network import build


def by_subject(folder: Path, fold: int, seed: int) -> Task:
    """Windows, parted by subject."""
    windows = data.windows(data.recordings(folder))
    split = data.split(windows)
    inputs = bands(windows.inputs)[:, :, np.newaxis, :]

    def samples(places: Integers) -> Samples:
        return Samples(inputs[places], windows.labels[places])

    return Task(
        windows.classes,
        lambda epoch: samples(split.train),
        inputs[split.train][::20],
        samples(split.validation),
        samples(split.test),
        sha256=windows.sha256,
    )


APPLICATION = Application(
    "motion_sense",
    "MotionSense",
    "Stairs, walking or jogging, sitting or standing, from a phone's accelerometer.",
    (data.SOURCE,),
    6144,
    (Published("dynamic", 6.02, 92.31, "36 of 39 plots"),),
    (
        Experiment(
            "subject",
            "by subject",
            True,
            {
                CHOSEN: Trained(partial(build, model.CHOSEN), Recipe(10), by_subject),
            },
        ),
    ),
)
