"""`tflint train`: networks of an application trained, converted, measured, and written with a card.

```
recordings read -> worker trains, fold by fold -> forms -> decisions on the test -> files
```
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.errors import UnknownName, UsageError
from tflint.printable import printable
from tflint.version import __version__
from tflint_reference_models.application import CHOSEN, ORIGINAL, Application, Experiment
from tflint_reference_models.applications import application
from tflint_reference_models.data_folder import data_folder
from tflint_reference_models.training.card import card
from tflint_reference_models.training.forms import FORMS, converted, measured
from tflint_reference_models.training.job import Job, code_sha256
from tflint_reference_models.training.options import ALL, TrainOptions
from tflint_reference_models.training.report import TrainReport
from tflint_reference_models.training.results import FormResult, Result, from_json, to_json
from tflint_reference_models.training.trainer import check_installed, train

METRICS, MANIFEST, CARD = "metrics.json", "manifest.json", "card.md"
# Where trainings keep what they need to go on, in the folder of the results.
STATES = ".training"
# What a baseline may be off when it is made integers: it is measured, and never shipped.
_BASELINE_TOLERANCE = 1.0

Say = Callable[[str], None]


def train_application(
    name: str, options: TrainOptions, say: Say = lambda text: None
) -> TrainReport:
    """Train, convert, measure and write an application's networks.

    Those of the first experiment are written in all forms beside their card; of the others only
    the figures are. Raises `UsageError` for recordings that are missing or broken, before anything
    is trained, and for a folder that cannot be written; `MissingExtra`; `HostFailed`.
    """
    of = application(name)
    wanted = _wanted(of, options)
    check_installed()
    folder = data_folder(options.folder)
    for experiment, network in wanted:
        say(f"{experiment.name}, {network}: reading recordings")
        experiment.networks[network].task(folder, 0, options.seed)
    results = _before(options.output, of)
    found, written = [], dict.fromkeys((METRICS, MANIFEST, CARD))
    for experiment, network in wanted:
        about = _prefixed(say, f"{experiment.name}, {network}")
        result, files = _trained(of, experiment, network, folder, options, about)
        results = _with(results, result)
        found.append(result)
        _write(of, options.output, results, files)
        written |= dict.fromkeys(files)
    return TrainReport(name, options.output, tuple(found), tuple(written))


def _wanted(of: Application, options: TrainOptions) -> list[tuple[Experiment, str]]:
    """The experiments and their networks that are asked for. Raises `UsageError`."""
    if options.experiment == ALL:
        return [(one, network) for one in of.experiments for network in one.networks]
    names = [one.name for one in of.experiments]
    chosen = options.experiment or names[0]
    if chosen not in names:
        raise UnknownName("experiment", chosen, [*names, ALL], f"there are {', '.join(names)}")
    experiment = of.experiment(chosen)
    network = ORIGINAL if options.original else CHOSEN
    if network not in experiment.networks:
        raise UsageError(f"the experiment `{chosen}` has no network `{network}`")
    return [(experiment, network)]


def _prefixed(say: Say, prefix: str) -> Say:
    return lambda text: say(f"{prefix}: {text}")


def _trained(
    of: Application,
    experiment: Experiment,
    network: str,
    folder: Path,
    options: TrainOptions,
    say: Say,
) -> tuple[Result, dict[str, bytes]]:
    """The result of a network, and the files of the first fold by name."""
    held = experiment.networks[network]
    is_shipped = experiment is of.experiments[0] and network == CHOSEN
    is_kept = experiment is of.experiments[0]
    forms = tuple(FORMS) if is_kept else ("float32", "int8")
    tolerance = None if is_shipped else _BASELINE_TOLERANCE
    sources = code_sha256(of.name)
    results: dict[str, FormResult] = {}
    files: dict[str, bytes] = {}
    thresholds: list[float | None] = []
    parameters, epochs = 0, options.epochs or held.recipe.epochs
    sha256: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()
    for fold in range(held.folds):
        where = f"fold {fold + 1} of {held.folds}, " if held.folds > 1 else ""
        about = _prefixed(say, where.rstrip(", ")) if where else say
        task = held.task(folder, fold, options.seed)
        sha256, classes = task.sha256, task.classes
        job = Job(
            of.name,
            experiment.name,
            network,
            fold,
            options.seed,
            options.epochs,
            str(folder),
            "",
            options.threads,
        )
        state = options.output / STATES / job.key(sha256, sources)
        job = replace(job, state=str(state))
        trained = train(job, options.seconds, about, fresh=options.fresh)
        parameters = trained.parameters
        thresholds.append(trained.threshold)
        for form in forms:
            data = converted(trained.path, form, task.calibration, tolerance, about)
            one = measured(data, form, task, about)
            results[form] = results[form].plus(one) if form in results else one
            if fold == 0 and is_kept:
                files[_name(of, network, form)] = data
        if fold == 0 and is_kept:
            files[_name(of, network, None)] = trained.path.read_bytes()
    result = Result(
        experiment.name,
        network,
        classes,
        held.folds,
        options.seed,
        epochs,
        parameters,
        tuple(thresholds),
        tuple(results.values()),
        datetime.date.today().isoformat(),
        __version__,
        sources,
        sha256,
    )
    return result, files


def _name(of: Application, network: str, form: str | None) -> str:
    folder = "original/" if network == ORIGINAL else ""
    return f"{folder}{of.name}.keras" if form is None else f"{folder}{of.name}_{form}.tflite"


def _before(output: Path, of: Application) -> tuple[Result, ...]:
    """The results of earlier calls, which this one adds to. Raises `UsageError`."""
    path = output / METRICS
    shown = printable(str(path), 400)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`{shown}` cannot be read: {error}") from error
    application, results = from_json(text, shown)
    if application != of.name:
        raise UsageError(f"`{shown}` is of {printable(application)}: name another --output")
    return results


def _with(results: Sequence[Result], new: Result) -> tuple[Result, ...]:
    key = (new.experiment, new.network)
    return (*(one for one in results if (one.experiment, one.network) != key), new)


def _write(
    of: Application, output: Path, results: Sequence[Result], files: dict[str, bytes]
) -> None:
    """Models, metrics, manifest and card: all of them, or none."""
    known = _manifest(output)
    made = {name: {"bytes": len(data), "sha256": _hash(data)} for name, data in files.items()}
    manifest = {"schema": 1, "application": of.name, "files": {**known, **made}}
    for folder in {(output / name).parent for name in files}:
        folder.mkdir(parents=True, exist_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    documents: list[tuple[Path, str | bytes]] = [
        *((output / name, data) for name, data in files.items()),
        (output / METRICS, to_json(of.name, results)),
        (output / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n"),
    ]
    write_files(documents)
    write_files([(output / CARD, card(of, results, output))])


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _manifest(output: Path) -> dict[str, object]:
    try:
        held = json.loads((output / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(held) if isinstance(held, dict) else {}
