"""How MotionSense's networks are trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from tflint_reference_models.motion_sense import data, model
from tflint_reference_models.motion_sense.augmentation import (
    Cuts,
    Readings,
    Variation,
    cuts,
    varied_plots,
)
from tflint_reference_models.motion_sense.features import bands, recurrence_plot
from tflint_reference_models.motion_sense.prose import PROSE
from tflint_reference_models.network import Network, build

FOLDS = 6
VARIATION = Variation()
# Varying windows takes longer than training on them, plotting them far longer: so many varied
# copies are made, and taken in turn.
_COPIES, _PLOTTED_COPIES = 10, 3
# Of 359 plots, so that an epoch is some dozens of steps.
_PLOTS_IN_EPOCH = 4
# A decision each 2.56 s, of windows of 5.12 s.
VOTES = {"mean of the last three answers (10.24 s)": 3, "mean of a whole trial": 0}

Parting = Callable[[Dataset, int], Split]
Taking = Callable[[Floats], Floats]


def fixed(windows: Dataset, fold: int) -> Split:
    """The split by subject whose test was named before anything was trained."""
    return data.split(windows)


def in_folds(windows: Dataset, fold: int) -> Split:
    """A fold in which subjects are tested on that are in no other."""
    return data.folds(windows, FOLDS)[fold]


def at_random(windows: Dataset, fold: int) -> Split:
    """The original's split."""
    return data.random_split(windows)


def as_bands(windows: Floats) -> Floats:
    """Windows (n, 256, 3) in g as our network takes them: (n, 24, 1, 2)."""
    return bands(windows)[:, :, np.newaxis, :]


def as_plots(windows: Floats) -> Floats:
    """Windows (n, 256, 3) in g as the original took recordings: plots (n, 32, 32, 1).

    Of each second reading, as the original's plots are strided too, and in steps of 0.03 g, as in
    those of 0.1 the values stay near 0 and the network learns less. A distance between two
    readings is the same with gravity and without, and however the sensor is turned.
    """
    parts = [
        recurrence_plot(windows[first : first + 64, ::2], step=0.03)
        for first in range(0, len(windows), 64)
    ]
    found: Floats = np.concatenate(parts)[:, :, :, np.newaxis]
    return found


def of_windows(
    parting: Parting, taking: Taking, copies: int, folder: Path, fold: int, seed: int
) -> Task:
    """Windows, varied: so many copies of them in turn.

    Raises `UsageError` for recordings that are missing or broken.
    """
    recorded = data.recordings(folder)
    windows = data.windows(recorded)
    split = parting(windows, fold)
    readings, where = Readings(recorded), cuts(recorded)
    learned = Cuts(where.trials[split.train], where.begins[split.train])
    labels = windows.labels[split.train]

    @lru_cache(maxsize=copies)
    def varied(number: int) -> Samples:
        rng = np.random.default_rng((seed, number))
        return Samples(taking(readings.varied(learned, VARIATION, rng)), labels)

    def samples(places: Integers) -> Samples:
        return Samples(
            taking(windows.inputs[places]),
            windows.labels[places],
            groups=windows.groups[places],
            group_kind=windows.group_kind,
            runs=where.trials[places],
        )

    return Task(
        windows.classes,
        lambda epoch: varied(epoch % copies),
        taking(windows.inputs[split.train[::20]]),
        samples(split.validation),
        samples(split.test),
        votes=VOTES if split.is_honest else {},
        trained_samples=len(split.train),
        trained_groups=len(np.unique(windows.groups[split.train])),
        sha256=windows.sha256,
    )


