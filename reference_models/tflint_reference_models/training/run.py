"""`tflint train`: networks of an application trained, converted, measured, and written with a card.

```
recordings read -> worker trains, fold by fold -> forms -> decisions on the test -> files
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.errors import UnknownName, UsageError
from tflint.printable import printable
from tflint_reference_models.application import CHOSEN, ORIGINAL, Application, Experiment
from tflint_reference_models.applications import application
from tflint_reference_models.data_folder import data_folder
from tflint_reference_models.training.card import CARD, card
from tflint_reference_models.training.folds import prefixed, trained_in_folds
from tflint_reference_models.training.job import state_prefix
from tflint_reference_models.training.kept_states import forget, held_by_this_call, refuse_output
from tflint_reference_models.training.manifest import (
    MANIFEST,
    file_name,
    files_of,
    manifest_of,
    shipped_results,
)
from tflint_reference_models.training.metrics import METRICS, from_json, to_json
from tflint_reference_models.training.options import ALL, TrainOptions
from tflint_reference_models.training.report import TrainReport
from tflint_reference_models.training.results import Result
from tflint_reference_models.training.trainer import check_installed

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
    refuse_output(options.output)
    _before(options.output, of)
    folder = data_folder(options.folder)
    for experiment, network in wanted:
        say(f"{experiment.name}, {network}: reading recordings")
        experiment.networks[network].task(folder, 0, options.seed)
    # Last: where TensorFlow is missing, the recordings are known to be in order.
    check_installed()
    with held_by_this_call(options.output):
        return _train_all(of, wanted, folder, options, say)


def _train_all(
    of: Application,
    wanted: Sequence[tuple[Experiment, str]],
    folder: Path,
    options: TrainOptions,
    say: Say,
) -> TrainReport:
    results = _before(options.output, of)
    found, written = [], dict.fromkeys((METRICS, MANIFEST, CARD))
    for experiment, network in wanted:
        about = prefixed(say, f"{experiment.name}, {network}")
        result, made = trained_in_folds(of, experiment, network, folder, options, about)
        files = {file_name(of.name, network, form): data for form, data in made.items()}
        results = _with(results, result)
        found.append(result)
        _write(of, options.output, results, files)
        written |= dict.fromkeys(files)
    # Not one by one: until all is there, the same call goes on.
    forget(options.output, [state_prefix(one.name, network) for one, network in wanted])
    return TrainReport(of.name, options.output, tuple(found), tuple(written))


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
    stale = [
        output / file_name(of.name, result.network, one.form)
        for result in shipped_results(of, results)
        for one in result.refused
    ]
    for folder in {(output / name).parent for name in files}:
        folder.mkdir(parents=True, exist_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    manifest = manifest_of(of, results, files_of(of, results, output, files))
    write_files(
        [
            *((output / name, data) for name, data in files.items()),
            (output / METRICS, to_json(of.name, results)),
            (output / MANIFEST, manifest),
            (output / CARD, card(of, results)),
        ]
    )
    for path in stale:
        path.unlink(missing_ok=True)
