"""What was decided on the samples of a test, counted: all together and by group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tflint.bench.intervals import wilson_interval
from tflint_reference_models.dataset import Integers
from tflint_reference_models.training.group_interval import interval_over_groups

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Group:
    """What was decided on the samples of a group: of each class that it has (class, samples, how
    many of them were decided right).
    """

    name: str
    by_class: tuple[tuple[int, int, int], ...]

    @property
    def n(self) -> int:
        """The number of its samples."""
        return sum(n for _, n, _ in self.by_class)

    @property
    def correct(self) -> int:
        """How many of them were decided right."""
        return sum(right for _, _, right in self.by_class)

    @property
    def accuracy(self) -> float:
        """The part that was decided right."""
        return self.correct / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Decisions on the samples of a test: `confusion[truth][decided]`.

    `groups` are the same by what samples were cut from, which `group_kind` names in the singular;
    empty where nobody asked.
    """

    confusion: tuple[tuple[int, ...], ...]
    groups: tuple[Group, ...] = ()
    group_kind: str = ""

    @property
    def n(self) -> int:
        """The number of samples."""
        return sum(map(sum, self.confusion))

    @property
    def correct(self) -> int:
        """How many were decided right."""
        return sum(row[label] for label, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        """The part that was decided right; 0 without samples."""
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval:
        """Its Wilson interval of 95 %, as though each sample were drawn by itself."""
        return wilson_interval(self.correct, self.n)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many samples of each class there are."""
        return tuple(map(sum, self.confusion))

    @property
    def occurring(self) -> tuple[int, ...]:
        """The classes that samples are of."""
        return tuple(label for label, size in enumerate(self.sizes) if size)

    def recall(self, label: int) -> float:
        """The part of a class that was found; 0 for a class that does not occur."""
        size = self.sizes[label]
        return self.confusion[label][label] / size if size else 0.0

    def recall_interval(self, label: int) -> Interval:
        """Its Wilson interval of 95 %, as though each sample were drawn by itself."""
        return wilson_interval(self.confusion[label][label], self.sizes[label])

    def precision(self, label: int) -> float:
        """The part of what was taken for a class that is of it; 0 where nothing was."""
        taken = sum(row[label] for row in self.confusion)
        return self.confusion[label][label] / taken if taken else 0.0

    @property
    def balanced(self) -> float:
        """The mean recall of the classes that occur; 0 without samples."""
        found = [self.recall(label) for label in self.occurring]
        return math.fsum(found) / len(found) if found else 0.0

    @property
    def false_accepts(self) -> float:
        """Of two classes, the part of the first that was taken for the second."""
        first = self.confusion[0]
        return first[1] / sum(first) if sum(first) else 0.0

    @property
    def false_accepts_interval(self) -> Interval:
        """Its Wilson interval of 95 %, as though each sample were drawn by itself."""
        return wilson_interval(self.confusion[0][1], sum(self.confusion[0]))

    @property
    def group_interval(self) -> Interval | None:
        """The accuracy's interval of 95 % where groups were drawn; see `interval_over_groups`."""
        if not self.groups:
            return None
        share = self.accuracy
        return interval_over_groups(
            share, [(group.correct - share * group.n) / self.n for group in self.groups]
        )

    @property
    def balanced_group_interval(self) -> Interval | None:
        """The interval of `balanced`, where groups were drawn; see `interval_over_groups`."""
        if not self.groups:
            return None
        recalls = {label: self.recall(label) for label in self.occurring}
        moved = [
            math.fsum((right - recalls[of] * n) / self.sizes[of] for of, n, right in group.by_class)
            / len(recalls)
            for group in self.groups
        ]
        return interval_over_groups(self.balanced, moved)

    def plus(self, other: Counts) -> Counts:
        """Both tests together. What is known by group stays so where it is known of both."""
        confusion = tuple(
            tuple(one + more for one, more in zip(row, added, strict=True))
            for row, added in zip(self.confusion, other.confusion, strict=True)
        )
        if not (self.groups and other.groups and self.group_kind == other.group_kind):
            return Counts(confusion)
        groups = {group.name: group for group in self.groups}
        for group in other.groups:
            groups[group.name] = _together(groups.get(group.name), group)
        held = sorted(groups.values(), key=lambda group: _natural(group.name))
        return Counts(confusion, tuple(held), self.group_kind)

    def without_groups(self) -> Counts:
        """The same, not told by group."""
        return replace(self, groups=(), group_kind="")


def _together(first: Group | None, second: Group) -> Group:
    if first is None:
        return second
    held = {of: (n, right) for of, n, right in first.by_class}
    for of, n, right in second.by_class:
        before = held.get(of, (0, 0))
        held[of] = before[0] + n, before[1] + right
    return Group(first.name, tuple((of, *held[of]) for of in sorted(held)))


def counted(
    labels: Integers,
    decided: Integers,
    classes: int,
    groups: Sequence[str] | None = None,
    group_kind: str = "",
) -> Counts:
    """Decisions (n,) on samples whose classes are `labels` (n,), counted.

    `groups` are the names of what each sample was cut from. Raises `ValueError` for a class that is
    none of `classes`, and for arrays that do not belong together.
    """
    if len(labels) != len(decided) or (groups is not None and len(groups) != len(labels)):
        raise ValueError("a decision, a label and a group for each sample")
    known = np.concatenate([labels, decided])
    if known.size and not 0 <= int(known.min()) <= int(known.max()) < classes:
        raise ValueError(f"a class that is none of {classes}")
    pairs = labels * classes + decided
    matrix = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    confusion = tuple(tuple(row) for row in matrix.tolist())
    if groups is None:
        return Counts(confusion)
    by_group: dict[str, dict[int, list[bool]]] = {}
    is_right = (labels == decided).tolist()
    for name, of, right in zip(groups, labels.tolist(), is_right, strict=True):
        by_group.setdefault(name, {}).setdefault(of, []).append(right)
    found = tuple(
        Group(name, tuple((of, len(held[of]), sum(held[of])) for of in sorted(held)))
        for name, held in sorted(by_group.items(), key=lambda item: _natural(item[0]))
    )
    return Counts(confusion, found, group_kind)


def _natural(name: str) -> tuple[int, str]:
    """Numbers in their order, before names."""
    return (int(name), "") if name.isdecimal() else (1 << 62, name)