def of_plots(parting: Parting, folder: Path, fold: int, seed: int) -> Task:
    """The original's recurrence plots of trials, varied anew each epoch.

    Raises `UsageError` for plots that are missing or broken.
    """
    plots = data.plots(folder)
    split = parting(plots, fold)
    learned = plots.chosen(np.tile(split.train, _PLOTS_IN_EPOCH))

    def samples(places: Integers) -> Samples:
        return Samples(
            plots.inputs[places],
            plots.labels[places],
            groups=plots.groups[places],
            group_kind=plots.group_kind,
        )

    def epoch(number: int) -> Samples:
        rng = np.random.default_rng((seed, number))
        return Samples(varied_plots(learned.inputs, rng), learned.labels)

    return Task(
        plots.classes,
        epoch,
        plots.inputs[split.train],
        samples(split.validation),
        samples(split.test),
        trained_samples=len(split.train),
        trained_groups=len(np.unique(plots.groups[split.train])),
        sha256=plots.sha256,
    )


RECIPE = Recipe(epochs=25, rate=3e-3, smoothing=0.1)
# Rates and smoothing serve each network best on subjects that are not tested on.
ORIGINAL_RECIPE = replace(RECIPE, smoothing=0.0)
PLOTS_RECIPE = Recipe(epochs=50, batch=32, rate=3e-3, smoothing=0.1)
ORIGINAL_PLOTS_RECIPE = replace(PLOTS_RECIPE, rate=1e-3, smoothing=0.0)


def _trained(network: Network, recipe: Recipe, task: Callable[..., Task], folds: int) -> Trained:
    return Trained(partial(build, network), recipe, task, folds)


def _ours(parting: Parting, folds: int) -> Trained:
    task = partial(of_windows, parting, as_bands, _COPIES)
    return _trained(model.CHOSEN, RECIPE, task, folds)


def _of_windows(name: str, title: str, parting: Parting) -> Experiment:
    theirs = partial(of_windows, parting, as_plots, _PLOTTED_COPIES)
    return Experiment(
        name,
        title,
        parting is not at_random,
        {
            CHOSEN: _ours(parting, 1),
            ORIGINAL: _trained(model.ORIGINAL, ORIGINAL_RECIPE, theirs, 1),
        },
    )


def _of_plots(name: str, title: str, parting: Parting, folds: int) -> Experiment:
    task = partial(of_plots, parting)
    return Experiment(
        name,
        title,
        parting is not at_random,
        {
            CHOSEN: _trained(model.CHOSEN_PLOTS, PLOTS_RECIPE, task, folds),
            ORIGINAL: _trained(model.ORIGINAL, ORIGINAL_PLOTS_RECIPE, task, folds),
        },
    )


APPLICATION = Application(
    "motion_sense",
    "MotionSense",
    "On stairs, walking or jogging, sitting or standing, from a phone's accelerometer.",
    (data.SOURCE,),
    6144,
    (
        Published("float32", 19.5, None, "recurrence plots of trials"),
        Published("float16", 9.76, None, "recurrence plots of trials"),
        Published("dynamic", 6.02, 92.31, "36 of 39 plots taken at random"),
    ),
    (
        _of_windows("subject", "windows, by subject", fixed),
        Experiment(
            "folds",
            f"windows, by subject, {FOLDS} folds",
            True,
            {CHOSEN: _ours(in_folds, FOLDS)},
        ),
        Experiment(
            "bands",
            "windows, by subject, the original's layers on our features",
            True,
            {
                ORIGINAL: _trained(
                    model.ORIGINAL_BANDS,
                    ORIGINAL_RECIPE,
                    partial(of_windows, fixed, as_bands, _COPIES),
                    1,
                )
            },
        ),
        _of_windows("random", "windows at random, as the original did", at_random),
        _of_plots("plots", f"recurrence plots, by subject, {FOLDS} folds", in_folds, FOLDS),
        _of_plots("plots-random", "recurrence plots at random, as the original did", at_random, 1),
    ),
    prose=PROSE,
    goals=(
        Goal("subject", Measure.ACCURACY, 0.9, "a random forest of statistics reaches 86.2 %"),
        Goal("folds", Measure.ACCURACY, 0.9, "a random forest of statistics reaches 86.2 %"),
        Goal("plots", Measure.ACCURACY, 0.95, "a random forest reaches 92.5 %"),
    ),
)
