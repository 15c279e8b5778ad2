"""`tflint check` on sources and notebooks: found, selected, accepted, and what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment
from tests.source.notebooks import markdown, notebook
from tflint.source.relevance import SMALL_BYTES

BROKEN = "import keras\ndef f(:\n"
# An error under Keras 3: Conv1D does not take channels_first.
LAYER = 'import keras\nlayer = keras.layers.Conv2D(8, 3, data_format="channels_first")\n'
UNUSED = "import keras\nx = 1  # tflint: ignore[TFL101]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(LAYER)
    (tmp_path / "other.py").write_text("import json\ndef f(:\n")
    (tmp_path / "book.ipynb").write_bytes(notebook(markdown("x"), "import keras\n", "x = = 1"))
    (tmp_path / "plots.ipynb").write_bytes(notebook("import matplotlib\n", "x = = 1"))
    for folder in (".ipynb_checkpoints", "old", "node_modules"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "book.ipynb").write_bytes(notebook("import keras", "x = = 1"))
    return tmp_path


def findings(call: Call, folder: Path, *arguments: str) -> list[tuple[str, str, Any, Any]]:
    result = call("check", *arguments, "--format", "json", cwd=folder)
    document = json.loads(result.stdout)
    return [(f["path"], f["code"], f["cell"], f["line"]) for f in document["findings"]]


def test_folders_are_searched_for_what_mentions_keras(call: Call, project: Path) -> None:
    result = call("check", "--format", "json", cwd=project)
    files = [(file["path"], file["kind"]) for file in json.loads(result.stdout)["files"]]

    assert files == [
        ("book.ipynb", "notebook"),
        ("train.py", "keras-source"),
        ("old/book.ipynb", "notebook"),
    ]
    assert result.code == 1


def test_a_small_file_that_is_named_is_parsed_whatever_it_mentions(
    call: Call, project: Path
) -> None:
    assert findings(call, project, "other.py") == [("other.py", "TFL902", None, 2)]
    assert findings(call, project, "plots.ipynb") == [("plots.ipynb", "TFL902", 2, 1)]
    (project / "other.py").write_text("def f(:\n" + "#" * SMALL_BYTES)
    assert findings(call, project, "other.py") == []


def test_paths_are_excluded_and_rules_selected(call: Call, project: Path) -> None:
    (project / "tflint.toml").write_text('exclude = ["old", "*.py"]\n')
    assert findings(call, project) == [("book.ipynb", "TFL902", 3, 1)]
    # A file that is named counts.
    assert findings(call, project, "train.py", "--select", "TFL101")[0][:2] == (
        "train.py",
        "TFL101",
    )
    assert findings(call, project, "train.py", "--select", "TFL9") == []


def test_rules_and_targets_by_path(call: Call, project: Path) -> None:
    (project / "tflint.toml").write_text(
        '[[models]]\npath = "train.py"\nignore = ["channels-first"]\ntarget = "cortex-m7"\n'
    )
    result = call("check", "train.py", "book.ipynb", "--format", "json", cwd=project)
    document = json.loads(result.stdout)

    assert [file["target"] for file in document["files"]] == ["cortex-m7", "tflm"]
    assert "TFL101" not in {finding["code"] for finding in document["findings"]}


def test_a_baseline_knows_a_finding_when_lines_move(call: Call, project: Path) -> None:
    assert call("baseline", "train.py", cwd=project).code == 0
    (project / "train.py").write_text("# one\n\n" + LAYER.replace("layer = ", "\n\nlayer = "))
    options = ("train.py", "--baseline", "tflint-baseline.json")

    assert findings(call, project, *options) == []
    (project / "train.py").write_text(LAYER + "other = layer\n" + LAYER.replace("layer =", "l ="))
    assert {line for *_, line in findings(call, project, *options)} == {5}


def test_a_baseline_comes_after_comments_that_are_of_no_use(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(UNUSED)
    assert [code for _, code, *_ in findings(call, tmp_path, "train.py")] == ["TFL901"]
    assert call("baseline", "train.py", cwd=tmp_path).code == 0

    options = ("train.py", "--baseline", "tflint-baseline.json")
    assert findings(call, tmp_path, *options) == []
    # What a comment accepts is not in need of a baseline, and is not in it.
    (tmp_path / "train.py").write_text(LAYER.rstrip() + "  # tflint: ignore[channels-first]\n")
    assert call("baseline", "train.py", cwd=tmp_path).stdout.startswith(
        "tflint-baseline.json accepts 0"
    )


def test_statistics_count_what_comments_accept(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(LAYER.rstrip() + "  # tflint: ignore[channels-first]\n")
    result = call("check", "train.py", "--format", "json", cwd=tmp_path)

    assert json.loads(result.stdout)["summary"]["suppressed"] == 1
    assert "1 suppressed" in call("check", "train.py", "--statistics", cwd=tmp_path).stdout


def test_processes_give_the_same_report(call: Call, project: Path) -> None:
    one = call("check", ".", "--jobs", "1", cwd=project)

    assert call("check", ".", "--jobs", "2", cwd=project) == one


@pytest.mark.parametrize(
    ("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)]
)
def test_exit_codes(call: Call, tmp_path: Path, level: str, code: int) -> None:
    (tmp_path / "train.py").write_text(UNUSED)

    assert call("check", "train.py", "--fail-on", level, cwd=tmp_path).code == code


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a call of the program loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tflint", *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 1)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_a_source_without_keras_loads_nothing_that_reads_it(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("x = 1\n" * SMALL_BYTES)
    found = loaded("check", "other.py", cwd=tmp_path)

    assert "tflint.source.module" in found
    for module in ("interpreter", "notebook", "ipython", "suppressions", "nesting"):
        assert f"tflint.source.{module}" not in found
    assert "tflint.keras.building" not in found
    assert not found & {"numpy", "flatbuffers", "rich", "libcst", "h5py", "tensorflow"}
