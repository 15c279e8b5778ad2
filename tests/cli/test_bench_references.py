"""`tflint bench` without MODELS, as a user calls it: with recordings, without, without LiteRT."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Call
from tflint.bench.datasets import LabelledData
from tflint.bench.labels import Labels
from tflint.errors import UsageError
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model
from tflint_reference_models.applications import application
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.figures import Figures, Use
from tflint_reference_models.training.metrics import to_json
from tflint_reference_models.training.results import FormResult, Result, Sizes

needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs the extra `report`"
)
QUICK = ("--runs", "3", "--warmup", "1", "--no-operators")
NAME = "motion_sense"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of reference models with one, and nothing recorded with it."""
    monkeypatch.delenv("TFLITE_LINT_DATA", raising=False)
    package = tmp_path / "site" / "reference_models_of_a_test"
    (package / NAME).mkdir(parents=True)
    (package / "__init__.py").write_bytes(b"")
    build = ModelBuilder()
    build.output(build.softmax(build.input((1, 3))))
    (package / NAME / f"{NAME}_float32.tflite").write_bytes(write_model(build.build()))
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, package.name, raising=False)
    monkeypatch.setattr("tflint.bench.models.REFERENCE_MODELS", package.name)
    importlib.invalidate_caches()
    return package


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that samples are made from: 3 of 4 are decided right."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "motion.npz").write_bytes(b"as if")

    def samples(name: str, where: Path) -> LabelledData:
        if not (where / "motion.npz").exists():
            raise UsageError(f"there is no `{where}/motion.npz`")
        inputs = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
        labels: dict[str | None, Labels] = {
            None: Labels("labels", np.array([0, 1, 2, 2], np.int64), None)
        }
        files = (("motion.npz", "12" * 32),)
        return LabelledData(
            *("recordings", "motion.npz", "12" * 32, {"features": inputs}, np.arange(4), labels),
            *(("a", "b", "c"), "test"),
            samples=4,
            files=files,
        )

    monkeypatch.setattr("tflint_reference_models.shipped.samples_to_test_on", samples)
    return folder


def document(call: Call, *arguments: str, cwd: Path) -> Any:
    result = call("bench", *arguments, *QUICK, "--format", "json", cwd=cwd)
    assert (result.code, result.stderr) == (0, ""), result
    return json.loads(result.stdout)


def row(call: Call, *arguments: str, cwd: Path) -> Any:
    (found,) = document(call, *arguments, cwd=cwd)["models"]
    return found


def refused(call: Call, *arguments: str, cwd: Path) -> str:
    result = call("bench", *arguments, *QUICK, cwd=cwd)
    assert (result.code, result.stdout) == (2, ""), result
    assert result.stderr.count("\n") == 1
    return result.stderr


def record(package: Path) -> None:
    """Leave what `tflint train` does: 5 of 6 were decided right."""
    path = package / NAME / f"{NAME}_float32.tflite"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = {"files": {path.name: {"sha256": digest}}}
    path.with_name("manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    result = Result(
        *(application(NAME).experiments[0].name, "chosen", ("a", "b", "c"), 1, 0, 3, 9, (None,)),
        Sizes(1, 1, 6),
        (
            FormResult(
                "float32",
                Figures(1, 0, 0, None, (), (Use("tflm", None, 1, 1, 1, 1),), ()),
                Counts(((2, 0, 0), (0, 2, 0), (1, 0, 1))),
            ),
        ),
        *("2026-11-20", "0.1.0", "cd" * 32, (("motion.npz", "12" * 32),)),
    )
    path.with_name("metrics.json").write_text(to_json(NAME, (result,)), encoding="utf-8")


@needs_litert
def test_accuracy_is_measured_where_the_recordings_are(
    call: Call, package: Path, recordings: Path, tmp_path: Path
) -> None:
    record(package)
    found = row(call, "--data", str(recordings), cwd=tmp_path)

    accuracy = found["accuracy"]
    assert (accuracy["correct"], accuracy["n"], accuracy["split"]) == (3, 4, "test")
    assert accuracy["recorded"] is None
    assert accuracy["files"] == [{"name": "motion.npz", "sha256": "12" * 32}]
    assert accuracy["classes"][0]["label"] == "a"
    assert found["notes"] == [note for note in found["notes"] if "recordings" not in note]


