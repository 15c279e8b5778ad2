"""How often a model decides right: on labelled samples, one inference each as on the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflint.bench.datasets import LabelledData, is_named_by, load_dataset
from tflint.bench.decisions import UNDECIDED, decided, ties
from tflint.bench.fitting import DoesNotFit, Fit, check_labels, fitted, values_of
from tflint.bench.intervals import wilson_interval
from tflint.bench.options import BenchOptions, Dataset
from tflint.errors import HostFailed, ModelRefused, UnreadableModel, UsageError
from tflint.execution.frames import Array
from tflint.execution.process import Limits, run_worker
from tflint.fix.proof.interface import Entry, NotComparable
from tflint.model.graph import dangling_indices
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import counted, percent_text, printable
from tflint.report.bench_result import Accuracy, ClassScore

# More classes are counted together only: their confusion matrix would be what a report is made of.
MAX_CLASSES = 1024
_WORKER = "tflint.bench.accuracy_worker"
# Inputs that one worker is sent, in bytes. State is reset between samples, so that it does not
# matter where one worker ends and the next begins.
_CHUNK_BYTES = 64 << 20
# The part of a worker's time after which it hands back what it has: the rest is for one inference.
_SHARE_OF_TIME = 0.5
_RESOURCES = frozenset(("VAR_HANDLE", "HASHTABLE", "CALL_ONCE"))
# Classes are out of balance where the largest has half as much again as its share of them.
_IMBALANCE = 1.5
# From this part on, values beyond what an input can hold are worth a note.
_SATURATED = 0.01

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The samples for each model of a run, or a note why there are none."""

    data: tuple[LabelledData | None, ...]
    notes: tuple[str | None, ...]


def planned(
    paths: Sequence[tuple[Path, str]],
    options: BenchOptions,
    entry_of: Callable[[Model, str | None], Entry],
) -> Plan:
    """Which samples are for which of the models, given by path and how reports call them.

    `entry_of` finds the way into a model, and raises `NotComparable` where there is none.
    A model that a GLOB names takes that file alone. Raises `UsageError` for a file that cannot be
    read or is of no use: no model is called like its GLOB, one that is does not fit, or none does.
    """
    loaded = {one.path: load_dataset(one.path, options.split) for one in options.datasets}
    # Why a file is for none of them so far; None for one that is, or whose turn did not come.
    refused: dict[Dataset, str | None] = {}
    data: list[LabelledData | None] = []
    notes: list[str | None] = []
    is_any_unreadable = False
    for path, shown in paths:
        named = [d for d in options.datasets if d.pattern and is_named_by(d.pattern, shown)]
        refused |= dict.fromkeys(named)
        known = _read(path, options.signature, entry_of)
        if known is None:
            is_any_unreadable = True
            data.append(None)
            notes.append(None)
            continue
        right, reasons = [], []
        for dataset in named or [d for d in options.datasets if not d.pattern]:
            found = loaded[dataset.path]
            try:
                fitted(found, *known)
            except DoesNotFit as error:
                reason = f"{found.title} is not for `{printable(shown)}`: {error}"
                if dataset.pattern:
                    raise UsageError(reason) from error
                refused.setdefault(dataset, reason)
                reasons.append(f"no accuracy from {found.title}: {error}")
            else:
                right.append(found)
                refused[dataset] = None
        if len(right) > 1:
            raise UsageError(
                f"{right[0].title} and {right[1].title} both fit `{printable(shown)}`: say which is"
                " for it with --data GLOB=FILE"
            )
        data.append(right[0] if right else None)
        notes.append("; ".join(reasons[:2]) if reasons and not right else None)
    for dataset in options.datasets:
        title = loaded[dataset.path].title
        if dataset.pattern and dataset not in refused:
            pattern = printable(dataset.pattern, 200)
            raise UsageError(f"--data: no model is called `{pattern}`, for which {title} is")
        why = refused.get(dataset)
        if why is not None and not is_any_unreadable:
            others = f" (nor any other of {len(paths):,} models)" if len(paths) > 1 else ""
            raise UsageError(f"{why}{others}")
        if dataset not in refused and not is_any_unreadable:
            raise UsageError(f"--data: {title} is for no model: each has one that names it")
    return Plan(tuple(data), tuple(notes))


def _read(
    path: Path, signature: str | None, entry_of: Callable[[Model, str | None], Entry]
) -> tuple[Model, Entry] | None:
    """The model and the way into it; None where its row will say why not."""
    try:
        model = parse_model(path.read_bytes())
        if any(dangling_indices(model)) or not model.subgraphs:
            return None
        return model, entry_of(model, signature)
    except (OSError, UnreadableModel, NotComparable):
        return None


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
    graph = model.subgraphs[entry.subgraph]
    request = {
        "threads": options.threads,
        "kernels": options.kernels.value,
        "signature": entry.signature,
        "names": [port.key for port in entry.inputs],
        "output": fit.output,
        "key": fit.decision.port.key,
        "has_variables": any(tensor.is_variable for tensor in graph.tensors),
        "has_resources": any(code.name in _RESOURCES for code in model.operator_codes),
        "seconds": options.seconds * _SHARE_OF_TIME,
    }
    size = sum(
        math.prod(shape) * port.dtype.itemsize
        for shape, port in zip(fit.shapes, entry.inputs, strict=True)
    )
    at_once = max(_CHUNK_BYTES // max(size, 1), 1)
    weights, done = np.frombuffer(model_data, np.uint8), 0
    while done < data.count:
        rows = data.rows[done : done + at_once]
        inputs = []
        for place, port in enumerate(entry.inputs):
            values = values_of(data, fit, place, port, rows)
            if port.scale is not None:
                least, most = port.real_range
                half = port.scale / 2
                seen.values += values.size
                seen.saturated += int(((values < least - half) | (values > most + half)).sum())
            inputs.append(port.quantised(values) if port.is_real else values)
        limits = Limits(options.seconds, options.memory_bytes)
        ended = run_worker(_WORKER, {**request, "samples": len(rows)}, [weights, *inputs], limits)
        if not ended.frames:
            raise HostFailed(f"LiteRT failed: {ended.fault or 'it ended early'}")
        head, arrays = ended.frames[0]
        if "failed" in head:
            raise HostFailed(f"LiteRT failed: {head['failed']}")
        if "refused" in head:
            said = " ".join(head["refused"].split())
            raise ModelRefused(f"LiteRT does not run the model: {printable(said, 400)}")
        yield arrays[0]
        done += len(arrays[0])


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
        majority=int(np.bincount(truth).max()) / len(truth),
    )


def _score(name: str, size: int, correct: int, predicted: int) -> ClassScore:
    low, high = wilson_interval(correct, size)
    precision_low, precision_high = wilson_interval(correct, predicted)
    label = printable(name, 60)
    return ClassScore(label, size, correct, predicted, low, high, precision_low, precision_high)


def _notes(accuracy: Accuracy, seen: _Seen) -> Iterator[str]:
    if accuracy.undecided:
        yield (
            f"the output is not a number for {accuracy.undecided:,} of {accuracy.n:,} samples,"
            " which count as wrong"
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
