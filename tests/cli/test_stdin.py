"""`tflint check --stdin-filename`: what an editor has that is not on disk yet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import environment
from tests.source.notebooks import notebook

BROKEN = b"import keras\ndef f(:\n"


def check(data: bytes, *arguments: str, cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tflint", "check", *arguments],
        input=data,
        cwd=cwd,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def document(data: bytes, *arguments: str, cwd: Path) -> dict[str, Any]:
    _, stdout, stderr = check(data, *arguments, "--format", "json", cwd=cwd)
    assert stderr == ""
    found: dict[str, Any] = json.loads(stdout)
    return found


@pytest.mark.parametrize("dash", [["-"], []])
def test_a_source_has_the_name_it_is_given(dash: list[str], tmp_path: Path) -> None:
    found = document(BROKEN, "--stdin-filename", "a/train.py", *dash, cwd=tmp_path)

    assert [(file["path"], file["kind"]) for file in found["files"]] == [
        ("a/train.py", "keras-source")
    ]
    assert [(f["code"], f["path"], f["line"]) for f in found["findings"]] == [
        ("TFL902", "a/train.py", 2)
    ]


def test_what_is_on_disk_under_that_name_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(b"import keras\n")

    assert check(BROKEN, "-", "--stdin-filename", "train.py", cwd=tmp_path)[0] == 1
    assert (tmp_path / "train.py").read_bytes() == b"import keras\n"


def test_a_notebook_and_a_model_are_known_by_the_name(models: Path) -> None:
    found = document(notebook("x = = 1"), "--stdin-filename", "x.ipynb", cwd=models)
    assert [(f["code"], f["cell"], f["line"]) for f in found["findings"]] == [("TFL902", 1, 1)]

    model = (models / "error.tflite").read_bytes()
    for name in ("sent.tflite", "sent.bin"):
        found = document(model, "--stdin-filename", name, cwd=models)
        assert found["files"][0]["model"]["operators"] == 1
        assert found["summary"]["error"] == 1


def test_it_is_the_report_of_the_file(models: Path) -> None:
    data = (models / "error.tflite").read_bytes()
    sent = check(data, "--stdin-filename", "error.tflite", cwd=models)

    assert sent == check(b"", "error.tflite", cwd=models)


def test_the_configuration_is_the_one_for_that_path(tmp_path: Path) -> None:
    (tmp_path / "tflint.toml").write_text(
        '[[models]]\npath = "firmware/**"\ntarget = "cortex-m0plus"\n'
        '[[ignore]]\npath = "old.py"\nrules = ["TFL902"]\nreason = "kept for Python 2"\n'
    )

    def target(name: str) -> Any:
        return document(b"", "--stdin-filename", name, cwd=tmp_path)["files"][0]["target"]

    assert target("firmware/train.py") == "cortex-m0plus"
    assert target("train.py") == "tflm"
    assert check(BROKEN, "--stdin-filename", "old.py", cwd=tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-"], "--stdin-filename"),
        (["-", "--stdin-filename", "x.txt"], "not a kind of file"),
        (["-", "--stdin-filename", ""], "needs a name"),
        (["x.py", "--stdin-filename", "x.py"], "other paths"),
        (["-", "--stdin-filename", "x.keras"], "not read from stdin"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    code, stdout, stderr = check(BROKEN, *arguments, cwd=tmp_path)

    assert (code, stdout) == (2, "")
    assert says in stderr


def test_nothing_at_all_is_a_source(tmp_path: Path) -> None:
    assert check(b"", "--stdin-filename", "x.py", cwd=tmp_path)[0] == 0
