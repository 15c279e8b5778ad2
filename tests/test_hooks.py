"""The pre-commit hooks: which files they take, and that they run from a checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.cli.program import environment
from tests.conftest import ROOT
from tflint.cli.main import app
from tflint.lint.discover import SUFFIXES
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model

HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
REQUIRED = {"id", "name", "description", "entry", "language", "files"}


def _hook(name: str) -> dict[str, Any]:
    return next(hook for hook in HOOKS if hook["id"] == name)


every_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])


def test_the_ids_are_the_public_ones() -> None:
    assert [hook["id"] for hook in HOOKS] == ["tflint-check", "tflint-models"]


@every_hook
def test_a_hook_is_well_formed(hook: dict[str, Any]) -> None:
    assert hook.keys() >= REQUIRED
    assert hook["language"] == "python"
    assert hook["require_serial"] is True


@every_hook
def test_a_hook_calls_a_command_that_exists(hook: dict[str, Any]) -> None:
    program, command, *_ = hook["entry"].split()
    commands = {getattr(found.callback, "__name__", "") for found in app.registered_commands}

    assert program == "tflint"
    assert command in commands


@every_hook
@pytest.mark.parametrize("path", ["m.tflite", "a/b/m.tflite", "m.int8.tflite", "ü b.tflite"])
def test_a_hook_takes_models(hook: dict[str, Any], path: str) -> None:
    assert re.search(hook["files"], path)


@pytest.mark.parametrize("path", ["train.py", "a/b.ipynb", "m.keras", "m.h5", "ü b.py"])
def test_the_hook_for_everything_takes_sources_and_archives(path: str) -> None:
    assert re.search(_hook("tflint-check")["files"], path)
    assert not re.search(_hook("tflint-models")["files"], path)


@pytest.mark.parametrize("path", ["m.pyc", "py", "m.pyi", "m.ipynb.json", "keras", "m.keras/x.txt"])
def test_the_hook_for_everything_takes_nothing_else(path: str) -> None:
    assert not re.search(_hook("tflint-check")["files"], path)


def test_the_suffixes_of_the_hook_are_those_that_are_read() -> None:
    """Every suffix that `check` knows is in the hook, and the other way round."""
    found = re.fullmatch(r"\\\.\((.*)\)\$", _hook("tflint-check")["files"])

    assert found is not None
    assert {f".{suffix}" for suffix in found[1].split("|")} == set(SUFFIXES)


@pytest.mark.parametrize(
    "path", ["m.tflite.bak", "m.tflite/readme", "tflite", "xtflite", "m.h5", "m.py", "m.tflites"]
)
def test_the_hook_for_models_takes_nothing_else(path: str) -> None:
    assert not re.search(_hook("tflint-models")["files"], path)


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"git {arguments[0]} failed: {done.stderr.strip()[:200]}")
    return done.stdout


def models(folder: Path) -> None:
    good = ModelBuilder()
    good.output(good.unary("RELU", good.input((1, 4))))
    (folder / "good.tflite").write_bytes(write_model(good.build()))
    bad = ModelBuilder()
    x, y = bad.input((1, 16)), bad.tensor((1, 16))
    bad.operator("MyWindow", [x], [y])
    bad.output(y)
    (folder / "bad.tflite").write_bytes(write_model(bad.build()))


@pytest.mark.network
@pytest.mark.slow
def test_the_hook_runs_from_a_checkout(tmp_path: Path) -> None:
    """`pre-commit try-repo`, which installs this checkout, uncommitted changes included."""
    program = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
    if program is None or shutil.which("git") is None:
        pytest.skip("needs git and pre-commit")
    git("rev-parse", "HEAD", cwd=ROOT)
    user = tmp_path / "user"
    user.mkdir()
    git("init", "--quiet", cwd=user)
    models(user)
    git("add", ".", cwd=user)
    variables = environment(PRE_COMMIT_HOME=str(tmp_path / "cache"))
    # What is tried is the installed package, not the one of these tests.
    del variables["PYTHONPATH"]

    def run(model: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "try-repo", str(ROOT), "tflint-models", "--verbose", "--files", model],
            cwd=user,
            env=variables,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    good = run("good.tflite")
    output = good.stdout + good.stderr
    if "CalledProcessError" in output and "pip" in output:
        pytest.skip("needs a package registry: " + output.strip().splitlines()[-1][:200])
    assert good.returncode == 0, output

    bad = run("bad.tflite")
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "TFL202" in bad.stdout
    assert "MyWindow" in bad.stdout
