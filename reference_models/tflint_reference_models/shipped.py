"""The models that come with tflint: what was recorded with each, and the samples to test it on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tflint.bench.datasets import LabelledData
from tflint.bench.known_models import KnownModel, recorded_accuracy
from tflint.bench.labels import Labels
from tflint.errors import UsageError
from tflint.printable import counted, printable
from tflint.report.accuracy_result import Accuracy, Recorded
from tflint.report.reference_result import Baseline, Reference
from tflint_reference_models.application import CHOSEN, ORIGINAL, Application
from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.published import published_figures
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.figures import Use
from tflint_reference_models.training.metrics import from_json
from tflint_reference_models.training.results import FormResult, Result

METRICS, MANIFEST = "metrics.json", "manifest.json"
# Its arenas are those of the table: TFLM with reference kernels.
_RUNTIME = "tflm"
# The seed that test samples are drawn with where nothing was recorded.
_SEED = 0


def known_models(paths: Sequence[Path]) -> tuple[KnownModel | None, ...]:
    """What is known of models by where they are: `APP/APP_FORM.tflite`; None for any other."""
    return tuple(map(_known, paths))


def samples_to_test_on(name: str, folder: Path) -> LabelledData:
    """The samples that an application's shipped models are tested on, made of recordings.

    Raises `UsageError` for recordings that are missing or broken.
    """
    of = application(name)
    experiment = of.experiments[0]
    result = _result(_results(_package_folder(name)), of, CHOSEN)
    seed = _SEED if result is None else result.seed
    task = experiment.networks[CHOSEN].task(folder, 0, seed)
    files = ", ".join(file for file, _ in task.sha256)
    return LabelledData(
        title=f"the recordings of {of.title}",
        name=files,
        sha256=task.sha256[0][1] if len(task.sha256) == 1 else "",
        arrays={"features": task.test.inputs},
        rows=np.arange(len(task.test.labels)),
        labels={None: Labels("labels", task.test.labels, None)},
        classes=task.classes,
        split="test",
        samples=len(task.test.labels),
        files=task.sha256,
    )


def _package_folder(name: str) -> Path:
    return Path(__file__).resolve().parent / name


def _form(path: Path) -> str:
    return path.stem.removeprefix(f"{path.parent.name}_")


def _known(path: Path) -> KnownModel | None:
    name = path.parent.name
    if name not in NAMES:
        return None
    of, form = application(name), _form(path)
    reference = Reference(
        name, of.title, of.summary, form, of.experiments[0].title, published_figures(of, form)
    )
    try:
        results = _results(path.parent)
        is_own = _is_in_manifest(path)
    except UsageError as error:
        return KnownModel(reference, note=f"no accuracy recorded: {error}")
    result = _result(results, of, CHOSEN)
    found = None if result is None else result.form(form)
    if result is None or found is None:
        return KnownModel(reference, note="no accuracy recorded")
    if not is_own:
        note = f"no accuracy recorded: the file is not the one that `{MANIFEST}` names"
        return KnownModel(reference, note=note)
    reference = dataclasses.replace(
        reference,
        baseline=_baseline(_result(results, of, ORIGINAL), form),
        further=_further(result, found),
    )
    recorded = _recorded(result, found.test)
    if result.folds < 2:
        return KnownModel(reference, recorded)
    networks = counted(result.folds, "network")
    return KnownModel(
        reference,
        recorded,
        note=(
            f"the accuracy recorded is that of {networks}, each tested on what it was not trained"
            " on; this file is the first of them"
        ),
        note_measured=f"this is the first of {networks}, on what it was not trained on",
        folds=result.folds,
    )


def _results(folder: Path) -> tuple[Result, ...]:
    """What was recorded in a folder; none where nothing was. Raises `UsageError`."""
    path = folder / METRICS
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`{METRICS}` cannot be read: {printable(str(error), 200)}") from error
    return from_json(text, METRICS)[1]


def _result(results: Sequence[Result], of: Application, network: str) -> Result | None:
    """What a network of the experiment whose models are shipped came to."""
    wanted = (of.experiments[0].name, network)
    return next((one for one in results if (one.experiment, one.network) == wanted), None)


def _is_in_manifest(path: Path) -> bool:
    """Whether the manifest names this very file."""
    try:
        held = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))
        wanted = held["files"][path.name]["sha256"]
        return bool(hashlib.sha256(path.read_bytes()).hexdigest() == wanted)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _recorded(result: Result, counts: Counts) -> Accuracy | None:
    count = len(result.classes)
    decision = f"the greatest of {count} outputs" if count > 2 else "class 1 above 0.5"
    return recorded_accuracy(
        counts.confusion,
        result.classes,
        result.data_sha256,
        Recorded(result.date, result.version),
        decision,
    )


def _baseline(result: Result | None, form: str) -> Baseline | None:
    found = None if result is None else result.form(form)
    if result is None or found is None:
        return None
    accuracy = _recorded(result, found.test)
    if accuracy is None:
        return None
    arenas = (use.min_arena_bytes for use in found.figures.uses if _runs_as(use, _RUNTIME))
    return Baseline(found.weight_bytes, accuracy, next(arenas, None))


def _runs_as(use: Use, runtime: str) -> bool:
    return use.runtime == runtime and use.refusal is None


def _further(result: Result, found: FormResult) -> tuple[tuple[str, Accuracy], ...]:
    tests = ((name, _recorded(result, counts)) for name, counts in found.others.items())
    return tuple((name, accuracy) for name, accuracy in tests if accuracy is not None)
