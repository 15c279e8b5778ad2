"""`tflint bench --compare A B` as a user calls it: two models, exit codes, exports, interrupts."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench import rigged_comparison as rigged
from tests.cli.conftest import Call
from tflint.bench import comparison, in_turns
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.writer import write_model

needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs the extra `report`"
)
# What takes its time and says nothing more here.
QUICK = ("--runs", "3", "--warmup", "1", "--no-operators")


def refused(call: Call, *arguments: str, cwd: Path) -> str:
    """The one line of a call that could not be carried out."""
    result = call("bench", "--compare", *arguments, cwd=cwd)
    assert (result.code, result.stdout) == (2, ""), result
    assert result.stderr.startswith("tflint: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("tflint: ").rstrip("\n")


def document(call: Call, *arguments: str, cwd: Path, code: int = 0) -> Any:
    result = call("bench", "--compare", *arguments, "--format", "json", cwd=cwd)
    assert (result.code, result.stderr) == (code, ""), result
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "--compare takes two models, A and B, not 0"),
        (("clean.tflite",), "--compare takes two models, A and B, not 1"),
        (("clean.tflite",) * 3, "--compare takes two models, A and B, not 3"),
        (("clean.tflite", "."), "--compare takes two models; `.` is a folder"),
        (("gone.tflite", "clean.tflite"), "`gone.tflite` does not exist"),
        (
            ("clean.tflite", "info.tflite", "--export", "a.txt"),
            "`a.txt` has no suffix of a format that is known (.json, .csv, .md, .markdown, .html, "
            ".htm, .xlsx)",
        ),
        (
            ("clean.tflite", "info.tflite", "--export", "info.tflite.json", "--split", "x"),
            "--split needs --data FILE.npz, the data that it is a part of",
        ),
    ],
)
def test_calls_that_cannot_be_carried_out(
    call: Call, models: Path, arguments: tuple[str, ...], text: str
) -> None:
    assert refused(call, *arguments, cwd=models) == text
    assert not list(models.glob("*.json"))


def test_a_source_is_no_model(call: Call, models: Path) -> None:
    (models / "train.py").write_text("import keras\nkeras.Sequential()\n", encoding="utf-8")

    assert "convert" in refused(call, "train.py", "clean.tflite", cwd=models)


def test_an_export_is_not_written_over_a_model(call: Call, models: Path) -> None:
    (models / "b.json").write_bytes((models / "clean.tflite").read_bytes())
    before = (models / "b.json").read_bytes()
    text = refused(call, "clean.tflite", "b.json", "--export", "b.json", cwd=models)

    assert text == "--export would overwrite `b.json`, which is read"
    assert (models / "b.json").read_bytes() == before


@needs_litert
def test_two_models_are_compared(call: Call, models: Path) -> None:
    found = document(call, "clean.tflite", "warning.tflite", *QUICK, cwd=models)
    compared = found["comparison"]

    assert [row["path"] for row in found["models"]] == ["clean.tflite", "warning.tflite"]
    assert (compared["a"], compared["b"]) == ("clean.tflite", "warning.tflite")
    low, high = compared["latency"]["interval"]
    assert 0 < low <= compared["latency"]["ratio"] <= high
    assert compared["latency"]["loads"] == 24
    assert compared["latency"]["verdict"] in ("faster", "slower", "same", "undecided")
    assert compared["accuracy"] is None
    assert compared["failures"] == []
    assert not compared["same_file"]
    assert [one["change"] for one in compared["operators"]] == ["added", "removed"]
    (added, removed) = compared["operators"]
    assert (added["a"], removed["b"]) == (None, None)
    weights = {row["name"]: (row["a"], row["b"]) for row in compared["figures"]}
    assert weights["weights_count"] == (0, 1040)


@needs_litert
def test_each_model_under_its_own_target(call: Call, models: Path) -> None:
    (models / "tflint.toml").write_text(
        '[[models]]\npath = "clean.tflite"\ntarget = "cortex-m0plus"\n', encoding="utf-8"
    )
    found = document(call, "clean.tflite", "warning.tflite", *QUICK, cwd=models)

    targets = [row["runtimes"][0]["target"] for row in found["models"]]
    assert targets == ["cortex-m0plus", "tflm"]


@needs_litert
def test_a_model_and_itself_operator_by_operator(call: Call, models: Path) -> None:
    arguments = ("warning.tflite", "./warning.tflite", "--runs", "3", "--export", "a.json")
    result = call("bench", "--compare", *arguments, cwd=models)

    assert (result.code, result.stderr) == (0, "")
    assert "A and B are the same, byte for byte" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    found = json.loads((models / "a.json").read_text("utf-8"))
    assert len(found["models"]) == 2
    assert found["comparison"]["same_file"]
    (one,) = found["comparison"]["operators"]
    assert (one["change"], one["name"]) == ("kept", "FULLY_CONNECTED")
    assert one["a"]["us_avg"] is not None
    assert one["latency"] is None or one["latency"]["loads"] == 6


@needs_litert
@pytest.mark.parametrize(
    ("pair", "which"),
    [
        (("error.tflite", "clean.tflite"), "A"),
        (("clean.tflite", "garbage.tflite"), "B"),
        (("error.tflite", "garbage.tflite"), "A and B"),
    ],
)
def test_one_that_does_not_run_leaves_the_figures_of_the_other(
    call: Call, models: Path, pair: tuple[str, str], which: str
) -> None:
    (models / "garbage.tflite").write_bytes(b"no model at all")
    found = document(call, *pair, *QUICK, "--export", "a.csv", cwd=models, code=1)

    (failure,) = found["comparison"]["failures"]
    assert failure == {"part": "latency", "text": f"not timed in turns: {which} could not be timed"}
    assert found["comparison"]["latency"] is None
    for name, row in zip("AB", found["models"], strict=True):
        assert (row["latency_us"] is None) == (name in which) == bool(row["failures"])
    kinds = [row["kind"] for row in csv.DictReader((models / "a.csv").open(encoding="utf-8"))]
    assert kinds.count("failure") == len(which.split(" and ")) + 1
    text = call("bench", "--compare", *pair, *QUICK, cwd=models)
    assert text.code == 1
    assert f"  {which[0]}, " in text.stdout


@needs_litert
@pytest.mark.parametrize("which", [0, 1])
def test_one_that_crashes_beside_the_other(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    monkeypatch.setattr(in_turns, "_WORKER", rigged.__name__)
    ends = iter((rigged.CRASH_IN_TRIAL, 0) if which == 0 else (0, rigged.CRASH_IN_TRIAL))
    monkeypatch.setattr(
        comparison,
        "timing_inputs",
        lambda *_: [np.full((1, 4), next(ends), np.float32)],
    )
    found = document(call, "clean.tflite", "info.tflite", *QUICK, cwd=models, code=1)

    (failure,) = found["comparison"]["failures"]
    assert failure["text"].startswith(f"LiteRT failed while it tried {'AB'[which]}: it crashed")
    assert all(row["latency_us"] for row in found["models"])


@needs_litert
def test_it_is_exported_in_every_format(call: Call, models: Path) -> None:
    names = ("a.json", "a.csv", "a.md", "a.html", "a.xlsx")
    exports = [part for name in names for part in ("--export", name)]
    result = call(
        *("bench", "--compare", "clean.tflite", "info.tflite", *QUICK, *exports), cwd=models
    )

    assert (result.code, result.stderr) == (0, "")
    assert json.loads((models / "a.json").read_text("utf-8"))["comparison"]["latency"]
    assert (models / "a.csv").read_text("utf-8").startswith("kind,name,change,a,b,")
    assert (models / "a.md").read_text("utf-8").startswith("## tflint bench: A and B\n")
    assert (models / "a.xlsx").read_bytes().startswith(b"PK")
    assert (models / "a.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def labelled(path: Path) -> None:
    """Samples of two features, each class on its side."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 4)).astype(np.float32)
    np.savez(path, x=values, labels=(values[:, 1] > values[:, 0]).astype(np.int64))


