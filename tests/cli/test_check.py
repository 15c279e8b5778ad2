"""`tflint check`: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment, tflint
from tflint.report.formats import FORMATS

LEVELS = ("error", "warning", "info", "never")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("model", "codes"),
    [
        ("error", (1, 1, 1, 0)),
        ("warning", (0, 1, 1, 0)),
        ("info", (0, 0, 1, 0)),
        ("clean", (0, 0, 0, 0)),
    ],
)
def test_exit_code_by_level_and_not_by_format(
    call: Call, models: Path, model: str, codes: tuple[int, ...], format: str
) -> None:
    for level, code in zip(LEVELS, codes, strict=True):
        result = call(
            "check", f"{model}.tflite", "--fail-on", level, "--format", format, cwd=models
        )
        assert (result.code, result.stderr) == (code, "")
        assert result.stdout or (format, model) == ("concise", "clean")


def test_the_failing_level_is_error_unless_given(call: Call, models: Path) -> None:
    assert call("check", "error.tflite", cwd=models).code == 1
    assert call("check", "warning.tflite", cwd=models).code == 0


def test_without_paths_the_current_folder_is_checked(call: Call, models: Path) -> None:
    result = call("check", "--format", "json", cwd=models)

    files = [file["path"] for file in json.loads(result.stdout)["files"]]
    assert files == ["clean.tflite", "error.tflite", "info.tflite", "warning.tflite"]
    assert result.code == 1


def test_rules_are_selected_and_ignored(call: Call, models: Path) -> None:
    def codes(*options: str) -> set[str]:
        result = call("check", "--format", "json", *options, cwd=models)
        return {finding["code"] for finding in json.loads(result.stdout)["findings"]}

    assert codes("--select", "TFL202") == {"TFL202"}
    assert codes("--select", "TFL2,legacy-opcode") == {"TFL202", "TFL010"}
    assert codes("--ignore", "custom-op", "--ignore", "TFL4") == {"TFL010"}
    assert codes("--select", "TFL010", "--extend-select", "TFL4") == {"TFL010", "TFL401"}


@pytest.mark.parametrize("option", ["--target", "-t"])
def test_the_target_decides(call: Call, models: Path, option: str) -> None:
    tflm = call("check", "warning.tflite", "--fail-on", "warning", cwd=models)
    litert = call("check", "warning.tflite", "--fail-on", "warning", option, "litert", cwd=models)
    inline = call("check", "warning.tflite", option, "cortex-m4:flash=2K,ram=1K", cwd=models)

    assert (tflm.code, litert.code, inline.code) == (1, 0, 1)
    assert "2.0 KiB of flash" in inline.stdout


@pytest.mark.parametrize(
    ("option", "enough", "little", "codes"),
    [
        ("--max-flash", "64K", "8K", ["TFL502"]),
        ("--max-flash", "64K", "1K", ["TFL302", "TFL502"]),
        ("--max-ram", "4K", "2K", ["TFL501"]),
        ("--max-macs", "2K", "1K", ["TFL503"]),
    ],
)
def test_budgets_on_the_command_line(
    call: Call, models: Path, option: str, enough: str, little: str, codes: list[str]
) -> None:
    fits = call("check", "warning.tflite", option, enough, cwd=models)
    missed = call("check", "warning.tflite", option, little, cwd=models)
    wrong = call("check", "warning.tflite", option, "much", cwd=models)

    assert (fits.code, missed.code, wrong.code) == (0, 1, 2)
    assert all(code in missed.stdout for code in codes)
    assert f"does not fit: {len(codes)} error" in missed.stdout
    assert wrong.stderr.startswith(f"tflint: {option}: `much` is not a ")


def test_json_names_the_target_as_it_was_given(call: Call, models: Path) -> None:
    given = "cortex-m4:flash=256K,ram=64KiB"
    result = call("check", "clean.tflite", "-t", given, "--format", "json", cwd=models)

    assert json.loads(result.stdout)["target"] == given


def test_a_git_lfs_pointer_is_recognised(call: Call, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 123456\n",
        encoding="utf-8",
    )
    result = call("check", "m.tflite", cwd=tmp_path)

    assert result.code == 1
    assert "TFL002" in result.stdout
    assert "git lfs pull" in result.stdout


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff" * 64, b"\x1c\0\0\0TFL3" + bytes(100)])
def test_an_unreadable_file_is_a_finding(call: Call, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.tflite").write_bytes(content)
    result = call("check", "m.tflite", "--format", "json", cwd=tmp_path)

    document = json.loads(result.stdout)
    assert (result.code, result.stderr) == (1, "")
    assert document["files"][0]["readable"] is False
    assert [finding["severity"] for finding in document["findings"]] == ["error"]


# Calls that cannot be carried out: one message on stderr, nothing on stdout, exit code 2.


def assert_usage_error(call: Call, says: str, *arguments: str, cwd: Path, lines: int = 1) -> None:
    result = call(*arguments, cwd=cwd)

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("tflint: ")
    assert len(result.stderr.splitlines()) == lines
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert "internal error" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch.tflite"], "`nosuch.tflite` does not exist"),
        (["clean.tflite", "nosuch"], "`nosuch` does not exist"),
        ([""], "does not exist"),
        (["a" * 300], "cannot be opened"),
        (["empty"], "no models or Keras sources in `empty`"),
        (["notes.txt"], "is not a kind of file tflint reads"),
        (["--select", "TFL999"], "unknown rule `TFL999`"),
        (["--select", "hybrid-kernal"], "did you mean `hybrid-kernel`?"),
        (["--ignore", "TFL99"], "unknown rule `TFL99`"),
        (["--extend-select", "nosuch"], "unknown rule `nosuch`"),
        (["-t", "cortex-m5"], "did you mean `cortex-m"),
        (["-t", "nosuchboard"], "`tflint targets` lists them"),
        (["-t", ""], "unknown target ``"),
        (["-t", "cortex-m4:"], "expected KEY=VALUE"),
        (["-t", "cortex-m4:flash"], "expected KEY=VALUE"),
        (["-t", "cortex-m4:flash="], "expected KEY=VALUE"),
        (["-t", "cortex-m4:flash=much"], "`much` is not a size"),
        (["-t", "cortex-m4:flash=-1"], "`-1` is not a size"),
        (["-t", "cortex-m4:flash=" + "9" * 5000], "is not a size"),
        (["-t", "cortex-m4:flsh=1K"], "did you mean `flash`?"),
        (["-t", "cortex-m4:runtime=tflmm"], "did you mean `tflm`?"),
        (["--format", "jsn"], "did you mean `json`?"),
        (["--format", "pdf"], f"formats are {', '.join(FORMATS)}"),
        (["--fail-on", "warn"], "did you mean `warning`?"),
        (["--fail-on", "sometimes"], "levels are error, warning, info, never"),
        (["--color", "alway"], "did you mean `always`?"),
        (["--color", "purple", "--format", "json"], "unknown colour choice `purple`"),
        (["--select", "TFL204", "--ignore", "TFL204"], "both selected and ignored"),
        (["--select", "TFL204", "--ignore", "hybrid-kernel"], "both selected and ignored"),
        (["--select", "TFL9", "--ignore", "TFL90"], "leaves no rule to run"),
        (["--color", "always", "--format", "json"], "contradict each other"),
        (["--taget", "tflm"], "--target"),
        (["--target"], "requires an argument"),
        (["--select", "no\x1b[31m\nsuch"], "no\\x1b[31m`"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_call_that_cannot_be_carried_out(
    call: Call, models: Path, arguments: list[str], says: str
) -> None:
    (models / "empty").mkdir()
    (models / "notes.txt").write_text("no model", encoding="utf-8")
    # An option without its value would take the path for it.
    paths = ["."] if arguments[0].startswith("-") and len(arguments) > 1 else []

    assert_usage_error(call, says, "check", *arguments, *paths, cwd=models)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chek"], "check"),
        (["rule", "TFL999"], "unknown rule `TFL999`"),
        (["rule", "hybridkernel"], "did you mean `hybrid-kernel`?"),
        (["rule", "--format", "pdf"], "formats are text, json"),
        (["targets", "--format", "pdf"], "formats are text, json"),
        (["explain", "what is this"], "give a rule, an operator"),
        (["explain", "CONV2"], "did you mean `CONV_2D`?"),
        (["explain"], "Missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_commands_end_the_same_way(
    call: Call, tmp_path: Path, arguments: list[str], says: str
) -> None:
    assert_usage_error(call, says, *arguments, cwd=tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["main.tf"],
        ["-f", "compact", "main.tf"],
        ["--filter=main.tf"],
        ["check", "main.tf", "more.tf.json"],
        ["--init"],
        ["--recursive"],
        ["--chdir=modules"],
        ["--enable-rule=terraform_unused_declarations"],
        ["--minimum-failure-severity=error"],
    ],
    ids=" ".join,
)
def test_a_call_meant_for_terraforms_tflint(
    call: Call, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "main.tf").write_text("", encoding="utf-8")

    assert_usage_error(call, "not the one for Terraform", *arguments, cwd=tmp_path)


def test_a_model_beside_terraform_files_is_checked(call: Call, models: Path) -> None:
    (models / "main.tf").write_text("", encoding="utf-8")

    assert call("check", "clean.tflite", cwd=models).code == 0


def test_a_bug_in_a_rule_is_one_line_and_no_traceback(models: Path) -> None:
    (models / "sitecustomize.py").write_text(
        "from tflint_rules.operators.custom_op import CustomOp\n"
        "def explode(self, context):\n"
        "    raise ZeroDivisionError('a bug\\x1b[31m')\n"
        "    yield\n"
        "CustomOp.check_model = explode\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(models), environment()["PYTHONPATH"]])
    arguments = ("check", "error.tflite", "--format", "json")
    result = tflint(*arguments, cwd=models, PYTHONPATH=path)
    with_traceback = tflint(*arguments, cwd=models, PYTHONPATH=path, TFLITE_LINT_DEBUG="1")

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "tflint: internal error in TFL202 on `error.tflite`, please report it: ZeroDivisionError"
    )
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr
    assert "Traceback" in with_traceback.stderr


HEAVY = (
    "tensorflow",
    "ai_edge_litert",
    "tflite_micro",
    "h5py",
    "libcst",
    "numpy",
    "rich",
    "tflite",
)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_heavy_is_loaded(models: Path, format: str) -> None:
    other_formats = {other.module for other in FORMATS.values()} - {FORMATS[format].module}
    heavy = (*HEAVY, *sorted(other_formats))
    code = (
        "import sys\n"
        "from tflint.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {heavy} if name in sys.modules], file=sys.stderr)\n"
    )
    (models / "run.py").write_text(code, encoding="utf-8")
    done = run_python("run.py", "check", ".", "--format", format, cwd=models)

    assert done[0] == 1
    assert done[2].splitlines()[-1] == "[]"


def run_python(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    import subprocess

    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_what_is_checked_is_not_executed(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import keras\nopen('executed', 'w')\n", encoding="utf-8")
    (tmp_path / "keras.py").write_text("open('imported', 'w')\n", encoding="utf-8")

    assert tflint("check", "train.py", cwd=tmp_path).code == 0
    assert not (tmp_path / "executed").exists()
    assert not (tmp_path / "imported").exists()


def test_a_broken_source_is_a_finding(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import keras\nx = (\n", encoding="utf-8")
    result = call("check", ".", "--format", "json", cwd=tmp_path)

    document = json.loads(result.stdout)
    assert result.code == 1
    assert document["files"][0]["readable"] is False
    assert [(f["code"], f["line"]) for f in document["findings"]] == [("TFL902", 2)]
