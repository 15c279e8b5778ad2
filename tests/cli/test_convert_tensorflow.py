"""`tflint convert` and `tflint fix --reconvert` from the shell to TensorFlow and back."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.program import Result, environment
from tflint.lint.registry import find_rule
from tflint.lint.runner import check_bytes
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.target.target import find_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="needs the extra `convert`"
    ),
]
SOURCE = """\
import keras
from keras import layers

keras.utils.set_random_seed(7)


def build():
    first = {"data_format": "channels_first"}
    return keras.Sequential(
        [
            keras.Input((2, 12, 12), name="image"),
            layers.Conv2D(8, 3, activation="relu", **first),
            layers.MaxPooling2D(2, **first),
            layers.Flatten(**first),
            layers.Dense(3, activation="softmax"),
        ]
    )


def sequence():
    inputs = keras.Input((20, 3))
    x = layers.LSTM(8)(inputs)
    return keras.Model(inputs, layers.Dense(2)(x))
"""


def tflint(*arguments: str, cwd: Path) -> Result:
    """The program, for as long as TensorFlow takes on a busy machine."""
    done = subprocess.run(
        [sys.executable, "-m", "tflint", *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(SOURCE)
    values = np.random.default_rng(3).normal(size=(60, 2, 12, 12)).astype(np.float32)
    np.save(tmp_path / "DATA.npy", values)
    return tmp_path


def document(result: Result) -> dict[str, Any]:
    assert result.code in (0, 1), result.stderr
    (file,) = json.loads(result.stdout)["files"]
    assert isinstance(file, dict)
    return file


def operators(path: Path) -> list[str]:
    return [node.name for graph in graphs(parse_model(path.read_bytes())) for node in graph.nodes]


def test_a_source_is_converted_and_what_it_left_behind_is_told(folder: Path) -> None:
    result = tflint("convert", "model.py:build", "-o", "a.tflite", "--format", "json", cwd=folder)

    assert (result.code, result.stderr) == (0, "")
    file = document(result)
    assert file["proof"]["method"].startswith("keras+litert-reference")
    assert file["proof"]["holds"]
    transposes = [one for one in file["operators"] if one["name"] == "TRANSPOSE"]
    assert transposes
    assert all((one["support"], one["path"]) == ("builtin", "model.py") for one in transposes)
    assert "tflint fix --reconvert" in transposes[0]["way"]
    assert [port["name"] for port in file["inputs"]] == ["image"]


def test_what_does_not_convert_is_named_with_its_layer_and_line(folder: Path) -> None:
    arguments = ("convert", "model.py:sequence", "-o", "a.tflite", "--batch", "any")
    result = tflint(*arguments, "--format", "json", cwd=folder)

    assert result.code == 1
    file = document(result)
    named = {(one["name"], one["support"], one["layer_class"]) for one in file["operators"]}
    assert ("TensorListReserve", "select", "LSTM") in named
    line = 1 + SOURCE.splitlines().index("    x = layers.LSTM(8)(inputs)")
    assert {(one["path"], one["line"]) for one in file["operators"]} == {("model.py", line)}
    assert not (folder / "a.tflite").exists()


def test_a_worker_that_takes_too_long_is_ended_and_leaves_nothing(folder: Path) -> None:
    before = sorted(os.listdir(folder))
    arguments = ("convert", "model.py:build", "-o", "a.tflite", "--time-limit", "0.5")
    result = tflint(*arguments, cwd=folder)

    assert (result.code, result.stdout) == (2, "")
    assert "--time-limit" in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(os.listdir(folder)) == before


@pytest.mark.parametrize("keeps", [False, True])
def test_a_source_is_rebuilt_and_repaired(folder: Path, keeps: bool) -> None:
    pytest.importorskip("libcst", reason="needs the extra `fix`")
    options = ("--keep-input-layout",) if keeps else ()
    arguments = ("fix", "model.py:build", "--reconvert", "--calibrate", "DATA.npy", *options)
    # Of random weights few answers have a margin.
    result = tflint(*arguments, "--tolerance", "0.2", "--format", "json", cwd=folder)

    file = document(result)
    assert file["written"], file["proof"]
    assert operators(folder / "model.fixed.tflite").count("TRANSPOSE") == keeps
    changes = [(one["name"], one["before"], one["after"]) for one in file["interface"]]
    assert changes == ([] if keeps else [("image", [1, 2, 12, 12], [1, 12, 12, 2])])
    # A source that keeps its input keeps its layout.
    assert ("channels_first" in (folder / "model.py").read_text()) is keeps


@pytest.mark.parametrize(
    ("code", "options", "start", "made"),
    [
        ("TFL101", (), "tflint fix a.tflite --reconvert --source model.py:build", "a.fixed.tflite"),
        ("TFL703", ("--batch", "4"), "tflint convert model.h5 -o a.tflite", "a.tflite"),
    ],
)
def test_the_command_of_a_finding_repairs_it(
    folder: Path, code: str, options: tuple[str, ...], start: str, made: str
) -> None:
    arguments = ("convert", "model.py:build", "-o", "a.tflite", "--fail-on", "never", *options)
    result = tflint(*arguments, "--format", "json", cwd=folder)
    (command,) = {
        one["fix"]["command"] for one in document(result)["findings"] if one["code"] == code
    }
    assert command == start
    words = shlex.split(command.replace("model.h5", "model.py:build"))

    result = tflint(*words[1:], "--fail-on", "never", cwd=folder)

    assert result.code == 0, result.stdout + result.stderr
    rule = find_rule(code)
    assert rule is not None
    data = (folder / made).read_bytes()
    assert check_bytes(data, [rule], find_target("tflm"), made).findings == ()
