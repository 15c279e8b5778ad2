"""A network of an experiment, trained on each fold, converted and measured: its result."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

from tflint.errors import ModelRefused
from tflint.printable import printable
from tflint.version import __version__
from tflint_reference_models.application import CHOSEN, Application, Experiment, Task, Trained
from tflint_reference_models.training.forms import (
    FORMS,
    SHIPPED,
    NotConverted,
    converted,
    measured,
)
from tflint_reference_models.training.job import Job
from tflint_reference_models.training.kept_states import STATES
from tflint_reference_models.training.options import TrainOptions
from tflint_reference_models.training.results import (
    CurvePoint,
    FormResult,
    Refused,
    Repeat,
    Result,
    Sizes,
)
from tflint_reference_models.training.sources import code_sha256
from tflint_reference_models.training.trainer import TrainedNetwork, train

# What a baseline may be off when it is made integers: it is measured, and never shipped.
_BASELINE_TOLERANCE = 1.0
# What decides what becomes of a training, by the names of its distributions.
_MADE_WITH = ("tensorflow", "keras", "numpy", "ai-edge-litert", "ai-edge-quantizer")

_MAX_REASON = 1000

Say = Callable[[str], None]
# Files of a network by their form; None is Keras' own.
Files = dict[str | None, bytes]


@dataclass(frozen=True, slots=True)
class _Run:
    """What all trainings of a network have in common."""

    of: Application
    experiment: Experiment
    network: str
    folder: Path
    options: TrainOptions
    sources: str
    tolerance: float | None

    @property
    def held(self) -> Trained:
        return self.experiment.networks[self.network]

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the groups that are trained on in each fold."""
        return self.held.shares or (1.0,) * self.held.folds

    def train(self, fold: int, seed: int, task: Task, say: Say) -> TrainedNetwork:
        options = self.options
        job = Job(
            application=self.of.name,
            experiment=self.experiment.name,
            network=self.network,
            fold=fold,
            seed=seed,
            epochs=options.epochs,
            folder=str(self.folder),
            state="",
            threads=options.threads,
        )
        state = options.output / STATES / job.state_name(task.sha256, self.sources)
        job = replace(job, state=str(state))
        return train(job, options.seconds, say, fresh=options.fresh)


@dataclass
class _Pass:
    """What the folds come to from one seed; files, sizes and classes are those of the first."""

    run: _Run
    seed: int
    forms: tuple[str, ...]
    pooled: dict[tuple[float, str], FormResult] = field(default_factory=dict)
    groups: dict[float, tuple[int, int]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=dict)
    thresholds: list[float | None] = field(default_factory=list)
    parameters: int = 0
    sizes: Sizes = field(default_factory=lambda: Sizes(0, 0, 0))
    classes: tuple[str, ...] = ()
    sha256: tuple[tuple[str, str], ...] = ()

    def go(self, say: Say) -> None:
        """Train, convert and measure each fold."""
        run, shares = self.run, self.run.shares
        for fold, share in enumerate(shares):
            where = f"fold {fold + 1} of {len(shares)}" if len(shares) > 1 else ""
            about = prefixed(say, where) if where else say
            task = run.held.task(run.folder, fold, self.seed)
            self.groups.setdefault(share, (task.trained_groups, task.trained_samples))
            network = run.train(fold, self.seed, task, about)
            self.thresholds.append(network.threshold)
            self._see(network, share, task, where, about)
            if fold == 0:
                self.parameters, self.classes = network.parameters, task.classes
                self.sha256, self.files[None] = task.sha256, network.path.read_bytes()
                counts = (len(task.validation.labels), len(task.test.labels))
                self.sizes = Sizes(task.trained_samples, *counts)

    def _see(self, network: TrainedNetwork, share: float, task: Task, where: str, say: Say) -> None:
        for form in self.forms:
            if form in self.refused:
                continue
            try:
                data = converted(network.path, form, task.calibration, self.run.tolerance, say)
                one = measured(data, form, task, say)
            except (NotConverted, ModelRefused) as error:
                say(f"no {form}: {error}")
                why = printable(str(error), _MAX_REASON)
                self.refused[form] = f"{where}: {why}" if where else why
                self.files.pop(form, None)
                continue
            before = self.pooled.get((share, form))
            self.pooled[share, form] = one if before is None else before.plus(one)
            if len(self.thresholds) == 1:
                self.files[form] = data


def prefixed(say: Say, prefix: str) -> Say:
    """`say` for a part of what is done."""
    return lambda text: say(f"{prefix}: {text}")


def trained_in_folds(
    of: Application,
    experiment: Experiment,
    network: str,
    folder: Path,
    options: TrainOptions,
    say: Say,
) -> tuple[Result, Files]:
    """The result of a network, and the files of the first fold: none where they are not kept.

    A form that does not hold up, in whichever fold, is left out, and the result tells why. Raises
    `UsageError` and `HostFailed` as a training does, and `ValueError` for a learning curve that has
    not a share for each fold.
    """
    is_kept = experiment is of.experiments[0]
    tolerance = None if is_kept and network == CHOSEN else _BASELINE_TOLERANCE
    run = _Run(of, experiment, network, folder, options, code_sha256(of.name), tolerance)
    if len(run.shares) != run.held.folds:
        raise ValueError(f"{run.held.folds} folds, and shares for {len(run.shares)}")
    first = _Pass(run, options.seed, tuple(FORMS) if is_kept else ("float32", SHIPPED))
    first.go(say)
    whole = max(run.shares)
    epochs = options.epochs or run.held.recipe.epochs
    result = Result(
        experiment=experiment.name,
        network=network,
        classes=first.classes,
        folds=run.held.folds,
        seed=options.seed,
        epochs=epochs,
        parameters=first.parameters,
        thresholds=tuple(first.thresholds),
        sizes=first.sizes,
        forms=tuple(first.pooled[whole, form] for form in first.forms if form not in first.refused),
        date=datetime.date.today().isoformat(),
        version=__version__,
        code_sha256=run.sources,
        data_sha256=first.sha256,
        versions=made_with(),
        refused=tuple(Refused(form, why) for form, why in first.refused.items()),
        repeats=_repeats(run, first, say),
        curve=_curve(run, first),
        notes=_notes(run.held, epochs),
        threads=options.threads,
    )
    return result, first.files if is_kept else {}


def _repeats(run: _Run, first: _Pass, say: Say) -> tuple[Repeat, ...]:
    found = []
    for number in range(1, run.held.repeats if SHIPPED not in first.refused else 1):
        again = _Pass(run, first.seed + number, (SHIPPED,))
        again.go(prefixed(say, f"seed {again.seed}"))
        if SHIPPED not in again.refused:
            test = again.pooled[max(run.shares), SHIPPED].test
            found.append(Repeat(again.seed, test.without_groups()))
    return tuple(found)


def _curve(run: _Run, first: _Pass) -> tuple[CurvePoint, ...]:
    if not run.held.shares or SHIPPED in first.refused:
        return ()
    return tuple(
        CurvePoint(share, *first.groups[share], first.pooled[share, SHIPPED].test)
        for share in sorted(first.groups)
    )


def _notes(held: Trained, epochs: int) -> tuple[str, ...]:
    if epochs == held.recipe.epochs:
        return ()
    return (f"trained for {epochs} epochs; its recipe has {held.recipe.epochs}",)


def made_with() -> tuple[tuple[str, str], ...]:
    """The versions of what trains and converts, and the kind of machine."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _MADE_WITH:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return tuple(sorted(found.items()))
