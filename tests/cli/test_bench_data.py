"""`tflint bench --data` as a user calls it: which data are for what, and what happens to others."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Call
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs the extra `report`"
)
QUICK = ("--runs", "3", "--warmup", "1", "--no-operators")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Models that hand on three and five values, and data for each: 8 of 10 and 4 of 4 right."""
    for size in (3, 5):
        build = ModelBuilder()
        build.output(build.softmax(build.input((1, size))))
        (tmp_path / f"of{size}.tflite").write_bytes(write_model(build.build()))
    truth = np.arange(10) % 3
    truth[:2] = 2
    parts = np.where(np.arange(10) < 6, "train", "test")
    np.savez(tmp_path / "three.npz", x=np.eye(3)[np.arange(10) % 3], labels=truth, split=parts)
    np.savez(tmp_path / "five.npz", x=np.eye(5)[:4], y=np.arange(4))
    return tmp_path


def measured(call: Call, folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    result = call("bench", *arguments, *QUICK, "--format", "json", cwd=folder)
    assert (result.code, result.stderr) == (code, ""), result
    return {model["path"]: model for model in json.loads(result.stdout)["models"]}


def refused(call: Call, folder: Path, *arguments: str) -> str:
    """The one line of a call that ends before anything is measured."""
    result = call("bench", *arguments, *QUICK, "--export", "report.json", cwd=folder)
    assert (result.code, result.stdout) == (2, ""), result
    assert result.stderr.startswith("tflint: ")
    assert result.stderr.count("\n") == 1
    assert not (folder / "report.json").exists()
    return result.stderr


def test_the_accuracy_on_a_data_set(call: Call, folder: Path) -> None:
    found = measured(call, folder, "of3.tflite", "--data", "three.npz", "--split", "all")

    accuracy = found["of3.tflite"]["accuracy"]
    assert (accuracy["value"], accuracy["n"], accuracy["correct"]) == (0.8, 10, 8)
    assert (accuracy["dataset"], accuracy["split"]) == ("three.npz", None)
    assert accuracy["interval"] == pytest.approx([0.4902, 0.9433], abs=1e-4)
    assert accuracy["confusion"] == [[3, 0, 0], [0, 2, 0], [1, 1, 3]]
    assert [one["label"] for one in accuracy["classes"]] == ["0", "1", "2"]
    assert len(accuracy["sha256"]) == 64


@pytest.mark.parametrize(("options", "n"), [((), 4), (("--split", "test"), 4)])
def test_the_part_for_tests_counts(
    call: Call, folder: Path, options: tuple[str, ...], n: int
) -> None:
    found = measured(call, folder, "of3.tflite", "--data", "three.npz", *options)

    accuracy = found["of3.tflite"]["accuracy"]
    assert (accuracy["value"], accuracy["n"], accuracy["split"]) == (1, n, "test")


def test_each_model_takes_the_data_that_fit(call: Call, folder: Path) -> None:
    found = measured(call, folder, ".", "--data", "three.npz", "--data", "five.npz")

    assert found["of3.tflite"]["accuracy"]["dataset"] == "three.npz"
    assert found["of5.tflite"]["accuracy"]["dataset"] == "five.npz"


def test_a_model_that_data_do_not_fit_has_a_note(call: Call, folder: Path) -> None:
    found = measured(call, folder, ".", "--data", "five.npz")

    assert found["of5.tflite"]["accuracy"]["value"] == 1
    other = found["of3.tflite"]
    assert (other["accuracy"], other["failures"]) == (None, [])
    assert other["notes"][-1:] == [
        "no accuracy from `five.npz`: `x` has the shape (4, 5), samples first; the input"
        " `main/tensor_0` takes (1, 3)"
    ]


def test_data_that_fit_nothing_end_the_call(call: Call, folder: Path) -> None:
    text = refused(call, folder, "of3.tflite", "--data", "five.npz")
    assert "`five.npz` is not for `of3.tflite`: `x` has the shape (4, 5)" in text


def test_a_model_that_a_glob_names_has_to_fit(call: Call, folder: Path) -> None:
    text = refused(call, folder, ".", "--data", "of*=five.npz")
    assert "`five.npz` is not for `of3.tflite`" in text
    assert "no model is called `car_sensor`" in refused(
        call, folder, ".", "--data", "car_sensor=five.npz"
    )


def test_data_that_cannot_be_read_end_the_call(call: Call, folder: Path) -> None:
    (folder / "bad.npz").write_bytes(b"PK\x03\x04 and then nothing")
    np.savez(folder / "pickled.npz", x=np.eye(3), labels=np.array([{}, {}, {}], object))
    np.savez(folder / "alone.npz", x=np.eye(3))

    assert "is no .npz file" in refused(call, folder, "of3.tflite", "--data", "bad.npz")
    assert "holds Python objects" in refused(call, folder, "of3.tflite", "--data", "pickled.npz")
    assert "holds no `labels`, but `x`" in refused(call, folder, ".", "--data", "alone.npz")
    assert "has no part `dev`, but `test`, `train`" in refused(
        call, folder, "of3.tflite", "--data", "three.npz", "--split", "dev"
    )


def test_a_model_that_cannot_be_read_does_not_stop_the_others(call: Call, folder: Path) -> None:
    (folder / "broken.tflite").write_bytes(b"\x1c\0\0\0TFL3" + b"\xff" * 60)

    found = measured(call, folder, ".", "--data", "five.npz", code=1)

    assert [one["part"] for one in found["broken.tflite"]["failures"]] == ["reading"]
    assert found["of5.tflite"]["accuracy"]["value"] == 1


def test_the_accuracy_is_in_the_table(call: Call, folder: Path) -> None:
    result = call("bench", "of5.tflite", "--data", "five.npz", *QUICK, cwd=folder)

    assert result.code == 0
    assert "100.00 %" in result.stdout
    assert "4 of 4 samples of five.npz" in result.stdout
