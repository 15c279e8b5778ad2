"""What a choice of training is worth: MotionSense's network trained in several ways.

In folds of the subjects that are not tested on, each of whom is asked about once.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tflint_reference_models.application import Recipe, Samples, Task
from tflint_reference_models.dataset import Dataset, Floats, Integers, Split, group_folds
from tflint_reference_models.motion_sense import data, model
from tflint_reference_models.motion_sense.augmentation import Cuts, Readings, Variation, cuts
from tflint_reference_models.motion_sense.train import as_bands
from tflint_reference_models.network import Network, build
from tflint_reference_models.training.loop import answers, trained

_FOLDS = 3
_EPOCHS = 20
_COPIES = 5
_SEEDS = (0, 1)


@dataclasses.dataclass(frozen=True)
class Way:
    """A network, and whether its samples are varied."""

    network: Network
    is_varied: bool = True


def ways() -> dict[str, Way]:
    """By what they are called."""
    chosen = model.CHOSEN
    bare = dataclasses.replace(
        chosen,
        blocks=tuple(dataclasses.replace(block, has_norm=False) for block in chosen.blocks),
    )
    return {
        "as it is": Way(chosen),
        "not varied": Way(chosen, is_varied=False),
        "no norm": Way(bare),
    }


class Subjects:
    """The windows of those who are not tested on."""

    def __init__(self, folder: Path) -> None:
        recorded = data.recordings(folder)
        every = data.windows(recorded)
        split = data.split(every)
        known = np.sort(np.concatenate([split.train, split.validation]))
        where = cuts(recorded)
        self.windows: Dataset = every.chosen(known)
        self._bands = as_bands(self.windows.inputs)
        self._cuts = Cuts(where.trials[known], where.begins[known])
        readings = Readings(recorded)
        self._varied = [
            as_bands(readings.varied(self._cuts, Variation(), np.random.default_rng(number)))
            for number in range(_COPIES)
        ]

    def task(self, split: Split, is_varied: bool) -> Task:
        """To train on some of them, and to ask about others."""

        def samples(inputs: Floats, places: Integers) -> Samples:
            return Samples(inputs[places], self.windows.labels[places])

        asked = samples(self._bands, split.test)
        epoch: Callable[[int], Samples] = lambda number: samples(  # noqa: E731
            self._varied[number % _COPIES] if is_varied else self._bands, split.train
        )
        return Task(self.windows.classes, epoch, asked.inputs, asked, asked)


def trainings(folder: Path) -> dict[str, Any]:
    """The mean recall of each way, over all subjects, and over seeds."""
    subjects = Subjects(folder)
    splits = group_folds(subjects.windows, _FOLDS, 0)
    recipe = Recipe(_EPOCHS)
    found: dict[str, Any] = {"epochs": _EPOCHS, "folds": _FOLDS, "ways": {}}
    for name, way in ways().items():
        found["ways"][name] = [_recall(subjects, splits, way, recipe, seed) for seed in _SEEDS]
        print(name, found["ways"][name], file=sys.stderr, flush=True)
    return found


def _recall(
    subjects: Subjects, splits: tuple[Split, ...], way: Way, recipe: Recipe, seed: int
) -> float:
    counts = np.zeros((len(subjects.windows.classes), 2))
    for split in splits:
        task = subjects.task(split, way.is_varied)
        with tempfile.TemporaryDirectory() as state:
            network = _ended(trained(partial(build, way.network), recipe, task, seed, Path(state)))
        decided = answers(network, task.test.inputs).argmax(axis=1)
        for label in range(len(counts)):
            asked = task.test.labels == label
            counts[label] += int(np.sum(decided[asked] == label)), int(asked.sum())
    return float(np.mean(counts[:, 0] / counts[:, 1]))


def _ended(training: Iterator[str]) -> Any:
    """What a training returns in the end."""
    while True:
        try:
            next(training)
        except StopIteration as ended:
            return ended.value


if __name__ == "__main__":
    print("@" + json.dumps(trainings(Path(sys.argv[1]))))
