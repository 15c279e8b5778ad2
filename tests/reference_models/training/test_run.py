"""Calls of `tflint train`: what is wrong is said before anything is trained, results add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.reference_models.motion_sense.recorded import write_recordings
from tests.reference_models.training.made_up import INT8, OURS
from tflint.errors import HostFailed, MissingExtra, UnknownName, UsageError
from tflint_reference_models.application import CHOSEN, ORIGINAL, Application, Experiment
from tflint_reference_models.applications import application
from tflint_reference_models.training import run as subject
from tflint_reference_models.training.folds import Files
from tflint_reference_models.training.job import state_prefix
from tflint_reference_models.training.kept_states import STATES
from tflint_reference_models.training.options import ALL, TrainOptions
from tflint_reference_models.training.results import Result
from tflint_reference_models.training.run import train_application

NAME = "motion_sense"
FIRST = application(NAME).experiments[0].name


@dataclass
class Rigged:
    """Trainings that take no time, and the names of those that were asked for."""

    trained: list[tuple[str, str]] = field(default_factory=list)
    fails_at: int = -1

    def __call__(
        self,
        of: Application,
        experiment: Experiment,
        network: str,
        folder: Path,
        options: TrainOptions,
        say: Callable[[str], None],
    ) -> tuple[Result, Files]:
        state = options.output / STATES / f"{state_prefix(experiment.name, network)}-00"
        state.mkdir(parents=True)
        (state / "state.npz").touch()
        if len(self.trained) == self.fails_at:
            raise HostFailed("the training failed")
        self.trained.append((experiment.name, network))
        result = replace(OURS, experiment=experiment.name, network=network, forms=(INT8,))
        return result, {None: b"keras", "int8": b"integers"} if experiment.name == FIRST else {}


@pytest.fixture
def rigged(monkeypatch: pytest.MonkeyPatch) -> Rigged:
    found = Rigged()
    monkeypatch.setattr(subject, "trained_in_folds", found)
    monkeypatch.setattr(subject, "check_installed", lambda: None)
    return found


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    write_recordings(folder, readings=600)
    return folder


def only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an application its first experiment, for which the tests make recordings."""
    of = application(name)
    monkeypatch.setattr(
        subject, "application", lambda _: replace(of, experiments=of.experiments[:1])
    )


def test_models_metrics_manifest_and_card(tmp_path: Path, recordings: Path, rigged: Rigged) -> None:
    output = tmp_path / "a" / "b"
    report = train_application(NAME, TrainOptions(output, recordings))
    assert rigged.trained == [(FIRST, CHOSEN)]
    assert sorted(path.name for path in output.iterdir()) == sorted(report.files)
    assert (output / "motion_sense_int8.tflite").read_bytes() == b"integers"
    manifest = json.loads((output / "manifest.json").read_text())
    assert set(manifest["files"]) == {"motion_sense.keras", "motion_sense_int8.tflite"}


def test_the_original_s_lie_beside_and_results_add_up(
    tmp_path: Path, recordings: Path, rigged: Rigged
) -> None:
    output = tmp_path / "out"
    train_application(NAME, TrainOptions(output, recordings, original=True))
    train_application(NAME, TrainOptions(output, recordings))
    train_application(NAME, TrainOptions(output, recordings))
    assert rigged.trained == [(FIRST, ORIGINAL), (FIRST, CHOSEN), (FIRST, CHOSEN)]
    assert (output / "original" / "motion_sense_int8.tflite").exists()
    held = json.loads((output / "metrics.json").read_text())["results"]
    assert sorted(one["network"] for one in held) == [CHOSEN, ORIGINAL]


