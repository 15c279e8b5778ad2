"""What a training came to, as `metrics.json` keeps it and cards are written from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from tflint.bench.intervals import wilson_interval
from tflint.errors import UsageError

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Decisions on the samples of a test: `confusion[truth][decided]`."""

    confusion: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        """The number of samples."""
        return int(np.sum(self.confusion))

    @property
    def correct(self) -> int:
        """How many were decided right."""
        return int(np.trace(np.array(self.confusion)))

    @property
    def accuracy(self) -> float:
        """The part that was decided right; 0 without samples."""
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its Wilson interval of 95 %, as though each sample were drawn by itself."""
        return wilson_interval(self.correct, self.n)

    def recall(self, label: int) -> float:
        """The part of a class that was found; 0 for a class that does not occur."""
        row = self.confusion[label]
        return row[label] / sum(row) if sum(row) else 0.0

    @property
    def balanced(self) -> float:
        """The mean recall of the classes that occur; 0 without samples."""
        occurring = [label for label, row in enumerate(self.confusion) if sum(row)]
        return float(np.mean([self.recall(label) for label in occurring])) if occurring else 0.0

    def plus(self, other: Counts) -> Counts:
        """Both tests together."""
        total = np.array(self.confusion) + np.array(other.confusion)
        return Counts(tuple(tuple(row) for row in total.tolist()))


@dataclass(frozen=True, slots=True)
class FormResult:
    """A form of a network: `float32`, `float16`, `dynamic` or `int8`.

    `file_bytes` and `weight_bytes` are those of the first fold, as `tflint bench` counts weights.
    `test` and `others` add up all folds that are done, by the name of the test.
    """

    form: str
    file_bytes: int
    weight_bytes: int
    test: Counts
    others: Mapping[str, Counts] = field(default_factory=dict)

    def plus(self, other: FormResult) -> FormResult:
        """Two folds together."""
        others = {name: counts.plus(other.others[name]) for name, counts in self.others.items()}
        return replace(self, test=self.test.plus(other.test), others=others)


@dataclass(frozen=True, slots=True)
class Result:
    """A network of an experiment. `parameters` counts all of Keras' weights, `date` is ISO.

    `thresholds` has what became part of the last bias, fold by fold.
    """

    experiment: str
    network: str
    classes: tuple[str, ...]
    folds: int
    seed: int
    epochs: int
    parameters: int
    thresholds: tuple[float | None, ...]
    forms: tuple[FormResult, ...]
    date: str
    version: str
    code_sha256: str
    data_sha256: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def form(self, name: str) -> FormResult | None:
        """One of its forms; None where it was not made."""
        return next((one for one in self.forms if one.form == name), None)


def to_json(application: str, results: Sequence[Result]) -> str:
    """`metrics.json`."""
    held = {
        "schema": SCHEMA,
        "application": application,
        "results": [asdict(result) for result in results],
    }
    return json.dumps(held, indent=1) + "\n"


def from_json(text: str, shown: str) -> tuple[str, tuple[Result, ...]]:
    """The application and its results. Raises `UsageError` for what is no `metrics.json`."""
    try:
        held = json.loads(text)
        if held["schema"] != SCHEMA:
            raise ValueError("another schema")
        return str(held["application"]), tuple(_result(one) for one in held["results"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"`{shown}` holds no metrics of a reference model: {error!r}") from error


def _result(held: Mapping[str, Any]) -> Result:
    forms = tuple(
        FormResult(
            str(one["form"]),
            int(one["file_bytes"]),
            int(one["weight_bytes"]),
            _counts(one["test"]),
            {str(name): _counts(counts) for name, counts in one["others"].items()},
        )
        for one in held["forms"]
    )
    return Result(
        experiment=str(held["experiment"]),
        network=str(held["network"]),
        date=str(held["date"]),
        version=str(held["version"]),
        code_sha256=str(held["code_sha256"]),
        folds=int(held["folds"]),
        seed=int(held["seed"]),
        epochs=int(held["epochs"]),
        parameters=int(held["parameters"]),
        classes=tuple(map(str, held["classes"])),
        thresholds=tuple(None if one is None else float(one) for one in held["thresholds"]),
        forms=forms,
        data_sha256=tuple((str(name), str(digest)) for name, digest in held["data_sha256"]),
        notes=tuple(map(str, held["notes"])),
    )


def _counts(held: Mapping[str, Any]) -> Counts:
    return Counts(tuple(tuple(int(count) for count in row) for row in held["confusion"]))
