"""Rules of other packages: the worked example, and everything that can be wrong with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT, Result, environment
from tflint.lint.registry import built_in_rules
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model

EXAMPLE = ROOT / "examples" / "plugin"

RULE = """\
from tflint.finding import Severity
from tflint.rule import Metadata, Rule


class Loud(Rule):
    \"\"\"Complains of everything.\"\"\"

    meta = Metadata("{code}", "{name}", Severity.ERROR)

    def check_model(self, context):
        yield self.finding("loud")
"""


def install(folder: Path, package: str, source: str, value: str | None = None) -> None:
    """Put a module and the metadata of an installed package into a folder."""
    (folder / f"{package}.py").write_text(source, encoding="utf-8")
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        f"[tflint.rules]\n{package} = {value or package}\n", encoding="utf-8"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a sound model that is also on the path."""
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    (tmp_path / "m.tflite").write_bytes(write_model(model.build()))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    path = os.pathsep.join([str(folder), environment()["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "tflint", *arguments],
        cwd=folder,
        env=environment(PYTHONPATH=path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def check(folder: Path, *arguments: str) -> tuple[Result, list[str], list[str]]:
    """A check, the codes of its findings and its notes."""
    result = run(folder, "check", "m.tflite", "--format", "json", *arguments)
    report = json.loads(result.stdout)
    codes = [finding["code"] for finding in report["findings"]]
    return result, codes, report["notes"]


def test_a_rule_of_a_plugin_runs_like_any_other(folder: Path) -> None:
    install(folder, "acme", RULE.format(code="ACME001", name="loud"))
    result, codes, notes = check(folder)
    _, none, _ = check(folder, "--ignore", "loud")
    _, only, _ = check(folder, "--select", "ACME")

    assert (result.code, notes) == (1, [])
    assert "ACME001" in codes
    assert "ACME001" not in none
    assert only == ["ACME001"]


def test_it_is_listed_and_explained(folder: Path) -> None:
    install(folder, "acme", RULE.format(code="ACME001", name="loud"))

    assert "ACME001 loud" in run(folder, "rule").stdout
    assert "Complains of everything." in run(folder, "explain", "ACME001").stdout
    assert "acme" in run(folder, "doctor").stdout


@pytest.mark.parametrize("value", ["acme:Loud", "acme:RULES"])
def test_an_entry_point_may_name_a_rule_or_a_list(folder: Path, value: str) -> None:
    install(folder, "acme", RULE.format(code="ACME001", name="loud") + "\nRULES = [Loud]\n", value)

    assert "ACME001" in check(folder)[1]


@pytest.mark.parametrize(
    ("source", "value", "says"),
    [
        ("import nosuchmodule", None, "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("def (", None, "SyntaxError"),
        ("raise SystemExit(3)", None, "SystemExit"),
        ("raise ValueError('\\x1b[31mred\\nline')", None, "\\x1b[31mred\\x0aline"),
        ("x = 1", None, "it has no rules"),
        ("x = 1", "acme:x", "neither a module nor a rule"),
        ("class X: pass", "acme:X", "`X` is not a rule"),
        ("x = 1", "acme:nosuch", "AttributeError"),
        (RULE.format(code="TFL999", name="loud"), None, "codes that begin with TFL"),
        (RULE.format(code="acme1", name="loud"), None, "is not a code and a name"),
        (RULE.format(code="ACME001", name="Very Loud"), None, "is not a code and a name"),
        (RULE.format(code="ACME001", name="hybrid-kernel"), None, "`hybrid-kernel` is another"),
        ("from tflint.rule import Rule\nclass X(Rule): pass", None, "`X` has no metadata"),
    ],
)
def test_a_broken_plugin_is_a_warning_that_names_it(
    folder: Path, source: str, value: str | None, says: str
) -> None:
    install(folder, "acme", source, value)
    result, codes, notes = check(folder)
    doctor = run(folder, "doctor")

    assert result.code == 0
    assert "Traceback" not in result.stderr
    assert not any(code.startswith("ACME") for code in codes)
    assert len(notes) == 1
    assert notes[0].startswith("plug-in `acme` (acme 1.0) was left out: ")
    assert says in notes[0]
    assert doctor.code == 1
    assert "acme" in doctor.stdout


def test_two_plugins_with_one_code_keep_the_first(folder: Path) -> None:
    install(folder, "acme", RULE.format(code="ACME001", name="loud"))
    install(folder, "other", RULE.format(code="ACME001", name="quiet"))
    _, codes, notes = check(folder)

    assert codes.count("ACME001") == 1
    assert len(notes) == 1
    assert notes[0].startswith("plug-in `other`")


def test_a_rule_that_raises_is_named_and_the_others_run(folder: Path) -> None:
    source = RULE.format(code="ACME001", name="loud").replace(
        'yield self.finding("loud")', "raise ZeroDivisionError('oh')"
    )
    install(folder, "acme", source + "        yield\n")
    result, codes, notes = check(folder)
    file = json.loads(result.stdout)["files"][0]

    assert result.code == 0
    assert "ACME001" not in codes
    assert notes == ["plug-in `acme`: ACME001 failed on 1 file"]
    assert file["notes"] == ["ACME001 of plug-in `acme` (acme 1.0) failed: ZeroDivisionError: oh"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example, built and unpacked as pip would install it."""
    target = tmp_path_factory.mktemp("site")
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [sys.executable, *command, "--target", str(target), str(EXAMPLE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


def test_the_worked_example_installs_and_fires(installed: Path, folder: Path) -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 2048)), units=2))
    (folder / "large.tflite").write_bytes(write_model(model.build()))
    path = os.pathsep.join([str(installed), environment()["PYTHONPATH"]])
    command = [sys.executable, "-m", "tflint", "check", ".", "--select", "ACME"]
    done = subprocess.run(
        [*command, "--fail-on", "warning"],
        cwd=folder,
        env=environment(PYTHONPATH=path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "ACME001 large-input" in done.stdout
    assert "takes 8.0 KiB" in done.stdout


def test_the_worked_examples_own_tests_pass(installed: Path) -> None:
    path = os.pathsep.join([str(installed), environment()["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "tests"],
        cwd=EXAMPLE,
        env=environment(PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_built_in_rules_are_there_without_plugins() -> None:
    assert all(rule.meta.code.startswith("TFL") for rule in built_in_rules())
