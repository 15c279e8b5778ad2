"""`tflint fix` as it is called: files, options, exit codes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("libcst", reason="needs the extra `fix`")

from tests.cli.conftest import Call
from tests.cli.program import environment, tflint

SAFE = """\
from keras import Input, Sequential, layers

model = Sequential([
    Input((8,)),
    layers.Dense(4, activation="relu"),
    layers.ReLU(),  # again
    layers.Dense(2),
])
"""
SAFELY_FIXED = SAFE.replace("    layers.ReLU(),  # again\n", "")
UNSAFE = """\
from keras import Input, Sequential, layers

model = Sequential([
    Input((3, 8, 8)),
    layers.Conv2D(4, 3, data_format="channels_first"),
])
"""
UNSAFELY_FIXED = UNSAFE.replace("(3, 8, 8)", "(8, 8, 3)").replace("_first", "_last")
# Nothing repairs it: the map is smaller than the kernel.
BROKEN = """\
from keras import Input, Sequential, layers

model = Sequential([Input((4, 4, 1)), layers.Conv2D(4, 7)])
"""
CLEAN = "import keras\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_bytes(text.encode("utf-8"))


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def test_a_source_is_repaired_where_it_stands(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE)
    result = call("fix", "train.py", cwd=tmp_path)

    assert (result.code, result.stderr) == (0, "")
    assert read(tmp_path / "train.py") == SAFELY_FIXED
    assert result.stdout == (
        "train.py\n  fixed     TFL113 double-activation  6:5\n\n1 file: 1 fixed, 0 left\n"
    )
    again = call("fix", "train.py", cwd=tmp_path)
    assert again.stdout == "1 file: 0 fixed, 0 left\n"


def test_in_place_is_what_sources_are_edited_anyway(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE)
    both = call("fix", "train.py", "--in-place", "-o", "x.py", cwd=tmp_path)
    untouched = read(tmp_path / "train.py")
    result = call("fix", "train.py", "--in-place", cwd=tmp_path)

    assert (both.code, untouched) == (2, SAFE)
    assert "exclude each other" in both.stderr
    assert (result.code, read(tmp_path / "train.py")) == (0, SAFELY_FIXED)


def test_what_changes_an_interface_is_done_when_asked(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=UNSAFE)
    safe = call("fix", "train.py", cwd=tmp_path)

    assert read(tmp_path / "train.py") == UNSAFE
    assert "--unsafe repairs it" in safe.stdout
    assert "0 fixed, 1 left (1 with --unsafe)" in safe.stdout
    assert safe.code == 0

    unsafe = call("fix", "--unsafe", "train.py", cwd=tmp_path)
    assert read(tmp_path / "train.py") == UNSAFELY_FIXED
    assert "note: the input is now (8, 8, 3): feed it so" in unsafe.stdout


def test_a_diff_changes_nothing(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE, clean=CLEAN)
    result = call("fix", "--diff", "train.py", "clean.py", cwd=tmp_path)

    assert result.code == 1
    assert read(tmp_path / "train.py") == SAFE
    assert result.stdout.startswith("--- train.py\n+++ train.py\n@@ -3,6 +3,5 @@\n")
    assert "\n-    layers.ReLU(),  # again\n" in result.stdout
    assert "would fix TFL113" in result.stderr
    assert "2 files: 1 to fix, 0 left" in result.stderr
    assert call("fix", "--diff", "clean.py", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        (CLEAN, [], 0),
        (SAFE, [], 0),
        (UNSAFE, [], 0),
        (UNSAFE, ["--fail-on", "warning"], 1),
        (UNSAFE, ["--fail-on", "warning", "--unsafe"], 0),
        (BROKEN, [], 1),
        (BROKEN, ["--fail-on", "never"], 0),
        (BROKEN, ["--ignore", "TFL112"], 0),
        ("x = (\n", [], 1),
        ("x = (\n", ["--fail-on", "never"], 0),
    ],
)
@pytest.mark.parametrize("format", ["text", "json"])
def test_exit_codes(
    call: Call, tmp_path: Path, source: str, options: list[str], code: int, format: str
) -> None:
    write(tmp_path, train=source)
    result = call("fix", "train.py", *options, "--format", format, cwd=tmp_path)

    assert (result.code, result.stderr) == (code, "")


def test_what_does_not_parse_is_left(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train="import keras\nx = (\n")
    result = call("fix", "train.py", cwd=tmp_path)

    assert result.code == 1
    assert "nothing was repaired: the source does not parse" in result.stdout
    assert read(tmp_path / "train.py") == "import keras\nx = (\n"


def test_json_has_the_keys_of_the_interface(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE, other=UNSAFE)
    result = call("fix", "--format", "json", "other.py", "train.py", cwd=tmp_path)
    document = json.loads(result.stdout)
    other, train = document["files"]

    assert document["schema"] == 1
    assert document["summary"] == {
        "files": 2,
        "changed": 1,
        "fixed": 1,
        "left": 1,
        "with_unsafe": 1,
        "with_quantize": 0,
        "failed": 0,
    }
    assert train["path"] == train["output"] == "train.py"
    assert train["written"] is True
    assert train["bytes"] == {"before": len(SAFE), "after": len(SAFELY_FIXED)}
    assert train["arena"] is train["proof"] is None
    assert [(p["code"], p["name"], p["applied"]) for p in train["passes"]] == [
        ("TFL113", "double-activation", True)
    ]
    assert train["fixed"][0]["line"] == 6
    assert (other["written"], other["output"]) == (False, None)
    assert other["left"][0]["repair"] == "unsafe"
    assert "diff" not in train

    diff = json.loads(call("fix", "--format", "json", "--diff", "other.py", cwd=tmp_path).stdout)
    assert diff["files"][0]["diff"] == ""


def test_the_result_can_go_elsewhere(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE, clean=CLEAN)
    result = call("fix", "train.py", "-o", "fixed.py", cwd=tmp_path)

    assert result.code == 0
    assert result.stdout.startswith("train.py -> fixed.py\n")
    assert read(tmp_path / "train.py") == SAFE
    assert read(tmp_path / "fixed.py") == SAFELY_FIXED
    # Whoever reads the output next finds it there, changed or not.
    assert call("fix", "clean.py", "-o", "same.py", cwd=tmp_path).code == 0
    assert read(tmp_path / "same.py") == CLEAN


def test_a_source_on_stdin_goes_to_stdout(tmp_path: Path) -> None:
    result = tflint_with_input(tmp_path, SAFE, "fix", "--stdin-filename", "train.py", "-")

    assert result == (0, SAFELY_FIXED)
    assert not (tmp_path / "train.py").exists()


def tflint_with_input(folder: Path, text: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tflint", *arguments],
        cwd=folder,
        env=environment(),
        input=text.encode("utf-8"),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.py"], "`missing.py` does not exist"),
        (["-"], "--stdin-filename"),
        (["train.py", "clean.py", "-o", "out.py"], "a single source"),
        ([".", "-o", "out.py"], "a single source"),
        (["train.py", "-o", "out.py", "--diff"], "nothing for -o"),
        (["train.py", "-o", "."], "is a folder"),
        (["train.py", "--format", "sarif"], "unknown format"),
        (["train.py", "--select", "TFL999"], "unknown rule"),
        (["train.py", "--fail-on", "fatal"], "fatal"),
        (["clean.tflite", "--quantize", "int4"], "unknown mode of quantisation `int4`; did you"),
        (["clean.tflite", "--quantize", "int8"], "needs real inputs"),
        (["clean.tflite", "--quantize", "int8", "--calibrate", "no.npy"], "does not exist"),
        (["clean.tflite", "--calibration", "mse"], "--calibration is for --quantize int16x8"),
        (["clean.tflite", "--calibrate", "random"], "--calibrate random is for --quantize"),
        (["clean.tflite", "--tolerance", "2"], "--tolerance is a share"),
        (["clean.tflite", "--in-place", "-o", "x"], "exclude each other"),
        (["archive.h5"], "`archive.h5` was left as it is: archives are built anew"),
        (["clean.tflite", "--reconvert"], "--source names the archive"),
        (["text.tflite"], "`text.tflite` cannot be read: "),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    call: Call, models: Path, arguments: list[str], says: str
) -> None:
    write(models, train=SAFE, clean=CLEAN)
    (models / "archive.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (models / "text.tflite").write_bytes(b"no model")
    result = call("fix", *arguments, cwd=models)

    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert read(models / "train.py") == SAFE


def test_without_the_library_the_extra_is_named(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, train=SAFE)
    monkeypatch.setitem(sys.modules, "libcst", None)
    result = call("fix", "train.py", cwd=tmp_path)

    assert result.code == 2
    assert "pip install 'tflint[fix]'" in result.stderr


def test_configuration_counts(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE)
    (tmp_path / "old").mkdir()
    write(tmp_path / "old", train=SAFE)
    (tmp_path / "gone").mkdir()
    write(tmp_path / "gone", train=SAFE)
    accepted = '[[ignore]]\npaths = ["old/*"]\nrules = ["TFL113"]\nreason = "kept"\n'
    (tmp_path / "tflint.toml").write_text(f'exclude = ["gone"]\n\n{accepted}', encoding="utf-8")
    result = call("fix", cwd=tmp_path)

    assert result.code == 0, result.stderr
    assert read(tmp_path / "train.py") == SAFELY_FIXED
    assert read(tmp_path / "old" / "train.py") == SAFE
    assert read(tmp_path / "gone" / "train.py") == SAFE


def test_only_the_rules_that_are_selected(call: Call, tmp_path: Path) -> None:
    write(tmp_path, train=SAFE)
    assert call("fix", "--select", "TFL101", "train.py", cwd=tmp_path).code == 0
    assert read(tmp_path / "train.py") == SAFE
    assert call("fix", "--ignore", "double-activation", "train.py", cwd=tmp_path).code == 0
    assert read(tmp_path / "train.py") == SAFE


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("latin-1", "# -*- coding: latin-1 -*-\n"),
        ("cp1252", "# vim: set fileencoding=cp1252 :\n"),
        ("utf-8-sig", "# coding: utf-8\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends_stay(
    call: Call, tmp_path: Path, encoding: str, head: str, newline: str
) -> None:
    text = f"{head}# für später\n"
    path = tmp_path / "train.py"
    path.write_bytes((text + SAFE).replace("\n", newline).encode(encoding))
    result = call("fix", "train.py", cwd=tmp_path)

    assert result.code == 0
    assert path.read_bytes() == (text + SAFELY_FIXED).replace("\n", newline).encode(encoding)


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes and links")
def test_modes_and_links_stay(call: Call, tmp_path: Path) -> None:
    write(tmp_path, real=SAFE)
    (tmp_path / "real.py").chmod(0o750)
    (tmp_path / "link.py").symlink_to("real.py")
    result = call("fix", "link.py", cwd=tmp_path)

    assert result.code == 0
    assert (tmp_path / "link.py").is_symlink()
    assert read(tmp_path / "real.py") == SAFELY_FIXED
    assert stat.S_IMODE((tmp_path / "real.py").stat().st_mode) == 0o750
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.py", "real.py"]


def notebook(*cells: str) -> str:
    """A notebook with outputs and metadata, and an indentation of its own."""
    document = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Größe"]},
            *(
                {
                    "cell_type": "code",
                    "execution_count": 7,
                    "metadata": {"tags": ["keep"]},
                    "outputs": [{"output_type": "stream", "name": "stdout", "text": ["<é>\n"]}],
                    "source": cell.splitlines(keepends=True),
                }
                for cell in cells
            ),
        ],
        "metadata": {"kernelspec": {"language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=3, ensure_ascii=False)


def test_a_notebook_is_repaired_and_otherwise_as_it_was(call: Call, tmp_path: Path) -> None:
    setup = "%matplotlib inline\n!pip install keras\nimport keras"
    path = tmp_path / "train.ipynb"
    path.write_text(notebook(setup, SAFE.rstrip("\n")), encoding="utf-8")
    result = call("fix", "train.ipynb", cwd=tmp_path)

    assert "fixed     TFL113 double-activation  cell 3:6:5" in result.stdout
    assert path.read_text(encoding="utf-8") == notebook(setup, SAFELY_FIXED.rstrip("\n"))


def test_a_diff_of_a_notebook_is_about_its_cells(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").write_text(notebook(SAFE), encoding="utf-8")
    result = call("fix", "--diff", "train.ipynb", cwd=tmp_path)

    assert result.stdout.startswith("--- train.ipynb:cell 2\n+++ train.ipynb:cell 2\n")


def test_a_file_that_cannot_be_written_is_an_error(call: Call, tmp_path: Path) -> None:
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("needs a folder that this user cannot write to")
    write(tmp_path, train=SAFE)
    tmp_path.chmod(0o500)
    try:
        result = call("fix", "train.py", cwd=tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert result.code == 2
    assert read(tmp_path / "train.py") == SAFE


def test_a_file_that_is_read_only_stays_as_it_is(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SAFE, encoding="utf-8")
    (tmp_path / "b.py").write_text(SAFE, encoding="utf-8")
    (tmp_path / "b.py").chmod(0o444)

    result = call("fix", "a.py", "b.py", cwd=tmp_path)

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "tflint: `b.py` cannot be written: the file is read-only\n"
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["a.py", "b.py"]
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == SAFE
    assert (tmp_path / "b.py").read_text(encoding="utf-8") == SAFE


def test_hostile_names_are_escaped(call: Call, tmp_path: Path) -> None:
    name = "a\x1b[31m\n::error::x.py"
    (tmp_path / name).write_text(SAFE, encoding="utf-8")
    for options, code in ((["--diff"], 1), ([], 0)):
        result = call("fix", *options, name, cwd=tmp_path)
        assert result.code == code
        assert "\x1b" not in result.stdout + result.stderr
        assert not any(line.lstrip().startswith("::") for line in result.stdout.splitlines())


def test_it_works_as_a_program(tmp_path: Path) -> None:
    write(tmp_path, train=SAFE)
    result = tflint("fix", "train.py", cwd=tmp_path)

    assert (result.code, result.stderr) == (0, "")
    assert read(tmp_path / "train.py") == SAFELY_FIXED