def classifier(path: Path, wanted: tuple[float, float]) -> None:
    """Two classes: what is on the first two inputs, each with a weight."""
    model = ModelBuilder()
    x = model.input((1, 4), name="x")
    weights = np.zeros((2, 4), np.float32)
    weights[0, 0], weights[1, 1] = wanted
    w = model.constant((2, 4), TensorType.FLOAT32, weights.tobytes(), name="w")
    bias = model.constant((2,), TensorType.FLOAT32, bytes(8), name="b")
    y = model.tensor((1, 2))
    model.operator("FULLY_CONNECTED", [x, w, bias], [y])
    model.output(y)
    path.write_bytes(write_model(model.build()))


@needs_litert
def test_accuracies_are_compared_sample_by_sample(call: Call, tmp_path: Path) -> None:
    labelled(tmp_path / "d.npz")
    classifier(tmp_path / "a.tflite", (1, 1))
    classifier(tmp_path / "b.tflite", (-1, -1))
    found = document(call, "a.tflite", "b.tflite", "--data", "d.npz", *QUICK, cwd=tmp_path)

    assert found["models"][0]["accuracy"]["value"] == 1
    assert found["models"][1]["accuracy"]["value"] == 0
    accuracy = found["comparison"]["accuracy"]
    assert (accuracy["n"], accuracy["only_a_right"], accuracy["only_b_right"]) == (60, 60, 0)
    assert accuracy["difference"] == -1
    assert accuracy["p"] < 1e-9


@needs_litert
def test_data_that_are_for_neither_are_told_before_anything_is_measured(
    call: Call, models: Path
) -> None:
    np.savez(models / "d.npz", x=np.zeros((3, 5), np.float32), labels=np.zeros(3, np.int64))
    text = refused(call, "clean.tflite", "info.tflite", "--data", "d.npz", cwd=models)

    assert "d.npz" in text


@needs_litert
@pytest.mark.parametrize("at", ["benched", "timed_in_turns"])
def test_an_interrupt_keeps_what_was_measured(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    real = comparison.benched

    def stopped(*arguments: Any) -> Any:
        if at == "benched":
            yield next(real(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, at, stopped if at == "benched" else lambda *_: next(stopped()))
    result = call(
        *("bench", "--compare", "clean.tflite", "warning.tflite", *QUICK),
        *("--export", "a.json"),
        cwd=models,
    )

    assert (result.code, result.stderr) == (130, "")
    assert "it was interrupted" in result.stdout
    found = json.loads((models / "a.json").read_text("utf-8"))
    assert found["interrupted"]
    assert found["comparison"]["latency"] is None
    assert found["models"][0]["latency_us"] is not None
    assert (found["models"][1]["latency_us"] is None) == (at == "benched")


@needs_litert
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_file_that_is_changed_meanwhile_is_told(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    real = comparison.benched

    def changing(*arguments: Any) -> Any:
        yield from real(*arguments)
        path = models / "warning.tflite"
        path.unlink() if is_gone else path.write_bytes((models / "clean.tflite").read_bytes())

    monkeypatch.setattr(comparison, "benched", changing)
    found = document(call, "clean.tflite", "warning.tflite", *QUICK, cwd=models, code=1)

    (failure,) = found["comparison"]["failures"]
    assert failure["part"] == "reading"
    assert found["comparison"]["latency"] is None
    assert all(row["latency_us"] for row in found["models"])
