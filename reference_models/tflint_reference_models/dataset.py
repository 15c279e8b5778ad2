"""Labelled windows, and how they are parted so that a test tells the truth.

Windows of one recording resemble each other: where some are trained on and some tested on, the
figure says how well a network remembers. So a split takes whole groups: subjects, speakers,
songs, sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Windows of recordings.

    `inputs` has the shape (windows, *shape of one), `labels` the place of each window's class in
    `classes`, `groups` the number of what it was cut from and must not be parted from, which
    `group_kind` names in the singular. `sha256` are the hashes of the files, by their names.
    """

    name: str
    inputs: Floats
    labels: Integers
    groups: Integers
    classes: tuple[str, ...]
    group_kind: str
    sha256: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for arrays that do not belong together."""
        if not len(self.inputs) == len(self.labels) == len(self.groups):
            raise ValueError("a label and a group for each window")
        known = (self.labels >= 0) & (self.labels < len(self.classes))
        if not np.all(known):
            raise ValueError("a class for each label")

    @property
    def count(self) -> int:
        """The number of windows."""
        return len(self.inputs)

    def chosen(self, places: Integers) -> Dataset:
        """Some of the windows."""
        return Dataset(
            self.name,
            self.inputs[places],
            self.labels[places],
            self.groups[places],
            self.classes,
            self.group_kind,
            self.sha256,
        )


@dataclass(frozen=True)
class Split:
    """Places of the windows to train on, to choose by, and to test on; none is in two of them.

    `name` says what was kept together, as cards say it: `by subject`. `is_honest` is False for
    the original's random splits of windows, whose figures are shown under that name alone.
    """

    name: str
    train: Integers
    validation: Integers
    test: Integers
    is_honest: bool = True


def split_by_group(data: Dataset, test: Sequence[int], validation: Sequence[int]) -> Split:
    """Part a data set by groups that are named; all others are trained on.

    Raises `ValueError` for a group that is in both, or in none of the windows.
    """
    known = set(np.unique(data.groups).tolist())
    if set(test) & set(validation) or not {*test, *validation} <= known:
        raise ValueError("groups that are not there, or on two sides")
    in_test, in_validation = np.isin(data.groups, test), np.isin(data.groups, validation)
    return Split(
        f"by {data.group_kind}",
        np.flatnonzero(~(in_test | in_validation)),
        np.flatnonzero(in_validation),
        np.flatnonzero(in_test),
    )


def group_folds(data: Dataset, folds: int, seed: int) -> tuple[Split, ...]:
    """Part a data set `folds` times so that each group is tested on once.

    Groups are dealt out so that folds have about as many windows of each class. The fold after
    the one that is tested is chosen by. Raises `ValueError` for fewer groups than folds, or
    fewer than three folds.
    """
    groups = np.unique(data.groups)
    if folds < 3 or len(groups) < folds:
        raise ValueError(f"{len(groups)} groups for {folds} folds")
    held = dealt(data, groups, folds, seed)
    return tuple(
        split_by_group(data, held[turn], held[(turn + 1) % folds]) for turn in range(folds)
    )


def dealt(data: Dataset, groups: Integers, folds: int, seed: int) -> list[list[int]]:
    """The groups of each fold: largest first, each to where it makes the classes most even."""
    rng = np.random.default_rng(seed)
    counts = {
        int(group): np.bincount(data.labels[data.groups == group], minlength=len(data.classes))
        for group in groups
    }
    order = sorted(rng.permutation(groups).tolist(), key=lambda group: -int(counts[group].sum()))
    total = np.maximum(sum(counts.values(), np.zeros(len(data.classes))), 1)
    shares = np.zeros((folds, len(data.classes)))
    found: list[list[int]] = [[] for _ in range(folds)]
    for group in order:
        loads: list[Any] = []
        for fold in range(folds):
            tried = shares.copy()
            tried[fold] += counts[group] / total
            loads.append((float(np.square(tried).sum()), len(found[fold])))
        fold = min(range(folds), key=lambda place: loads[place])
        shares[fold] += counts[group] / total
        found[fold].append(group)
    return found


def split_at_random(data: Dataset, test: float, validation: float, seed: int) -> Split:
    """The original's split: windows at random, whatever they were cut from.

    `test` and `validation` are parts of 1.
    """
    places = np.random.default_rng(seed).permutation(data.count)
    first, second = round(test * data.count), round((test + validation) * data.count)
    return Split(
        "windows at random, as the original did",
        places[second:],
        places[first:second],
        places[:first],
        is_honest=False,
    )
