"""Other windows that the same recordings might have been cut into, for training.

People that are not in the recordings walk faster or slower, tread harder or softer, and lean. What
else may differ, how the phone lies in the pocket, needs no augmentation: `features` of a window
that is turned, about the vertical or otherwise, are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflint_reference_models.dataset import Floats, Integers
from tflint_reference_models.motion_sense.data import STRIDE, WINDOW, Recordings


@dataclass(frozen=True, slots=True)
class Variation:
    """How much windows vary.

    `pace` and `force` are the most by which the logarithms of the pace and of what is beside
    gravity differ, evenly spread. `lean` (g, of each axis) and `noise` (g, of each reading) are
    standard deviations: what is added to gravity, and to each reading by itself.
    """

    pace: float = 0.15
    force: float = 0.15
    lean: float = 0.15
    noise: float = 0.01


@dataclass(frozen=True)
class Cuts:
    """Where the windows of `data.windows` begin: `trials` (n,), and `begins` (n,) in readings."""

    trials: Integers
    begins: Integers


def cuts(recorded: Recordings, length: int = WINDOW, stride: int = STRIDE) -> Cuts:
    """The place of each window of `data.windows`, in the same order."""
    begins = [
        np.arange(0, max(len(trial.acceleration) - length + 1, 0), stride)
        for trial in recorded.trials
    ]
    return Cuts(
        np.repeat(np.arange(len(begins)), [len(part) for part in begins]), np.concatenate(begins)
    )


class Readings:
    """All trials, one after the other, so that windows of many of them are cut at once."""

    def __init__(self, recorded: Recordings) -> None:
        parts: Sequence[Floats] = [trial.acceleration for trial in recorded.trials]
        self._lengths = np.array([len(part) for part in parts])
        self._firsts = np.cumsum(self._lengths) - self._lengths
        self._all = np.concatenate(parts)

    def varied(self, where: Cuts, variation: Variation, rng: np.random.Generator) -> Floats:
        """A window (256, 3) in g for each of `where`, near it in its trial, at another pace.

        Begins up to half a stride earlier or later, and readings between those that there are are
        interpolated linearly.
        """
        count = len(where.trials)
        last = self._lengths[where.trials] - 1
        pace = np.exp(rng.uniform(-variation.pace, variation.pace, count))
        span = np.minimum(pace * (WINDOW - 1), last)
        shift = rng.uniform(-STRIDE / 2, STRIDE / 2, count) - (span - (WINDOW - 1)) / 2
        begin = np.clip(where.begins + shift, 0, last - span)
        at = begin[:, np.newaxis] + span[:, np.newaxis] * np.linspace(0, 1, WINDOW)
        # The reading after the last of a trial is another's.
        left = np.minimum(at.astype(np.int64), last[:, np.newaxis] - 1)
        part = (at - left)[:, :, np.newaxis].astype(np.float32)
        left += self._firsts[where.trials][:, np.newaxis]
        found = self._all[left] * (1 - part) + self._all[left + 1] * part
        gravity = found.mean(axis=1, keepdims=True)
        force = np.exp(rng.uniform(-variation.force, variation.force, (count, 1, 1)))
        found = gravity + (found - gravity) * force.astype(np.float32)
        found += rng.standard_normal((count, 1, 3), np.float32) * np.float32(variation.lean)
        found += rng.standard_normal(found.shape, np.float32) * np.float32(variation.noise)
        varied: Floats = found.astype(np.float32)
        return varied


def varied_plots(plots: Floats, rng: np.random.Generator) -> Floats:
    """Recurrence plots (n, 32, 32, 1) within 0 to 1 that recordings of others might have made.

    Distances are up to 22 % more or less (a stronger or weaker movement), half of the plots run
    backwards in time, and 0.01 of noise is added.
    """
    force = np.exp(rng.uniform(-0.2, 0.2, (len(plots), 1, 1, 1))).astype(np.float32)
    found = plots * force
    backwards = rng.random(len(plots)) < 0.5
    found[backwards] = found[backwards, ::-1, ::-1]
    found += rng.standard_normal(found.shape, np.float32) * np.float32(0.01)
    varied: Floats = np.clip(found, 0, 1)
    return varied
