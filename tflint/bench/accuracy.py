"""How often a model decides right: on labelled samples, one inference each as on the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tflint.bench.datasets import LabelledData
from tflint.bench.decisions import UNDECIDED, decided, ties
from tflint.bench.fitting import Fit, check_labels, fitted, values_of
from tflint.bench.intervals import wilson_interval
from tflint.bench.options import BenchOptions
from tflint.bench.sample_runs import SampleRun
from tflint.errors import ModelRefused
from tflint.execution.frames import Array
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model
from tflint.printable import counted, printable
from tflint.report.accuracy_result import Accuracy, ClassScore

# More classes are counted together only: their confusion matrix would be what a report is made of.
MAX_CLASSES = 1024
# Classes are out of balance where the largest has half as much again as its share of them.
_IMBALANCE = 1.5


def measure_accuracy(
    model_data: bytes,
    model: Model,
    entry: Entry,
    data: LabelledData,
    options: BenchOptions,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Accuracy, tuple[str, ...]]:
    """How often a model decides right on samples, and what is to be noted about it.

    Raises `DoesNotFit` where they are not for this model, `ModelRefused` with what LiteRT says and
    `HostFailed` where it crashed or hung.
    """
    fit = fitted(data, model, entry)
    run = SampleRun(model_data, model, entry, data, fit, options, say)
    found: list[Array] = []
    tied, width = 0, 1
    for values in run.outputs():
        width = math.prod(values.shape[1:])
        if fit.decision.columns not in (None, width) or not width:
            raise ModelRefused(
                f"its output {fit.decision.port.title} has {counted(width, 'value')} a sample when"
                " it runs, which its shape does not say"
            )
        check_labels(fit.labels, width, fit.decision, fit.classes)
        found.append(decided(values, fit.decision))
        tied += ties(values, fit.decision)
    accuracy = _accuracy(np.concatenate(found), data, fit, width)
    return accuracy, (*fit.notes, *_notes(accuracy, tied), *run.levels.notes())


def first_sample(data: LabelledData, model: Model, entry: Entry) -> list[Array]:
    """The first of the samples, (1, *shape) of real values for each input: to be timed on.

    Raises `DoesNotFit`.
    """
    fit = fitted(data, model, entry)
    rows = np.resize(data.rows, fit.batch)
    return [
        values_of(data, fit, place, port, rows).reshape(1, *fit.taken_shapes[place])
        for place, port in enumerate(entry.inputs)
    ]


def _accuracy(answers: Array, data: LabelledData, fit: Fit, width: int) -> Accuracy:
    truth = fit.labels.classes
    correct = int((answers == truth).sum())
    low, high = wilson_interval(correct, len(truth))
    count = max(width, 2)
    if fit.decision.is_class:
        count = max(int(truth.max()), int(answers.max()), len(fit.classes) - 1, 1) + 1
    classes: tuple[ClassScore, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    if count <= MAX_CLASSES:
        is_decided = answers != UNDECIDED
        places = truth[is_decided] * count + answers[is_decided]
        matrix = np.bincount(places, minlength=count * count).reshape(count, count)
        confusion = tuple(tuple(row) for row in matrix.tolist())
        sizes = np.bincount(truth, minlength=count).tolist()
        names = fit.classes or tuple(str(number) for number in range(count))
        classes = class_scores(confusion, names, sizes)
    return Accuracy(
        value=correct / len(truth),
        n=len(truth),
        correct=correct,
        low=low,
        high=high,
        dataset=data.name,
        split=data.split,
        decision=fit.decision.text,
        classes=classes,
        confusion=confusion,
        sha256=data.sha256 or None,
        undecided=int((answers == UNDECIDED).sum()),
        majority=int(np.max(np.unique(truth, return_counts=True)[1])) / len(truth),
        right=(answers == truth).astype(np.uint8).tobytes(),
        files=data.files,
    )


def class_scores(
    confusion: Sequence[Sequence[int]], names: Sequence[str], sizes: Sequence[int]
) -> tuple[ClassScore, ...]:
    """Each class by its samples, those found, and those taken for it: `confusion[truth][decided]`.

    `sizes` are the samples of each class, those that were not decided included.
    """
    taken = [sum(row[place] for row in confusion) for place in range(len(names))]
    return tuple(
        _score(name, size, confusion[i][i], taken[i])
        for i, (name, size) in enumerate(zip(names, sizes, strict=True))
    )


def _score(name: str, size: int, correct: int, predicted: int) -> ClassScore:
    low, high = wilson_interval(correct, size)
    precision_low, precision_high = wilson_interval(correct, predicted)
    label = printable(name, 60)
    return ClassScore(label, size, correct, predicted, low, high, precision_low, precision_high)


def _notes(accuracy: Accuracy, tied: int) -> Iterator[str]:
    if accuracy.undecided:
        yield (
            f"the output stands for no class (not a number) in {accuracy.undecided:,} of"
            f" {counted(accuracy.n, 'sample')}, which count as wrong"
        )
    if tied:
        yield (
            f"classes share the greatest output in {tied:,} of {accuracy.n:,} samples: the"
            " first of them is taken, as argmax does"
        )
    if not accuracy.classes:
        yield f"more than {MAX_CLASSES:,} classes: no figures for each"
        return
    largest = max(accuracy.classes, key=lambda score: score.n)
    always = f"always saying `{largest.label}` would be right in {100 * accuracy.majority:.1f} %"
    if largest.n == accuracy.n:
        yield f"all samples are of the class `{largest.label}`"
    elif accuracy.low <= accuracy.majority:
        yield f"not shown to be better than a constant: {always}"
    elif accuracy.majority >= max(_IMBALANCE / len(accuracy.classes), 0.5):
        yield f"classes are out of balance: {always}"
