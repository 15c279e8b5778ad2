"""`tflint diff` as it is called: arguments, exit codes, Git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment
from tests.cli.test_check import HEAVY, run_python
from tests.model.hostile import HOSTILE
from tflint.lint.registry import all_rules

FORMATS = ("text", "markdown", "json")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("before", "after", "level", "code"),
    [
        ("clean", "clean", "info", 0),
        ("clean", "error", "error", 1),
        ("clean", "error", "never", 0),
        ("error", "clean", "info", 0),
        ("clean", "warning", "error", 0),
        ("clean", "warning", "warning", 1),
        ("clean", "info", "warning", 0),
        ("clean", "info", "info", 1),
        # What was wrong before is not for this change to answer for.
        ("error", "error", "info", 0),
        ("/dev/null", "error", "error", 1),
        ("error", "/dev/null", "info", 0),
    ],
)
def test_the_exit_code_is_about_what_was_added(
    call: Call, models: Path, before: str, after: str, level: str, code: int, format: str
) -> None:
    paths = [p if p == "/dev/null" else f"{p}.tflite" for p in (before, after)]
    result = call("diff", *paths, "--fail-on", level, "--format", format, cwd=models)

    assert (result.code, result.stderr) == (code, "")
    assert result.stdout


def test_without_a_level_errors_fail(call: Call, models: Path) -> None:
    assert call("diff", "clean.tflite", "error.tflite", cwd=models).code == 1
    assert call("diff", "clean.tflite", "warning.tflite", cwd=models).code == 0


def test_identical_files_are_said_to_be(call: Call, models: Path) -> None:
    shutil.copy(models / "clean.tflite", models / "copy.tflite")
    result = call("diff", "clean.tflite", "copy.tflite", cwd=models)
    found = json.loads(
        call("diff", "clean.tflite", "copy.tflite", "--format", "json", cwd=models).stdout
    )

    assert "the files are identical" in result.stdout
    assert (found["identical"], found["changed"]) == (True, False)


def test_a_file_that_only_is_laid_out_otherwise(call: Call, models: Path) -> None:
    """Bytes behind the flatbuffer that nothing refers to, traded for others."""
    data = (models / "clean.tflite").read_bytes()
    for name, tail in (("one", b"\1" * 16), ("other", b"\2" * 16)):
        (models / f"{name}.tflite").write_bytes(data + tail)
    result = call("diff", "one.tflite", "other.tflite", cwd=models)

    assert result.code == 0
    assert "no difference in the graph, its data or the findings" in result.stdout


def test_selection_and_target(call: Call, models: Path) -> None:
    def codes(*options: str) -> set[str]:
        arguments = ("diff", "clean.tflite", "error.tflite", "--format", "json", *options)
        found = json.loads(call(*arguments, cwd=models).stdout)
        return {finding["code"] for finding in found["findings"]["added"]}

    assert "TFL202" in codes()
    assert codes("--ignore", "TFL202") == codes() - {"TFL202"}
    assert codes("--select", "TFL401") == set()
    assert codes("--select", "TFL401", "--extend-select", "custom-op") == {"TFL202"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["clean.tflite"], "Missing argument 'B'"),
        (["clean.tflite", "not-there.tflite"], "`not-there.tflite` does not exist"),
        (["clean.tflite", "."], "is a folder"),
        (["/dev/null", "/dev/null"], "neither is there"),
        (["clean.tflite", "clean.tflite", "--format", "sarif"], "unknown format"),
        (["clean.tflite", "clean.tflite", "--fail-on", "fatal"], "unknown level"),
        (["clean.tflite", "clean.tflite", "--target", "pdp-11"], "unknown target"),
        (["clean.tflite", "clean.tflite", "--select", "TFL999"], "unknown rule"),
        (["clean.tflite", "empty.tflite"], "`empty.tflite` cannot be read: the file is empty"),
        (["text.py", "clean.tflite"], "`text.py` cannot be read"),
        (["\x1b[2J.tflite", "clean.tflite"], r"`\x1b[2J.tflite` does not exist"),
        (
            ["clean.tflite", "clean.tflite", "--format", "json", "--color", "always"],
            "contradict",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    call: Call, models: Path, arguments: list[str], says: str
) -> None:
    (models / "empty.tflite").write_bytes(b"")
    (models / "text.py").write_text("import keras\n", encoding="utf-8")
    result = call("diff", *arguments, cwd=models)

    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_a_hostile_file_is_one_message_or_a_report(call: Call, models: Path, build: object) -> None:
    (models / "hostile.tflite").write_bytes(bytes(build(20_000)))  # type: ignore[operator]
    for pair in (("clean", "hostile"), ("hostile", "clean"), ("hostile", "hostile")):
        result = call("diff", *(f"{name}.tflite" for name in pair), cwd=models)
        assert result.code in (0, 1, 2)
        assert len(result.stderr.splitlines()) == (result.code == 2)
        assert "internal error" not in result.stderr


def test_any_damage_is_one_message_or_a_report(call: Call, models: Path) -> None:
    import random

    rng = random.Random(0)
    data = (models / "warning.tflite").read_bytes()
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(200, len(data))] = rng.randrange(256)
        (models / "damaged.tflite").write_bytes(damaged)
        result = call("diff", "warning.tflite", "damaged.tflite", "--format", "json", cwd=models)
        assert result.code in (0, 1, 2)
        assert "internal error" not in result.stderr
        assert bool(result.stdout) is (result.code != 2)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_heavy_is_loaded(models: Path, format: str) -> None:
    code = (
        "import sys\n"
        "from tflint.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    (models / "run.py").write_text(code, encoding="utf-8")
    arguments = ("diff", "clean.tflite", "error.tflite", "--format", format)
    done = run_python("run.py", *arguments, cwd=models)

    assert done[0] == 1
    assert done[2].splitlines()[-1] == "[]"


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.skipif(sys.platform == "win32", reason="the driver is a line of shell")
def test_git_shows_it_for_models(models: Path) -> None:
    """The configuration that the manual gives, for a model that is new, changed and gone."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments],
            cwd=repository,
            env={**environment(), "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(models)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    repository = models / "repository"
    repository.mkdir()
    model = repository / "m.tflite"
    git("init", "-q")
    driver = f'f() {{ "{sys.executable}" -m tflint diff --fail-on never "$2" "$5"; }}; f'
    git("config", "diff.tflite.command", driver)
    (repository / ".gitattributes").write_text("*.tflite diff=tflite\n", encoding="utf-8")
    git("add", "-A")
    git("commit", "-qm", "attributes")
    shutil.copy(models / "clean.tflite", model)
    git("add", "-A")
    assert "a new model" in git("diff", "--cached")
    git("commit", "-qm", "model")
    shutil.copy(models / "error.tflite", model)
    assert "+ error   TFL202" in git("diff")
    os.remove(model)
    assert "the model was removed" in git("diff")


def test_findings_of_the_same_operator_are_the_same_whatever_it_is_called(
    call: Call, models: Path
) -> None:
    import dataclasses

    from tests.cli.conftest import dense
    from tflint.model.writer import write_model

    model = dense().build()
    graph = model.subgraphs[0]
    tensors = tuple(dataclasses.replace(t, name=f"new {i}") for i, t in enumerate(graph.tensors))
    renamed = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),))
    (models / "renamed.tflite").write_bytes(write_model(renamed))
    arguments = ("diff", "warning.tflite", "renamed.tflite", "--format", "json")
    found = json.loads(call(*arguments, cwd=models).stdout)

    assert (found["findings"]["added"], found["findings"]["removed"]) == ([], [])
    assert found["findings"]["kept"] > 0
    assert all_rules()


@pytest.mark.shared
def test_every_model_against_itself_and_the_next(call: Call, shared_models: list[Path]) -> None:
    for before, after in zip(shared_models, shared_models[1:] + shared_models[:1], strict=True):
        same = json.loads(call("diff", str(before), str(before), "--format", "json").stdout)
        assert (same["identical"], same["changed"]) == (True, False)
        assert same["changes"]["operators"] == same["findings"]["added"] == []
        there, back = (
            json.loads(call("diff", *map(str, pair), "--format", "json").stdout)
            for pair in ((before, after), (after, before))
        )
        assert len(there["findings"]["added"]) == len(back["findings"]["removed"])
        assert there["findings"]["kept"] == back["findings"]["kept"]
        text = call("diff", str(before), str(after)).stdout
        assert max(map(len, text.splitlines())) <= 100
