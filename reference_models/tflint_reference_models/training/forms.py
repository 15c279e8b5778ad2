"""The forms of a trained network: converted as users convert, and what they decide."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflint.api import run_convert
from tflint.atomic_file import write_files
from tflint.bench.datasets import LabelledData
from tflint.bench.decisions import UNDECIDED, decided
from tflint.bench.fitting import fitted
from tflint.bench.inputs import entry_of
from tflint.bench.labels import Labels
from tflint.bench.options import BenchOptions
from tflint.bench.sample_runs import SampleRun
from tflint.convert.options import ConvertOptions
from tflint.convert.origin import parse_origin
from tflint.errors import ModelRefused, TflintError
from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.fix.proof.interface import first_entry
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint_reference_models.application import Samples, Task
from tflint_reference_models.dataset import Floats, Integers
from tflint_reference_models.training.counts import Counts, counted
from tflint_reference_models.training.figures import figures_of, settings
from tflint_reference_models.training.results import FormResult
from tflint_reference_models.training.votes import Answers, voted, voted_once

# By the names of `tflint convert --quantize`.
FORMS = {"float32": "none", "float16": "float16", "dynamic": "dynamic", "int8": "int8"}
# The one that runs on the device: what it decides is also told by group.
SHIPPED = "int8"

Say = Callable[[str], None]


class NotConverted(TflintError):
    """A trained network whose form does not hold up; the message says why."""


def converted(
    network: Path, form: str, calibration: Floats, tolerance: float | None, say: Say
) -> bytes:
    """A form of a `.keras` file, by `tflint convert`.

    `calibration` (n, *shape) are training samples. `tolerance` is what the form may be off from
    Keras' answers; None takes that of `tflint convert`. Raises `NotConverted`, and as
    `tflint convert` does.
    """
    stream = io.BytesIO()
    np.savez(stream, features=calibration)
    samples = network.with_name("calibration.npz")
    write_files([(samples, stream.getvalue())])
    run = run_convert(
        settings(),
        ConvertOptions(
            parse_origin(str(network)),
            quantize=FORMS[form],
            calibrate=samples,
            tolerance=DEFAULT_TOLERANCE if tolerance is None else tolerance,
        ),
        network.with_suffix(".tflite"),
        say=lambda text: say(f"{form}: {text}"),
    )
    if run.data is None:
        refusal = run.report.conversion.refusal
        proof = run.report.proof
        why = refusal or (proof.failure if proof is not None else None) or "it cannot be converted"
        raise NotConverted(why)
    if form == SHIPPED:
        require_integers(run.data)
    return run.data


def require_integers(data: bytes) -> None:
    """Raise `NotConverted` for a model that takes or gives something else than int8."""
    entry = first_entry(parse_model(data))
    for port in (*entry.inputs, *entry.outputs):
        if port.type is not TensorType.INT8:
            raise NotConverted(f"{port.title} is of {port.type.name.lower()}, not int8")


def measured(data: bytes, form: str, task: Task, say: Say) -> FormResult:
    """What a form decides on the tests of a task, on LiteRT in a worker.

    Raises `ModelRefused` where LiteRT does not run it or it answers what is no number, and
    `HostFailed` where LiteRT crashed or hung.
    """
    is_shipped = form == SHIPPED
    others = {}
    for name, samples in task.others.items():
        given = _answers(data, samples, task.classes, f"{form}, {name}", say)
        others[name] = _counts(samples, given.decided, task.classes, by_group=is_shipped)
    given = _answers(data, task.test, task.classes, form, say)
    return FormResult(
        form,
        figures_of(data),
        _counts(task.test, given.decided, task.classes, by_group=is_shipped),
        others,
        _votes(task, given.values, by_group=is_shipped),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """What a model answered: real `values` (n, outputs), and the class of each (n,)."""

    values: Answers
    decided: Integers


def _answers(
    data: bytes, samples: Samples, classes: tuple[str, ...], what: str, say: Say
) -> _Given:
    """The answers to samples, one inference each as on the device."""
    model = parse_model(data)
    entry = entry_of(model, None)
    count = len(samples.labels)
    held = LabelledData(
        what,
        what,
        "",
        {"features": samples.inputs},
        np.arange(count),
        {None: Labels("labels", samples.labels)},
        classes,
        samples=count,
    )
    fit = fitted(held, model, entry)
    say(f"{what}: {count:,} samples")
    raw = np.concatenate(
        list(SampleRun(data, model, entry, held, fit, BenchOptions(), _silent).outputs())
    )
    found = decided(raw, fit.decision)
    if (found == UNDECIDED).any():
        raise ModelRefused(f"{what}: it answers what is no number")
    return _Given(fit.decision.port.real(raw).reshape(count, -1), found)


def _silent(text: str) -> None:
    pass


def _counts(
    samples: Samples, found: Integers, classes: tuple[str, ...], *, by_group: bool
) -> Counts:
    groups = None
    if by_group and samples.groups is not None:
        groups = [str(group) for group in samples.groups.tolist()]
    return counted(samples.labels, found, len(classes), groups, samples.group_kind)


def _votes(task: Task, values: Answers, *, by_group: bool) -> Mapping[str, Counts]:
    """What several answers together decide, by the names of the task's votes."""
    runs = task.test.runs
    if not task.votes:
        return {}
    if runs is None:
        raise ValueError("votes are of samples whose runs are known")
    found = {}
    for name, last in task.votes.items():
        if last:
            samples, means = task.test, voted(values, runs, last)
        else:
            means, firsts = voted_once(values, runs)
            samples = _some(task.test, firsts)
        found[name] = _counts(samples, _classes_of(means), task.classes, by_group=by_group)
    return found


def _some(samples: Samples, places: Integers) -> Samples:
    """Some of the samples, without what they are trained with."""
    groups = None if samples.groups is None else samples.groups[places]
    return Samples(
        samples.inputs[places],
        samples.labels[places],
        groups=groups,
        group_kind=samples.group_kind,
    )


def _classes_of(probabilities: Answers) -> Integers:
    """The class of each: (n,) from (n, 1), which is above 0.5 or not, or (n, classes)."""
    if probabilities.shape[1] == 1:
        return (probabilities[:, 0] > 0.5).astype(np.int64)
    found: Integers = probabilities.argmax(axis=1).astype(np.int64)
    return found
