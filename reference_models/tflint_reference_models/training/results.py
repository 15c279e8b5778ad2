"""What a training came to: what `metrics.json` keeps, and cards and tables are written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.figures import Figures
from tflint_reference_models.training.options import DEFAULT_THREADS

FORM_NAMES = ("float32", "float16", "dynamic", "int8")


@dataclass(frozen=True, slots=True)
class FormResult:
    """A form of a network: `float32`, `float16`, `dynamic` or `int8`.

    `figures` are those of the first fold's file. `test`, `others` and `votes` add up all folds that
    are done, by the name of the test or of the vote; only those of `int8` are told by group.
    """

    form: str
    figures: Figures
    test: Counts
    others: Mapping[str, Counts] = field(default_factory=dict)
    votes: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def file_bytes(self) -> int:
        """The size of its file."""
        return self.figures.file_bytes

    @property
    def weight_bytes(self) -> int:
        """Its constants' bytes, as `tflint bench` counts them."""
        return self.figures.weight_bytes

    def plus(self, other: FormResult) -> FormResult:
        """Two folds together."""
        return replace(
            self,
            test=self.test.plus(other.test),
            others=_plus(self.others, other.others),
            votes=_plus(self.votes, other.votes),
        )


def _plus(some: Mapping[str, Counts], more: Mapping[str, Counts]) -> dict[str, Counts]:
    return {name: counts.plus(more[name]) for name, counts in some.items()}


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was not made, since it did not hold up, and why."""

    form: str
    reason: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """What the int8 form of the same training decided from another seed."""

    seed: int
    test: Counts


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What the int8 form decided where a `share` of the groups was trained on: as many `groups` in
    the first fold, and `samples` (0 where nobody counted).
    """

    share: float
    groups: int
    samples: int
    test: Counts


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many samples the first fold has: to train on before anything is varied (0 where nobody
    counted), to watch it by, and to test on.
    """

    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True)
class Result:
    """A network of an experiment. `parameters` counts all of Keras' weights, `date` is ISO.

    `thresholds` has what became part of the last bias, fold by fold. `curve` are the points of a
    learning curve, by their share; `forms` then are those of the largest. `versions` are those of
    what trained and converted it. The number of `threads` parts sums, and so decides on last bits.
    """

    experiment: str
    network: str
    classes: tuple[str, ...]
    folds: int
    seed: int
    epochs: int
    parameters: int
    thresholds: tuple[float | None, ...]
    sizes: Sizes
    forms: tuple[FormResult, ...]
    date: str
    version: str
    code_sha256: str
    data_sha256: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...] = ()
    refused: tuple[Refused, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    notes: tuple[str, ...] = ()
    threads: int = DEFAULT_THREADS

    def form(self, name: str) -> FormResult | None:
        """One of its forms; None where it was not made."""
        return next((one for one in self.forms if one.form == name), None)
