"""How often a model decides right, as it was measured or recorded.

Accuracies are parts of 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Recorded:
    """When (as ISO 8601 has dates) and by which version of tflint an accuracy was measured that
    is shown as it was recorded.
    """

    date: str
    version: str


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: `n` samples are of it, `correct` of them were found, `predicted` were taken for
    it. `low` and `high` bound the recall, `precision_low` and `precision_high` the precision.
    """

    label: str
    n: int
    correct: int
    predicted: int
    low: float
    high: float
    precision_low: float = 0.0
    precision_high: float = 1.0

    @property
    def recall(self) -> float | None:
        """The part of its samples that was found; None where there are none."""
        return self.correct / self.n if self.n else None

    @property
    def precision(self) -> float | None:
        """The part of what was taken for it that is of it; None where nothing was."""
        return self.correct / self.predicted if self.predicted else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of recall and precision; None for a class that does not occur."""
        both = self.n + self.predicted
        return 2 * self.correct / both if both else None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The part of the samples that was decided right, with its Wilson interval of 95 %.

    `confusion[truth][decided]` counts samples, in the order of `classes`; those whose output is not
    a number, `undecided`, are in no column of it. `decision` says how an output becomes a class,
    `dataset` and `split` what the samples are, `sha256` is that of their file. `majority` is the
    part of the samples that are of the largest class: what always saying it would reach. `right`
    has a byte for each sample, in the order of the data: 1 where it was decided right. Where the
    samples come from several files, `files` has their names and SHA-256. `recorded` says when it
    was measured, if that was not in this run.
    """

    value: float
    n: int
    correct: int
    low: float
    high: float
    dataset: str
    split: str | None
    decision: str
    classes: tuple[ClassScore, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    sha256: str | None = None
    undecided: int = 0
    majority: float = 0.0
    right: bytes = field(default=b"", repr=False)
    files: tuple[tuple[str, str], ...] = ()
    recorded: Recorded | None = None

    @property
    def balanced(self) -> float | None:
        """The mean recall of the classes that occur: each counts alike, however rare it is."""
        recalls = [score.recall for score in self.classes if score.recall is not None]
        return sum(recalls) / len(recalls) if recalls else None
