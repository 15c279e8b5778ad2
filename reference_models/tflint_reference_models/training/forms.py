"""The forms of a trained network: converted as users convert, and what they decide."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tflint.api import run_convert
from tflint.atomic_file import write_files
from tflint.bench.accuracy import measure_accuracy
from tflint.bench.datasets import LabelledData
from tflint.bench.inputs import entry_of
from tflint.bench.inventory import weights_of
from tflint.bench.labels import Labels
from tflint.bench.options import BenchOptions
from tflint.config.load import load_settings
from tflint.convert.options import ConvertOptions
from tflint.convert.origin import parse_origin
from tflint.errors import TflintError
from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.lint.context import LintedModel
from tflint.model.reader import parse_model
from tflint_reference_models.application import Samples, Task
from tflint_reference_models.dataset import Floats
from tflint_reference_models.training.results import Counts, FormResult

# By the names of `tflint convert --quantize`.
FORMS = {"float32": "none", "float16": "float16", "dynamic": "dynamic", "int8": "int8"}
# The board that reference models are checked for.
TARGET = "arduino-nano-33-ble"

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
    settings = load_settings({"target": TARGET}, isolated=True)
    run = run_convert(
        settings,
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
        raise NotConverted(f"no {form}: {why}")
    return run.data


def measured(data: bytes, form: str, task: Task, say: Say) -> FormResult:
    """What a form decides on the tests of a task, on LiteRT in a worker."""
    model = parse_model(data)
    settings = load_settings({"target": TARGET}, isolated=True)
    weights = weights_of(LintedModel(settings.target, model))
    others = {
        name: _counts(data, samples, task, f"{form}, {name}", say)
        for name, samples in task.others.items()
    }
    test = _counts(data, task.test, task, form, say)
    return FormResult(form, len(data), weights.bytes, test, others)


def _counts(data: bytes, samples: Samples, task: Task, what: str, say: Say) -> Counts:
    model = parse_model(data)
    options = BenchOptions()
    labels = Labels("labels", samples.labels, None)
    held = LabelledData(
        what,
        what,
        "",
        {"features": samples.inputs},
        np.arange(len(samples.labels)),
        {None: labels},
        task.classes,
        samples=len(samples.labels),
    )
    say(f"{what}: {len(samples.labels):,} samples")
    accuracy, _ = measure_accuracy(data, model, entry_of(model, None), held, options)
    return Counts(accuracy.confusion)
