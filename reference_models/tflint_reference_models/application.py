"""What an application says of itself: its data, its networks, and how they are trained.

An *experiment* is one way of parting the recordings and taking features of them, with the networks
that are trained under it: `chosen`, which is ours, and `original`. The first experiment of an
application makes the models that are shipped; the others are figures in its card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.data_folder import Source
from tflint_reference_models.dataset import Floats, Integers

if TYPE_CHECKING:
    import keras

CHOSEN, ORIGINAL = "chosen", "original"


@dataclass(frozen=True)
class Samples:
    """What a network takes and is to answer: `inputs` (n, *shape), `labels` (n,) class numbers,
    `weights` (n,) how much each counts in training, None where all count alike. `answers`
    (n, classes) are probabilities to be learned in place of the labels, None for the labels.

    Of tests: `groups` (n,) are numbers or names of what samples were cut from (subjects, songs),
    which `group_kind` names in the singular; `runs` (n,) are equal where samples follow each other
    in time, in their order.
    """

    inputs: Floats
    labels: Integers
    weights: Floats | None = None
    groups: Integers | NDArray[np.str_] | None = None
    group_kind: str = ""
    runs: Integers | None = None
    answers: Floats | None = None


@dataclass(frozen=True)
class Task:
    """One training: the samples of each epoch, and those to watch it by and to test on.

    `epoch` gives the samples of an epoch by its number, freshly augmented. It has to give the same
    for the same number, and as many for each, so that a training that was interrupted goes on as
    if it had not been. `calibration` are training samples as they are, for the ranges of integers.
    `others` are further tests by name, such as words that were never trained on. `votes` are
    further figures of the test, by name: the mean of the last so many answers of a run decides (of
    as many as there are by then), and with 0 that of the whole run, once. `trained_samples` and
    `trained_groups` are how many are trained on before anything is varied, 0 where nobody counts.
    `sha256` are the hashes of the files.
    """

    classes: tuple[str, ...]
    epoch: Callable[[int], Samples]
    calibration: Floats
    validation: Samples
    test: Samples
    others: Mapping[str, Samples] = field(default_factory=dict)
    votes: Mapping[str, int] = field(default_factory=dict)
    trained_samples: int = 0
    trained_groups: int = 0
    sha256: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Teacher:
    """Larger networks whose answers the trained one is to give as well (G. Hinton, O. Vinyals,
    J. Dean: "Distilling the knowledge in a neural network", arXiv:1503.02531).

    `count` of them, their probabilities averaged, raised to 1 / `temperature` and scaled to a sum
    of 1; `share` is their part of what is to be answered, the rest is the label's.
    """

    build: Callable[[], keras.Model]
    recipe: Recipe
    count: int = 1
    temperature: float = 2.0
    share: float = 0.7


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: AdamW with a rate that rises to `rate` over the first `warmup`
    part of the steps and then falls to zero with half a cosine. The last epoch's weights count.

    `decay` is AdamW's; `smoothing` the part of each label that goes to all classes alike.
    """

    epochs: int
    batch: int = 128
    rate: float = 3e-3
    warmup: float = 0.05
    decay: float = 1e-4
    smoothing: float = 0.0
    teacher: Teacher | None = None


@dataclass(frozen=True)
class Trained:
    """A network of an experiment, and how it is trained.

    `task` takes the folder of the recordings, the number of the fold and the seed; it raises
    `UsageError` for recordings that are missing or broken. `folds` is how many there are; what is
    decided in them is counted together. With `shares` they are the points of a learning curve: for
    each fold the share of the groups that are trained on, and folds of one share are counted
    together. Every training is done `repeats` times, from the seed and those after it; the first
    is what counts, the others show what a seed changes.
    `operating_point` takes the answers (n,) of a network with one output to the validation samples,
    and their labels, and gives the threshold that it is to decide by, which becomes part of the
    last bias; None leaves it at 0.5.
    """

    build: Callable[[], keras.Model]
    recipe: Recipe
    task: Callable[[Path, int, int], Task]
    folds: int = 1
    shares: tuple[float, ...] = ()
    repeats: int = 1
    operating_point: Callable[[NDArray[np.float32], Integers], float] | None = None


@dataclass(frozen=True)
class Experiment:
    """A way of parting the recordings, and its networks by `CHOSEN` and `ORIGINAL`.

    `title` is what cards and tables say; `is_honest` is False for the original's random splits.
    """

    name: str
    title: str
    is_honest: bool
    networks: Mapping[str, Trained]


@dataclass(frozen=True)
class Published:
    """What the original's own tables say of a network: weights in KB of 1,024 bytes, accuracy in
    percent, None where there is none, and what that was measured on.
    """

    form: str
    kilobytes: float
    accuracy: float | None
    note: str


class Measure(Enum):
    """What a goal is held against; the value is how cards begin to say it."""

    ACCURACY = "right"
    BALANCED = "mean recall"
    RECALL = "recall"  # of the second of two classes
    FALSE_ACCEPTS = "false accepts"  # of the first of two classes; a goal is to stay below


@dataclass(frozen=True)
class Goal:
    """What the int8 form of our network is to reach in an experiment.

    `at` is a part of 1: so much or more, and of false accepts less.
    `test` names one of the further tests or votes, "" for the test itself; `note` says where the
    goal is from.
    """

    experiment: str
    measure: Measure
    at: float
    note: str
    test: str = ""


@dataclass(frozen=True)
class Application:
    """One of the four. `weight_bytes` is the most that the int8 weights of ours may take.

    `prose` has the paragraphs of the card that no figure can be computed for, by heading: those of
    a heading that the card has (`training/card.py`) stand first under it.
    """

    name: str
    title: str
    summary: str
    sources: tuple[Source, ...]
    weight_bytes: int
    published: tuple[Published, ...]
    experiments: tuple[Experiment, ...]
    prose: Sequence[tuple[str, str]] = ()
    goals: tuple[Goal, ...] = ()

    def experiment(self, name: str) -> Experiment:
        """An experiment by its name. Raises `KeyError`."""
        for one in self.experiments:
            if one.name == name:
                return one
        raise KeyError(name)
