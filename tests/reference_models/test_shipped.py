"""What is known of the models that come with tflint: what was recorded with these very files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tflint.bench.known_models import KnownModel
from tflint.errors import UsageError
from tflint_reference_models import shipped
from tflint_reference_models.application import (
    CHOSEN,
    ORIGINAL,
    Application,
    Experiment,
    Published,
    Recipe,
    Samples,
    Task,
    Trained,
)
from tflint_reference_models.shipped import known_models, samples_to_test_on
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.figures import Figures, Use
from tflint_reference_models.training.metrics import to_json
from tflint_reference_models.training.results import FormResult, Result, Sizes

NAME = "car_sensor"
FILES = (("car.npz", "ab" * 32),)


def _task(folder: Path, fold: int, seed: int) -> Task:
    if not (folder / "car.npz").exists():
        raise UsageError("there is no `car.npz`")
    inputs = np.arange(12, dtype=np.float32).reshape(4, 3) + seed + 100 * fold
    samples = Samples(inputs, np.array([0, 1, 1, 0]))
    return Task(("other", "car"), lambda epoch: samples, inputs, samples, samples, sha256=FILES)


def _network() -> object:
    raise AssertionError("nothing is built to know of a model")


def _application() -> Application:
    trained = Trained(_network, Recipe(1), _task)  # type: ignore[arg-type]
    published = (
        Published("float32", 7.07, None, "windows at random"),
        Published("dynamic", 2.57, 95.0, "windows at random"),
    )
    networks = {CHOSEN: trained, ORIGINAL: trained}
    experiments = (
        Experiment("session", "by session", True, networks),
        Experiment("random", "windows at random", False, networks),
    )
    return Application(NAME, "CarSensor", "In a car or not.", (), 2632, published, experiments)


@pytest.fixture(autouse=True)
def _one_application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "application", lambda name: _application())


def _form(confusion: tuple[tuple[int, ...], ...], refusal: str | None = None) -> FormResult:
    uses = (
        Use("tflm-cmsis-nn", refusal, 1, 2, 3, 4),
        Use("tflm", refusal, 14_800, 14_912, 16_000, 50_000),
    )
    figures = Figures(3000, 700, 900, 5000, (("CONV_2D", 2),), uses, ())
    others = {"other users": Counts(((9, 1), (0, 0)))}
    return FormResult("int8", figures, Counts(confusion), others)


def _result(network: str, form: FormResult, experiment: str = "session", folds: int = 1) -> Result:
    return Result(
        experiment,
        network,
        ("other", "car"),
        folds,
        7,
        30,
        700,
        (None,) * folds,
        Sizes(10, 5, 20),
        (form,),
        "2026-11-20",
        "0.1.0",
        "cd" * 32,
        FILES,
    )


OURS = _result(CHOSEN, _form(((9, 1), (2, 8))))
THEIRS = _result(ORIGINAL, _form(((8, 2), (4, 6))))


Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """The int8 file of a folder with what `tflint train` leaves there."""

    def make(*results: Result, data: bytes = b"a model", named: bytes = b"a model") -> Path:
        folder = tmp_path / NAME
        folder.mkdir()
        path = folder / f"{NAME}_int8.tflite"
        path.write_bytes(data)
        (folder / "metrics.json").write_text(to_json(NAME, results), encoding="utf-8")
        digest = hashlib.sha256(named).hexdigest()
        files = {path.name: {"bytes": len(named), "sha256": digest}}
        manifest = {"schema": 1, "application": NAME, "files": files}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return path

    return make


def _known(path: Path) -> KnownModel:
    (known,) = known_models([path])
    assert known is not None
    return known


def test_what_was_recorded_with_a_file_is_known(made: Made) -> None:
    known = _known(made(OURS, THEIRS, _result(CHOSEN, _form(((5, 5), (5, 5))), "random")))

    accuracy = known.recorded
    assert accuracy is not None
    assert (accuracy.correct, accuracy.n, accuracy.value) == (17, 20, 0.85)
    assert (accuracy.low, accuracy.high) == pytest.approx((0.6396, 0.9476), abs=1e-4)
    assert [(one.label, one.recall) for one in accuracy.classes] == [("other", 0.9), ("car", 0.8)]
    assert accuracy.balanced == pytest.approx(0.85)
    assert (accuracy.majority, accuracy.split, accuracy.dataset) == (0.5, "test", "car.npz")
    assert (accuracy.files, accuracy.sha256) == (FILES, "ab" * 32)
    assert accuracy.recorded is not None
    assert (accuracy.recorded.date, accuracy.recorded.version) == ("2026-11-20", "0.1.0")
    assert known.note is None


def test_the_original_is_beside_it(made: Made) -> None:
    reference = _known(made(OURS, THEIRS)).reference

    assert (reference.title, reference.form, reference.split) == ("CarSensor", "int8", "by session")
    # The original has no int8; what it calls 8 bits is dynamic range.
    assert reference.published is not None
    assert (reference.published.form, reference.published.kilobytes) == ("dynamic", 2.57)
    assert reference.published.accuracy == pytest.approx(0.95)
    assert reference.baseline is not None
    assert reference.baseline.accuracy.value == 0.7
    assert (reference.baseline.weight_bytes, reference.baseline.min_arena_bytes) == (900, 14_912)
    ((name, further),) = reference.further
    assert (name, further.correct, further.n) == ("other users", 9, 10)


def test_an_arena_of_what_is_refused_is_none(made: Made) -> None:
    theirs = _result(ORIGINAL, _form(((8, 2), (4, 6)), refusal="it is hybrid"))
    baseline = _known(made(OURS, theirs)).reference.baseline

    assert baseline is not None
    assert baseline.min_arena_bytes is None


def test_another_file_has_no_recorded_accuracy(made: Made) -> None:
    known = _known(made(OURS, THEIRS, data=b"another model"))

    assert known.recorded is None
    assert known.note is not None
    assert "not the one that `manifest.json` names" in known.note
    assert known.reference.published is not None
    assert known.reference.baseline is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifest.json", None),
        ("manifest.json", "{"),
        ("manifest.json", "[]"),
        ("manifest.json", '{"files": {"car_sensor_int8.tflite": 3}}'),
        ("manifest.json", "[" * 100_000),
        ("metrics.json", None),
        ("metrics.json", "{}"),
        ("metrics.json", "\udc80"),
        ("metrics.json", '{"schema": 1, "application": "car_sensor", "results": []}'),
    ],
)
def test_what_is_missing_or_broken_is_said(made: Made, name: str, text: str | None) -> None:
    path = made(OURS)
    (path.parent / name).unlink()
    if text is not None:
        (path.parent / name).write_bytes(text.encode(errors="surrogateescape"))
    known = _known(path)

    assert known.recorded is None
    assert known.note is not None
    assert known.note.startswith("no accuracy recorded")
    assert "\n" not in known.note


def test_a_form_that_was_not_recorded_has_none(made: Made) -> None:
    path = made(OURS)
    known = _known(path.rename(path.with_name(f"{NAME}_float16.tflite")))

    assert (known.recorded, known.note) == (None, "no accuracy recorded")
    assert known.reference.form == "float16"
    assert known.reference.published is not None
    assert known.reference.published.form == "float16"


def test_folds_are_said_to_be_several_networks(made: Made) -> None:
    known = _known(made(_result(CHOSEN, _form(((9, 1), (2, 8))), folds=5)))

    assert known.note is not None
    assert "5 networks" in known.note
    assert known.note_measured is not None
    assert "the first of 5 networks" in known.note_measured
    assert known.folds == 5


def test_nothing_is_known_of_other_models(tmp_path: Path) -> None:
    assert known_models([tmp_path / "models" / "car_sensor_int8.tflite"]) == (None,)


def test_samples_are_those_of_the_first_fold(tmp_path: Path) -> None:
    (tmp_path / "car.npz").write_bytes(b"x")
    data = samples_to_test_on(NAME, tmp_path)

    assert data.arrays["features"].shape == (4, 3)
    assert data.arrays["features"][0, 0] < 100
    assert data.labels[None].classes.tolist() == [0, 1, 1, 0]
    assert (data.classes, data.split, data.count) == (("other", "car"), "test", 4)
    assert (data.name, data.sha256, data.files) == ("car.npz", "ab" * 32, FILES)


def test_missing_recordings_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"car\.npz"):
        samples_to_test_on(NAME, tmp_path)
