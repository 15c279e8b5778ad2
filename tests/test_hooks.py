"""The pre-commit hooks: which files they take, and that they run from a checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli
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
    assert [hook["id"] for hook in HOOKS] == ["tflint-check", "tflint-models", "tflint-fix"]


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


@pytest.mark.parametrize("name", ["tflint-check", "tflint-models"])
@pytest.mark.parametrize("path", ["m.tflite", "a/b/m.tflite", "m.int8.tflite", "ü b.tflite"])
def test_a_hook_takes_models(name: str, path: str) -> None:
    assert re.search(_hook(name)["files"], path)


@pytest.mark.parametrize(
    ("path", "taken"),
    [("train.py", True), ("a/b.ipynb", True), ("m.tflite", False), ("m.pyi", False), ("py", False)],
)
def test_the_hook_that_repairs_takes_sources(path: str, taken: bool) -> None:
    assert bool(re.search(_hook("tflint-fix")["files"], path)) is taken


def test_the_hook_that_repairs_brings_what_the_extra_does() -> None:
    project = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert _hook("tflint-fix")["additional_dependencies"] == project["optional-dependencies"]["fix"]


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


SOURCE = """\
from keras import layers

x = layers.Dense(3)(y)  # tflint: ignore[ram-over-budget] not any more
"""


def tried(folder: Path, hook: str, *files: str) -> subprocess.CompletedProcess[str]:
    """`pre-commit try-repo`, which installs this checkout, uncommitted changes included."""
    program = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
    if program is None or shutil.which("git") is None:
        pytest.skip("needs git and pre-commit")
    variables = environment(PRE_COMMIT_HOME=str(folder.parent / "cache"))
    # What is tried is the installed package, not the one of these tests.
    del variables["PYTHONPATH"]
    done = subprocess.run(
        [program, "try-repo", str(ROOT), hook, "--verbose", "--files", *files],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = done.stdout + done.stderr
    if "CalledProcessError" in output and "pip" in output:
        pytest.skip("needs a package registry: " + output.strip().splitlines()[-1][:200])
    return done


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A repository of a user, with models and a source."""
    git("rev-parse", "HEAD", cwd=ROOT)
    folder = tmp_path / "user"
    folder.mkdir()
    git("init", "--quiet", cwd=folder)
    models(folder)
    (folder / "train.py").write_text(SOURCE, encoding="utf-8")
    git("add", ".", cwd=folder)
    return folder


@pytest.mark.network
@pytest.mark.slow
def test_the_hook_runs_from_a_checkout(user: Path) -> None:
    good = tried(user, "tflint-models", "good.tflite")
    assert good.returncode == 0, good.stdout + good.stderr

    bad = tried(user, "tflint-models", "bad.tflite")
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "TFL202" in bad.stdout
    assert "MyWindow" in bad.stdout


@pytest.mark.network
@pytest.mark.slow
def test_the_hook_that_repairs_runs_from_a_checkout(user: Path) -> None:
    first = tried(user, "tflint-fix", "train.py", "good.tflite")
    assert first.returncode == 1, first.stdout + first.stderr
    assert "files were modified by this hook" in first.stdout
    assert "TFL901" in first.stdout
    text = (user / "train.py").read_text(encoding="utf-8")
    assert text == SOURCE.replace("  # tflint: ignore[ram-over-budget] not any more", "")

    second = tried(user, "tflint-fix", "train.py")
    assert second.returncode == 0, second.stdout + second.stderr
