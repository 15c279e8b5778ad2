"""How KeywordSpotting's networks are trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
    Teacher,
    Trained,
)
from tflint_reference_models.dataset import Dataset, Floats, Integers, Split
from tflint_reference_models.keyword_spotting import data, model
from tflint_reference_models.keyword_spotting.augmentation import Variation, varied
from tflint_reference_models.keyword_spotting.features import as_frames, as_image
from tflint_reference_models.keyword_spotting.prose import PROSE
from tflint_reference_models.network import Network, build

VARIATION = Variation()
# Of the utterances that are trained on an epoch has each "on", so many parts of the others, drawn
# anew, and so many parts of all as they sound backwards: words that no language has, which teach
# what "on" is not. "no" backwards may well be "on".
OTHERS, BACKWARDS, ON_BACKWARDS = 0.4, 0.3, 0.15
REVERSIBLE = "no"
ON_WEIGHT = 2.0
# Of the other words that are chosen by so many are taken for "on". Words that were never trained on
# are taken for it twice as often.
FALSE_ACCEPTS = 0.02
UNHEARD = "words never trained on"

Parting = Callable[[Dataset, data.Recordings], Split]
Taking = Callable[[Floats], Floats]


def official(windows: Dataset, recorded: data.Recordings) -> Split:
    """Tested on the official test clips."""
    return data.split(windows, recorded)


def at_random(windows: Dataset, recorded: data.Recordings) -> Split:
    """The original's split."""
    return data.random_split(windows)


def of_utterances(
    parting: Parting, taking: Taking, variation: Variation, folder: Path, fold: int, seed: int
) -> Task:
    """Utterances, varied anew each epoch.

    Raises `UsageError` for recordings that are missing or broken.
    """
    recorded = data.recordings(folder)
    windows = data.windows(recorded)
    split = parting(windows, recorded)
    coefficients = windows.inputs[..., 0]
    trained_on = Utterances(coefficients, windows.labels, recorded.words, split.train)

    def epoch(number: int) -> Samples:
        rng = np.random.default_rng((seed, number))
        features, labels = trained_on.epoch(rng)
        weights = np.where(labels == 1, ON_WEIGHT, 1.0).astype(np.float32)
        return Samples(taking(varied(features, variation, rng)), labels, weights)

    def samples(places: Integers) -> Samples:
        return Samples(
            taking(coefficients[places]),
            windows.labels[places],
            groups=recorded.words[places],
            group_kind="word",
        )

    others = {UNHEARD: samples(data.unheard(windows, recorded))} if split.is_honest else {}
    return Task(
        windows.classes,
        epoch,
        taking(coefficients[split.train[::40]]),
        samples(split.validation),
        samples(split.test),
        others,
        trained_samples=len(split.train),
        sha256=windows.sha256,
    )


class Utterances:
    """What is trained on, and the epochs that are drawn from it."""

    def __init__(
        self, coefficients: Floats, labels: Integers, words: NDArray[np.str_], places: Integers
    ) -> None:
        self._coefficients = coefficients
        self._on = places[labels[places] == 1]
        self._others = places[labels[places] == 0]
        self._reversible = places[(labels[places] == 0) & (words[places] != REVERSIBLE)]

    def epoch(self, rng: np.random.Generator) -> tuple[Floats, Integers]:
        """What an epoch is trained on, before it is varied: (n, 20, 11), and the labels (n,)."""
        others = drawn(self._others, OTHERS, rng)
        reversible = drawn(self._reversible, OTHERS * BACKWARDS, rng)
        backwards = np.concatenate([reversible, drawn(self._on, ON_BACKWARDS, rng)])
        forwards = self._coefficients[np.concatenate([self._on, others])]
        features = np.concatenate([forwards, self._coefficients[backwards][:, :, ::-1]])
        return features, (np.arange(len(features)) < len(self._on)).astype(np.int64)


def drawn(places: Integers, part: float, rng: np.random.Generator) -> Integers:
    """A part of some places, at random."""
    return rng.permutation(places)[: round(part * len(places))]


def operating_point(scores: NDArray[np.float32], labels: Integers) -> float:
    """The threshold at which `FALSE_ACCEPTS` of the other words pass for "on"."""
    found = float(np.quantile(scores[labels == 0].astype(np.float64), 1 - FALSE_ACCEPTS))
    return min(max(found, 1e-6), 1 - 1e-6)


_TEACHER_RECIPE = Recipe(epochs=25, batch=128, rate=3e-3)
RECIPE = Recipe(
    epochs=60,
    batch=128,
    rate=3e-3,
    teacher=Teacher(partial(build, model.TEACHER), _TEACHER_RECIPE),
)
# Without batch norms it wants a lower rate.
ORIGINAL_RECIPE = replace(
    RECIPE, rate=1e-3, teacher=Teacher(model.teacher_of_images, _TEACHER_RECIPE)
)


def _trained(network: Network, recipe: Recipe, parting: Parting, taking: Taking) -> Trained:
    task = partial(of_utterances, parting, taking, VARIATION)
    return Trained(partial(build, network), recipe, task, operating_point=operating_point)


def _experiment(name: str, title: str, parting: Parting) -> Experiment:
    return Experiment(
        name,
        title,
        parting is not at_random,
        {
            CHOSEN: _trained(model.CHOSEN, RECIPE, parting, as_frames),
            ORIGINAL: _trained(model.ORIGINAL, ORIGINAL_RECIPE, parting, as_image),
        },
    )


APPLICATION = Application(
    "keyword_spotting",
    "KeywordSpotting",
    'Whether the word in a second of sound is "on", from 20 x 11 mel-frequency cepstra.',
    (data.SOURCE,),
    6144,
    (
        Published("float32", 21.0, 98.42, "utterances at random"),
        Published("float16", 10.5, None, "utterances at random"),
        Published("dynamic", 6.01, 98.21, "utterances at random"),
    ),
    (
        _experiment("official", "official test clips", official),
        _experiment("random", "utterances at random, as the original did", at_random),
    ),
    prose=PROSE,
    goals=(
        Goal("official", Measure.RECALL, 0.85, 'of "on"; a support vector machine: 60 %'),
        Goal("official", Measure.FALSE_ACCEPTS, 0.05, "a support vector machine: 2.1 %"),
        Goal("official", Measure.FALSE_ACCEPTS, 0.05, "", UNHEARD),
    ),
)
