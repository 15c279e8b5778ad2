"""Folds are counted together, points of a curve and seeds are not, and refused forms are told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from tests.reference_models.training.made_up import APPLICATION, FIGURES, TRAINED
from tflint_reference_models.application import (
    CHOSEN,
    ORIGINAL,
    Application,
    Experiment,
    Samples,
    Task,
    Trained,
)
from tflint_reference_models.training import folds as subject
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.folds import trained_in_folds
from tflint_reference_models.training.forms import NotConverted
from tflint_reference_models.training.job import Job
from tflint_reference_models.training.options import TrainOptions
from tflint_reference_models.training.results import FormResult
from tflint_reference_models.training.trainer import TrainedNetwork


def _task(folder: Path, fold: int, seed: int) -> Task:
    test = Samples(np.zeros((10 + fold, 1), np.float32), np.zeros(10 + fold, np.int64))
    return Task(
        ("a", "b"),
        lambda epoch: pytest.fail("no epoch is drawn"),
        test.inputs,
        test,
        test,
        trained_samples=100 * (fold + 1),
        trained_groups=fold + 1,
        sha256=(("x.npz", "00"),),
    )


@dataclass
class Rigged:
    """Trainings that take no time: what a network decides is right `right` times of its tests."""

    folder: Path
    refuses: frozenset[tuple[int, str]] = frozenset()
    jobs: list[Job] = field(default_factory=list)
    tolerances: list[float | None] = field(default_factory=list)

    def train(self, job: Job, seconds: float, say: object, *, fresh: bool) -> TrainedNetwork:
        self.jobs.append(job)
        path = self.folder / "network.keras"
        path.write_bytes(b"keras %d" % job.fold)
        return TrainedNetwork(path, 0.25, 77)

    def converted(
        self, path: Path, form: str, calibration: object, tolerance: float | None, say: object
    ) -> bytes:
        self.tolerances.append(tolerance)
        if (self.jobs[-1].fold, form) in self.refuses:
            raise NotConverted("it is off by 0.4")
        return f"{form} {self.jobs[-1].fold}".encode()

    def measured(self, data: bytes, form: str, task: Task, say: object) -> FormResult:
        n, job = len(task.test.labels), self.jobs[-1]
        right = n - job.seed
        return FormResult(form, FIGURES, Counts(((right, n - right), (0, 0))))


@pytest.fixture
def rigged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rigged:
    found = Rigged(tmp_path)
    monkeypatch.setattr(subject, "train", found.train)
    monkeypatch.setattr(subject, "converted", found.converted)
    monkeypatch.setattr(subject, "measured", found.measured)
    return found


def of(**changes: object) -> Application:
    trained = replace(TRAINED, task=_task, **changes)  # type: ignore[arg-type]
    networks: dict[str, Trained] = {CHOSEN: trained, ORIGINAL: trained}
    experiments = (
        Experiment("first", "by subject", True, networks),
        Experiment("second", "at random", False, networks),
    )
    return replace(APPLICATION, experiments=experiments)


def run(
    of: Application, tmp_path: Path, experiment: int = 0, network: str = CHOSEN, seed: int = 0
) -> tuple[subject.Result, subject.Files]:
    options = TrainOptions(tmp_path / "out", seed=seed)
    return trained_in_folds(
        of, of.experiments[experiment], network, tmp_path, options, lambda text: None
    )


def test_folds_are_counted_together(rigged: Rigged, tmp_path: Path) -> None:
    result, files = run(of(folds=3), tmp_path)
    assert [form.test.n for form in result.forms] == [33, 33, 33, 33]
    assert result.thresholds == (0.25, 0.25, 0.25)
    assert (result.sizes.train, result.sizes.test) == (100, 10)
    assert files[None] == b"keras 0"
    assert files["int8"] == b"int8 0"
    assert result.curve == result.repeats == result.refused == ()
    assert result.parameters == 77
    assert dict(result.versions)["python"]


def test_points_of_a_curve_are_not(rigged: Rigged, tmp_path: Path) -> None:
    result, _ = run(of(folds=4, shares=(1.0, 0.5, 0.5, 1.0)), tmp_path)
    assert [(point.share, point.test.n) for point in result.curve] == [(0.5, 23), (1.0, 23)]
    assert [(point.groups, point.samples) for point in result.curve] == [(2, 200), (1, 100)]
    assert {form.test.n for form in result.forms} == {23}


def test_a_curve_needs_a_share_for_each_fold(rigged: Rigged, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 folds, and shares for 1"):
        run(of(folds=2, shares=(1.0,)), tmp_path)
    assert rigged.jobs == []


def test_other_seeds_are_told_beside(rigged: Rigged, tmp_path: Path) -> None:
    result, files = run(of(repeats=3), tmp_path, seed=2)
    form = result.form("int8")
    assert form is not None
    assert form.test.correct == 8
    assert [(one.seed, one.test.correct) for one in result.repeats] == [(3, 7), (4, 6)]
    assert [job.seed for job in rigged.jobs] == [2, 3, 4]
    assert files["int8"] == b"int8 0"


def test_a_form_that_does_not_hold_up_is_told(rigged: Rigged, tmp_path: Path) -> None:
    rigged.refuses = frozenset({(1, "float16")})
    result, files = run(of(folds=3), tmp_path)
    assert [form.form for form in result.forms] == ["float32", "dynamic", "int8"]
    (refused,) = result.refused
    assert (refused.form, refused.reason) == ("float16", "fold 2 of 3: it is off by 0.4")
    assert set(files) == {None, "float32", "dynamic", "int8"}


def test_without_int8_there_are_no_points_and_no_seeds(rigged: Rigged, tmp_path: Path) -> None:
    rigged.refuses = frozenset({(0, "int8")})
    result, files = run(of(folds=2, shares=(0.5, 1.0), repeats=2), tmp_path)
    assert result.curve == result.repeats == ()
    assert [job.seed for job in rigged.jobs] == [0, 0]
    assert "int8" not in files


def test_only_the_first_experiment_keeps_files(rigged: Rigged, tmp_path: Path) -> None:
    result, files = run(of(), tmp_path, experiment=1)
    assert files == {}
    assert [form.form for form in result.forms] == ["float32", "int8"]


def test_only_what_is_shipped_has_to_agree_with_keras(rigged: Rigged, tmp_path: Path) -> None:
    run(of(), tmp_path)
    assert set(rigged.tolerances) == {None}
    run(of(), tmp_path, network=ORIGINAL)
    assert rigged.tolerances[-1] == 1.0


def test_epochs_that_are_not_the_recipes_are_told(rigged: Rigged, tmp_path: Path) -> None:
    held = of()
    options = TrainOptions(tmp_path / "out", epochs=2)
    result, _ = trained_in_folds(
        held, held.experiments[0], CHOSEN, tmp_path, options, lambda text: None
    )
    assert result.epochs == 2
    assert result.notes == ("trained for 2 epochs; its recipe has 10",)