def test_an_interrupted_call_for_all_keeps_what_it_has(
    tmp_path: Path, recordings: Path, rigged: Rigged, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(NAME, monkeypatch)
    output, rigged.fails_at = tmp_path / "out", 1
    options = TrainOptions(output, recordings, experiment=ALL)
    with pytest.raises(HostFailed):
        train_application(NAME, options)
    states = {path.name for path in (output / STATES).iterdir() if path.is_dir()}
    assert states == {f"{FIRST}-{CHOSEN}-00", f"{FIRST}-{ORIGINAL}-00"}
    assert (output / "motion_sense_int8.tflite").exists()


def test_only_results_are_left_at_the_end(
    tmp_path: Path, recordings: Path, rigged: Rigged, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(NAME, monkeypatch)
    output = tmp_path / "out"
    report = train_application(NAME, TrainOptions(output, recordings, experiment=ALL))
    assert len(report.results) == len(application(NAME).experiments[0].networks)
    files = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert files == set(report.files)
    assert not (output / STATES).exists()


@pytest.mark.parametrize("name", ["motion-sens", "Motion_Sense", "x\x1b[2J"])
def test_an_application_that_is_not_known(tmp_path: Path, rigged: Rigged, name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        train_application(name, TrainOptions(tmp_path / "out", tmp_path))
    assert "motion_sense" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_an_experiment_that_is_not_known(tmp_path: Path, rigged: Rigged) -> None:
    with pytest.raises(UnknownName, match=f"did you mean `{FIRST}`"):
        train_application(NAME, TrainOptions(tmp_path, tmp_path, experiment=f"{FIRST}s"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fs": 100}, "`fs` in motionsense.npz is 100 Hz; 50 Hz is needed"),
        ({"acc": None}, "holds no array `acc`"),
        ({"trial_subject": [1, 2]}, "has not one activity, subject and number a trial"),
    ],
)
def test_broken_recordings(
    tmp_path: Path, recordings: Path, rigged: Rigged, changes: dict[str, object], said: str
) -> None:
    write_recordings(recordings, **changes)
    with pytest.raises(UsageError) as caught:
        train_application(NAME, TrainOptions(tmp_path / "out", recordings))
    assert said in str(caught.value)
    _nothing_was_done(tmp_path, rigged)


def test_no_folder_and_no_file(tmp_path: Path, rigged: Rigged) -> None:
    with pytest.raises(UsageError, match="name one with --data"):
        train_application(NAME, TrainOptions(tmp_path / "out"))
    with pytest.raises(UsageError, match="is no folder with recordings"):
        train_application(NAME, TrainOptions(tmp_path / "out", tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=r"there is no .*motionsense.npz.*mmalekzadeh"):
        train_application(NAME, TrainOptions(tmp_path / "out", tmp_path))
    _nothing_was_done(tmp_path, rigged)


def test_recordings_are_held_to_be_right_before_tensorflow_is_missed(
    tmp_path: Path, recordings: Path, rigged: Rigged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingExtra("training (TensorFlow)", "convert")

    monkeypatch.setattr(subject, "check_installed", missing)
    options = TrainOptions(tmp_path / "out", recordings)
    with pytest.raises(MissingExtra):
        train_application(NAME, options)
    write_recordings(recordings, fs=20)
    with pytest.raises(UsageError, match="20 Hz"):
        train_application(NAME, options)
    _nothing_was_done(tmp_path, rigged)


def test_results_of_another_application(tmp_path: Path, recordings: Path, rigged: Rigged) -> None:
    output = tmp_path / "out"
    train_application(NAME, TrainOptions(output, recordings))
    metrics = output / "metrics.json"
    held = metrics.read_text().replace(f'"{NAME}"', '"car_sensor"')
    metrics.write_text(held)
    with pytest.raises(UsageError, match="is of car_sensor: name another --output"):
        train_application(NAME, TrainOptions(output, recordings))
    assert metrics.read_text() == held
    assert len(rigged.trained) == 1


@pytest.mark.parametrize("held", ["", "[]", "{" * 10_000, '{"schema": 99}'])
def test_metrics_that_are_damaged(
    tmp_path: Path, recordings: Path, rigged: Rigged, held: str
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "metrics.json").write_text(held)
    with pytest.raises(UsageError, match=r"metrics\.json"):
        train_application(NAME, TrainOptions(output, recordings))
    assert rigged.trained == []


def test_an_output_that_is_a_file(tmp_path: Path, recordings: Path, rigged: Rigged) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match=r"no results can be written to .*out.*: it is a file"):
        train_application(NAME, TrainOptions(tmp_path / "out", recordings))
    assert (tmp_path / "out").read_text() == "mine"


def _nothing_was_done(folder: Path, rigged: Rigged) -> None:
    assert rigged.trained == []
    assert not (folder / "out").exists()