@needs_litert
def test_the_environment_and_the_configuration_name_the_recordings(
    call: Call, package: Path, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tflint.toml").write_text(f'data = "{recordings.name}"\n', encoding="utf-8")
    assert row(call, cwd=tmp_path)["accuracy"]["n"] == 4
    (tmp_path / "tflint.toml").unlink()
    assert row(call, cwd=tmp_path)["accuracy"] is None
    monkeypatch.setenv("TFLITE_LINT_DATA", str(recordings))
    assert row(call, cwd=tmp_path)["accuracy"]["n"] == 4


@needs_litert
def test_without_recordings_it_is_as_recorded(call: Call, package: Path, tmp_path: Path) -> None:
    record(package)
    found = row(call, cwd=tmp_path)

    assert found["latency_us"]["runs"] == 3
    assert (found["accuracy"]["correct"], found["accuracy"]["n"]) == (5, 6)
    assert found["accuracy"]["recorded"] == {"date": "2026-11-20", "version": "0.1.0"}
    assert found["reference"]["title"] == "MotionSense"

    text = " ".join(call("bench", *QUICK, "--no-details", cwd=tmp_path).stdout.split())
    assert "83.33 %r" in text
    assert "as recorded, not measured here" in text
    assert "`tflint bench --data FOLDER`" in text
    assert "motion.npz (121212121212)" in text
    assert "recorded on 2026-11-20 with tflint 0.1.0" in text


@needs_litert
def test_a_file_that_was_changed_has_no_recorded_accuracy(
    call: Call, package: Path, tmp_path: Path
) -> None:
    record(package)
    path = package / NAME / f"{NAME}_float32.tflite"
    path.write_bytes(path.read_bytes() + bytes(16))
    found = row(call, cwd=tmp_path)

    assert found["accuracy"] is None
    assert any("not the one that `manifest.json` names" in note for note in found["notes"])


def test_without_litert_files_and_records_tell(
    call: Call, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(package)
    monkeypatch.setattr("tflint.bench.machine.has_runtime", lambda: False)
    held = document(call, cwd=tmp_path)
    (found,) = held["models"]

    assert (found["latency_us"], found["failures"]) == (None, [])
    assert found["accuracy"]["recorded"]["date"] == "2026-11-20"
    assert found["runtimes"][0]["runnable"]
    assert held["machine"]["notes"] == [
        "nothing was run: timing models on LiteRT (`ai_edge_litert`) needs an extra: pip install "
        "'tflint[report]'"
    ]
    text = call("bench", cwd=tmp_path).stdout
    assert "1 model read, none of them run, in" in text


@pytest.mark.parametrize("arguments", [("--data", "."), ("model.tflite",)])
def test_what_is_asked_to_be_measured_needs_litert(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (models / "clean.tflite").rename(models / "model.tflite")
    package = models / "site"
    monkeypatch.setattr("tflint.bench.models.REFERENCE_MODELS", package.name)
    monkeypatch.setattr("tflint.bench.models._default", lambda: [(models / "model.tflite", "m")])
    monkeypatch.setattr("tflint.bench.machine.has_runtime", lambda: False)

    assert "pip install 'tflint[report]'" in refused(call, *arguments, cwd=models)


def test_folders_that_are_none(
    call: Call, package: Path, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "gone" in refused(call, "--data", "gone", cwd=tmp_path)
    two = ("--data", str(recordings), "--data", str(tmp_path))
    assert "one folder" in refused(call, *two, cwd=tmp_path)
    monkeypatch.setenv("TFLITE_LINT_DATA", str(tmp_path / "gone"))
    assert "is no folder with recordings" in refused(call, cwd=tmp_path)


@needs_litert
def test_a_folder_without_the_recordings_is_refused(
    call: Call, package: Path, recordings: Path, tmp_path: Path
) -> None:
    (recordings / "motion.npz").unlink()

    assert "motion.npz" in refused(call, "--data", str(recordings), cwd=tmp_path)


def test_a_folder_is_for_the_reference_models(call: Call, models: Path) -> None:
    (models / "folder").mkdir()
    named = ("clean.tflite", "--data", "folder")

    assert "for models that are named it is a .npz" in refused(call, *named, cwd=models)
    both = ("--compare", "clean.tflite", *named)
    result = call("bench", *both, cwd=models)
    assert (result.code, result.stdout) == (2, "")
