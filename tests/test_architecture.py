"""The form of the project: floors, sizes, words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = (
    ROOT / "tflint",
    ROOT / "rules" / "tflint_rules",
    ROOT / "mcu_runtime" / "tflint_mcu_runtime",
    ROOT / "reference_models" / "tflint_reference_models",
)
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
MOST_LINES = 400
# Tables generated from the schema, and one class whose methods are the schema's operators.
LONGER = {"tflint/model/schema.py"}
# Rooms for what has no name yet.
DRAWERS = {"utils", "util", "helpers", "helper", "misc", "common", "base", "stuff"}
# In comments and docstrings: what says nothing, or belongs elsewhere.
FORBIDDEN = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK|simply|obviously|just works|leverage[sd]?|seamless\w*|robust\w*"
    r"|blazing\w*|state[- ]of[- ]the[- ]art|copyright|licensed under)\b"
    r"|[#=*-]{8,}",
    re.IGNORECASE,
)

every_source = pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def test_imports_keep_to_their_floors() -> None:
    """The contracts of `[tool.importlinter]` in `pyproject.toml`."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "rules"))),
            "PATH": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@every_source
def test_a_file_is_no_longer_than_a_room(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() in LONGER:
        assert path.exists()
        return
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES


def test_the_exceptions_are_still_needed() -> None:
    for name in LONGER:
        assert (ROOT / name).read_text(encoding="utf-8").count("\n") > MOST_LINES, name


@every_source
def test_a_file_has_a_name_and_says_what_it_is(path: Path) -> None:
    assert path.stem not in DRAWERS
    if path.stat().st_size:
        assert path.read_text(encoding="utf-8").startswith('"""')


@every_source
def test_no_word_that_says_nothing(path: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_packages_are_typed(package: Path) -> None:
    assert (package / "py.typed").exists()
