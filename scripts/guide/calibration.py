"""What calibration samples are worth: a reference model made integers with several sets."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from guide.figures import TARGET
from guide.recorded import HOME
from tflint.api import run_fix
from tflint.config.load import load_settings
from tflint.execution.hosts import Host, execute
from tflint.fix.options import FixOptions
from tflint.fix.proof.interface import first_entry
from tflint.fix.proof.measures import error
from tflint.model.reader import parse_model
from tflint_reference_models.application import CHOSEN, Samples, Task
from tflint_reference_models.applications import application
from tflint_reference_models.dataset import Floats
from tflint_reference_models.training.loop import mean_recall

SEED = 0


def calibrations(name: str, folder: Path) -> dict[str, Any]:
    """Mean recall and decibels of the int8 forms of an application's float32 model.

    Of the samples that the network was chosen by, not of the test. `folder` has the recordings.
    """
    floats = float_model(name)
    task = application(name).experiments[0].networks[CHOSEN].task(folder, 0, SEED)
    data = floats.read_bytes()
    expected = answers(data, task.validation.inputs)
    labels = task.validation.labels
    found: dict[str, Any] = {
        "application": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "samples": len(labels),
        "float32": {"recall": mean_recall(expected, labels)},
        "sets": {},
    }
    for title, samples in sets(task):
        row: dict[str, Any] = {"count": len(samples)}
        for way in ("minmax", "best"):
            made = quantised(floats, samples, way)
            if isinstance(made, str):
                row[way] = {"fails": made}
                continue
            got = answers(made, task.validation.inputs)
            row[way] = {
                "recall": mean_recall(got, labels),
                "agreement": float(np.mean(_decided(got) == _decided(expected))),
                "decibels": error(expected, got).snr_db,
            }
        found["sets"][title] = row
    return found


def float_model(name: str) -> Path:
    """The float32 form of a reference model."""
    return HOME / name / f"{name}_float32.tflite"


def sets(task: Task) -> Iterator[tuple[str, Floats]]:
    """Calibration sets by what they are."""
    random = np.random.default_rng(SEED)
    real = task.calibration[random.permutation(len(task.calibration))]
    for count in (1, 3, 10, 30, 100, 300):
        if count <= len(real):
            yield f"real, {count}", real[:count]
    trained: Samples = task.epoch(0)
    for label, title in enumerate(task.classes):
        yield f"only {title}", trained.inputs[trained.labels == label][:100]
    yield "normal noise", random.normal(size=(100, *real.shape[1:])).astype(np.float32)
    yield "uniform noise", random.random((100, *real.shape[1:]), np.float32)
    yield "zeros", np.zeros((100, *real.shape[1:]), np.float32)


def quantised(floats: Path, samples: Floats, way: str) -> bytes | str:
    """What `tflint fix --quantize int8 --calibrate` makes of a model, or why it does not."""
    settings = load_settings({"target": TARGET}, isolated=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.npy"
        np.save(path, samples)
        options = FixOptions(quantize="int8", calibrate=path, calibration=way, tolerance=1.0)
        run = run_fix(settings, [str(floats)], options)
    (repaired,) = run.files
    return repaired.fix.failure or repaired.after


def answers(data: bytes, inputs: Floats) -> Floats:
    """What a model answers on LiteRT, as reals: (n, outputs)."""
    entry = first_entry(parse_model(data))
    (taken,), (given,) = entry.inputs, entry.outputs
    (out,) = execute(data, (taken.quantised(inputs[:, np.newaxis]),), Host.LITERT)
    found: Floats = given.real(out).astype(np.float32).reshape(len(inputs), -1)
    return found


def _decided(given: Floats) -> Any:
    return given.argmax(axis=1) if given.shape[1] > 1 else given[:, 0] >= 0.5
