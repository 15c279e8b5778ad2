"""`--output`, `--statistics`: what is written where, and what is refused before anything is."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import tflint.atomic_file
from tests.cli.conftest import Call
from tests.cli.program import environment
from tflint.report.formats import FORMATS, NAMES

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX file modes, links and pipes")


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".tflint")]


def test_every_format_is_written_as_it_would_be_printed(call: Call, models: Path) -> None:
    options = [f"--output={name}=out-{name}" for name in NAMES]
    result = call("check", "error.tflite", "--format", "concise", *options, cwd=models)

    assert (result.code, result.stderr) == (1, "")
    assert result.stdout.startswith("error.tflite: operator #0")
    for name in NAMES:
        printed = call("check", "error.tflite", "--format", name, cwd=models)
        assert (models / f"out-{name}").read_bytes().decode() == printed.stdout
    assert leftovers(models) == []


def test_documents_in_files_parse(call: Call, models: Path) -> None:
    call("check", "--output", "sarif=a.sarif", "--output", "junit=a.xml", cwd=models)

    assert json.loads((models / "a.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert ElementTree.parse(models / "a.xml").getroot().tag == "testsuites"


def test_a_level_that_fails_the_run_fails_its_test(call: Call, models: Path) -> None:
    def failures(*options: str) -> str:
        result = call("check", "warning.tflite", "--format", "junit", *options, cwd=models)
        return ElementTree.fromstring(result.stdout).attrib["failures"]

    assert failures() == failures("--fail-on", "never") == "0"
    assert failures("--fail-on", "warning") == "1"


def test_the_exit_code_is_the_same_with_outputs(call: Call, models: Path) -> None:
    for model, code in (("error", 1), ("clean", 0)):
        assert call("check", f"{model}.tflite", "--output", "json=a", cwd=models).code == code


def test_files_are_utf8_and_have_no_colour(call: Call, models: Path) -> None:
    (models / "clean.tflite").rename(models / "é漢.tflite")
    call("check", "é漢.tflite", "--color", "always", "--output", "text=a.txt", cwd=models)

    text = (models / "a.txt").read_bytes()
    assert text.decode("utf-8").startswith("é漢.tflite\n")
    assert b"\x1b" not in text
    assert b"\r" not in text


def test_a_file_that_is_there_is_replaced(call: Call, models: Path) -> None:
    (models / "a.json").write_text("old " * 10_000, encoding="utf-8")
    call("check", "clean.tflite", "--output", "json=a.json", cwd=models)

    assert json.loads((models / "a.json").read_text(encoding="utf-8"))["findings"] == []


@posix
def test_a_link_stays_a_link_and_modes_stay(call: Call, models: Path) -> None:
    (models / "real.json").write_text("old", encoding="utf-8")
    (models / "real.json").chmod(0o640)
    (models / "link.json").symlink_to("real.json")
    before = os.umask(0o022)
    try:
        call("check", "clean.tflite", "--output=json=link.json", "--output=json=new", cwd=models)
    finally:
        os.umask(before)

    assert (models / "link.json").is_symlink()
    assert (models / "real.json").read_text(encoding="utf-8").startswith("{")
    assert stat.S_IMODE((models / "real.json").stat().st_mode) == 0o640
    assert stat.S_IMODE((models / "new").stat().st_mode) == 0o644


@posix
def test_a_device_is_written_to_and_not_replaced(call: Call, models: Path) -> None:
    outputs = ("--output", "json=/dev/null", "--output", "sarif=/dev/null")
    result = call("check", "clean.tflite", *outputs, cwd=models)

    assert result.code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


REFUSED = [
    (["sarif"], "write --output sarif=FILE"),
    (["out.sarif"], f"expected FORMAT=FILE; formats are {', '.join(NAMES)}"),
    ([""], "expected FORMAT=FILE"),
    (["sarif="], "names no file"),
    (["=a"], "unknown format ``"),
    (["serif=a"], "did you mean `sarif`?"),
    (["pdf=a"], f"formats are {', '.join(NAMES)}"),
    (["json=-"], "stdout is for --format json"),
    (["json=/dev/stdout"], "stdout is for --format json"),
    (["json=nosuch/a.json"], "`nosuch` is no folder"),
    (["json=error.tflite/a.json"], "`error.tflite` is no folder"),
    (["json=folder"], "`folder` is a folder"),
    (["json=a", "json=a"], "two outputs to `a`"),
    (["json=a", "sarif=./folder/../a"], "two outputs to"),
    (["json=error.tflite"], "would overwrite `error.tflite`, which is checked"),
    (["json=./folder/../error.tflite"], "which is checked"),
    (["json=a\x1b[31m\nb/c"], "is no folder"),
    (["json=" + "a" * 300], "cannot be written"),
]


@pytest.mark.parametrize(("outputs", "says"), REFUSED, ids=lambda v: str(v)[:40])
def test_what_cannot_be_written_is_one_message(
    call: Call, models: Path, outputs: list[str], says: str
) -> None:
    (models / "folder").mkdir()
    before = {path: path.read_bytes() for path in models.iterdir() if path.is_file()}
    options = [part for output in outputs for part in ("--output", output)]
    result = call("check", ".", *options, cwd=models)

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("tflint: ")
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr
    assert says in result.stderr
    assert {path: path.read_bytes() for path in models.iterdir() if path.is_file()} == before


@posix
@pytest.mark.parametrize("make", [os.link, os.symlink], ids=["hard", "symbolic"])
def test_a_link_to_an_input_is_not_written_over(call: Call, models: Path, make: Any) -> None:
    make(models / "error.tflite", models / "other")
    before = (models / "error.tflite").read_bytes()
    result = call("check", "error.tflite", "--output", "json=other", cwd=models)

    assert result.code == 2
    assert "which is checked" in result.stderr
    assert (models / "error.tflite").read_bytes() == before


def test_if_one_file_cannot_be_written_none_is(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = open

    def full(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if mode == "xb" and "-1.tmp" in str(path):
            raise OSError(28, "No space left on device")
        return real(path, mode, *rest, **options)

    monkeypatch.setattr(tflint.atomic_file, "open", full, raising=False)
    (models / "a").write_text("old", encoding="utf-8")
    outputs = ("--output", "json=a", "--output", "sarif=b")
    result = call("check", "clean.tflite", *outputs, cwd=models)

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "tflint: `b` cannot be written: No space left on device\n"
    assert (models / "a").read_text(encoding="utf-8") == "old"
    assert not (models / "b").exists()
    assert leftovers(models) == []


def test_notes_go_to_stderr_where_the_format_has_no_place(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tflint.lint.findings.MAX_FINDINGS_PER_RULE", 0)
    for name, format in FORMATS.items():
        result = call("check", "error.tflite", "--format", name, cwd=models)
        note = "only the first 0 are listed"
        assert (note in result.stdout, note in result.stderr) == (
            format.has_notes,
            not format.has_notes,
        ), name


def test_statistics_take_the_place_of_the_findings(call: Call, models: Path) -> None:
    text = call("check", ".", "--statistics", cwd=models)
    document = json.loads(call("check", ".", "--statistics", "--format", "json", cwd=models).stdout)

    assert text.code == 1
    assert "1  error    TFL202  custom-op" in text.stdout
    assert "findings" not in document
    assert [s["code"] for s in document["statistics"]] == ["TFL202", "TFL401", "TFL010"]


def test_statistics_are_for_stdout(call: Call, models: Path) -> None:
    call("check", ".", "--statistics", "--output", "json=a.json", cwd=models)

    assert json.loads((models / "a.json").read_text(encoding="utf-8"))["findings"]


@pytest.mark.parametrize("name", [name for name in NAMES if not FORMATS[name].has_statistics])
def test_other_formats_have_no_statistics(call: Call, models: Path, name: str) -> None:
    result = call("check", ".", "--statistics", "--format", name, cwd=models)

    assert (result.code, result.stdout) == (2, "")
    assert f"--statistics is for text and json, not for --format {name}" in result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_colour_is_for_formats_that_people_read(call: Call, models: Path, name: str) -> None:
    result = call("check", "error.tflite", "--color", "always", "--format", name, cwd=models)

    if FORMATS[name].styled:
        assert "\x1b[" in result.stdout
    else:
        assert "contradict each other" in result.stderr


@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_reader_that_has_seen_enough_is_no_error(models: Path, name: str) -> None:
    """`tflint check --format X | true`: the files are written, the exit code is that of the run."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "tflint", "check", ".", "--format", name]
    done = subprocess.run(
        [*command, "--output", "json=a.json"],
        cwd=models,
        env=environment(),
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(theirs)

    assert (done.returncode, done.stderr) == (1, b"")
    assert (models / "a.json").exists()


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8 need Linux")
@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_that_is_not_utf8(models: Path, name: str) -> None:
    """Lone surrogates in a path must not keep a document from being written."""
    os.rename(models / "error.tflite", os.fsencode(models) + b"/a\xff\n\x1b[31m::error::x.tflite")
    command = [sys.executable, "-m", "tflint", "check", ".", "--format", name]
    done = subprocess.run(
        [*command, "--output", f"{name}=out"],
        cwd=models,
        env=environment(PYTHONUTF8="0", LC_ALL="C.UTF-8"),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"")
    assert (models / "out").read_bytes() == done.stdout
    done.stdout.decode("utf-8")
    assert b"\x1b" not in done.stdout
