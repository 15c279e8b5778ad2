"""How often a model decides right: on labelled samples, one inference each as on the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tflint.bench.datasets import LabelledData
from tflint.bench.decisions import UNDECIDED, decided, ties
from tflint.bench.fitting import Fit, check_labels, fitted, values_of
from tflint.bench.intervals import wilson_interval
from tflint.bench.options import BenchOptions
from tflint.bench.refusals import failure_of, refusal_of
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.frames import Array
from tflint.execution.process import Limits, run_worker
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model, SubGraph
from tflint.printable import counted, percent_text, printable
from tflint.report.bench_result import Accuracy, ClassScore

# More classes are counted together only: their confusion matrix would be what a report is made of.
MAX_CLASSES = 1024
_WORKER = "tflint.bench.accuracy_worker"
# Numbers that one worker is sent; they take eight times as many bytes on the way. State is reset
# between samples, so that it does not matter where one worker ends and the next begins.
_CHUNK = 16 << 20
# The part of a worker's time after which it hands back what it has: the rest is for one inference.
_SHARE_OF_TIME = 0.5
_RESOURCES = frozenset(("VAR_HANDLE", "HASHTABLE", "CALL_ONCE"))
# Classes are out of balance where the largest has half as much again as its share of them.
_IMBALANCE = 1.5
# From this part on, values beyond what an input can hold are worth a note: calibration cuts off
# some on purpose.
_SATURATED = 0.05

Say = Callable[[str], None]


def measure_accuracy(
    model_data: bytes,
    model: Model,
    entry: Entry,
    data: LabelledData,
    options: BenchOptions,
    say: Say = lambda text: None,
) -> tuple[Accuracy, tuple[str, ...]]:
    """How often a model decides right on samples, and what is to be noted about it.

    Raises `DoesNotFit` where they are not for this model, `ModelRefused` with what LiteRT says and
    `HostFailed` where it crashed or hung.
    """
    fit = fitted(data, model, entry)
    seen = _Seen()
    found: list[Array] = []
    done = 0
    for values in _outputs(model_data, model, entry, data, fit, options, seen):
        width = math.prod(values.shape[1:])
        if fit.decision.columns not in (None, width) or not width:
            raise ModelRefused(
                f"its output {fit.decision.port.title} has {counted(width, 'value')} a sample when"
                " it runs, which its shape does not say"
            )
        check_labels(fit.labels, width, fit.decision, fit.classes)
        found.append(decided(values, fit.decision))
        seen.ties += ties(values, fit.decision)
        done += len(values)
        if done < data.count:
            say(f"{done:,} of {data.count:,} samples")
        seen.width = width
    accuracy = _accuracy(np.concatenate(found), data, fit, seen.width)
    return accuracy, (*fit.notes, *_notes(accuracy, seen))


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


@dataclass(slots=True)
class _Seen:
    """What is noticed on the way: values of the inputs, those beyond what the model can hold, and
    samples in which classes are equal.
    """

    values: int = 0
    saturated: int = 0
    ties: int = 0
    width: int = 1


def _outputs(
    model_data: bytes,
    model: Model,
    entry: Entry,
    data: LabelledData,
    fit: Fit,
    options: BenchOptions,
    seen: _Seen,
) -> Iterator[Array]:
    """The output that decides, raw, of all samples in turn: (some of them, *its shape)."""
    others = (graph for place, graph in enumerate(model.subgraphs) if place)
    request = {
        "threads": options.threads,
        "kernels": options.kernels.value,
        "subgraph": entry.subgraph,
        "tensors": [port.tensor for port in entry.inputs],
        "resized": [
            [port.tensor, list(shape)]
            for port, shape in zip(entry.inputs, fit.taken_shapes, strict=True)
            if model.subgraphs[entry.subgraph].tensors[port.tensor].shape != shape
        ],
        "output": fit.decision.port.tensor,
        "has_variables": _has_variables(model.subgraphs[0]),
        # Only a new interpreter forgets what these hold.
        "has_resources": any(code.name in _RESOURCES for code in model.operator_codes)
        or any(map(_has_variables, others)),
        "seconds": options.seconds * _SHARE_OF_TIME,
    }
    at_once = fit.batch * max(_CHUNK // sum(map(math.prod, fit.taken_shapes)), 1)
    weights, done = np.frombuffer(model_data, np.uint8), 0
    while done < data.count:
        rows = data.rows[done : done + at_once]
        count = len(rows)
        # The last batch is filled with what does not count.
        rows = np.concatenate((rows, np.repeat(rows[-1:], -count % fit.batch)))
        inputs = []
        for place, port in enumerate(entry.inputs):
            values = values_of(data, fit, place, port, rows)
            if port.scale is not None:
                least, most = port.real_range
                half = port.scale / 2
                seen.values += values.size
                seen.saturated += int(((values < least - half) | (values > most + half)).sum())
            taken = port.quantised(values) if port.is_real else values
            inputs.append(taken.reshape(-1, *fit.taken_shapes[place]))
        limits = Limits(options.seconds, options.memory_bytes)
        ended = run_worker(_WORKER, request, [weights, *inputs], limits)
        if not ended.frames:
            raise failure_of(ended, f"after {done:,} of {counted(data.count, 'labelled sample')}")
        head, arrays = ended.frames[0]
        if "failed" in head:
            raise HostFailed(f"LiteRT failed: {head['failed']}")
        if "refused" in head:
            raise refusal_of(model, str(head["refused"]))
        found = _by_sample(arrays, fit.batch)[:count]
        if not len(found):
            raise HostFailed("LiteRT failed: what its process answered makes no sense")
        yield found
        done += len(found)


def _by_sample(arrays: Sequence[Array], batch: int) -> Array:
    """Outputs of inferences as (samples, ...); none where the process answered something else."""
    if len(arrays) != 1 or not arrays[0].ndim or (batch > 1 and arrays[0].shape[1:2] != (batch,)):
        return np.zeros(0)
    return arrays[0] if batch == 1 else arrays[0].reshape(-1, *arrays[0].shape[2:])


def _has_variables(graph: SubGraph) -> bool:
    return any(tensor.is_variable for tensor in graph.tensors)


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
        classes = tuple(
            _score(name, size, confusion[i][i], int(matrix[:, i].sum()))
            for i, (name, size) in enumerate(zip(names, sizes, strict=True))
        )
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
        sha256=data.sha256,
        undecided=int((answers == UNDECIDED).sum()),
        majority=int(np.unique(truth, return_counts=True)[1].max()) / len(truth),
        right=(answers == truth).astype(np.uint8).tobytes(),
    )


def _score(name: str, size: int, correct: int, predicted: int) -> ClassScore:
    low, high = wilson_interval(correct, size)
    precision_low, precision_high = wilson_interval(correct, predicted)
    label = printable(name, 60)
    return ClassScore(label, size, correct, predicted, low, high, precision_low, precision_high)


def _notes(accuracy: Accuracy, seen: _Seen) -> Iterator[str]:
    if accuracy.undecided:
        yield (
            f"the output stands for no class (not a number) in {accuracy.undecided:,} of"
            f" {counted(accuracy.n, 'sample')}, which count as wrong"
        )
    if seen.ties:
        yield (
            f"classes share the greatest output in {seen.ties:,} of {accuracy.n:,} samples: the"
            " first of them is taken, as argmax does"
        )
    if seen.values and seen.saturated >= _SATURATED * seen.values:
        yield (
            f"{percent_text(seen.saturated / seen.values)} of the input values are beyond what the"
            " input can hold: samples are real values before quantisation, scaled as in training"
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
