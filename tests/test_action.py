"""The GitHub Action: its scripts run here as the runner runs them, on the real program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import custom, dense, relu
from tests.cli.program import environment
from tests.conftest import ROOT
from tflint.errors import UsageError
from tflint.memory.growth import parse_growth
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model
from tflint.target.target import parse_size

ACTION = ROOT / "action"
POINTER = """\
version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""
# What action.yml passes when a workflow sets nothing.
DEFAULTS = {
    "INPUT_PATHS": "",
    "INPUT_FAIL_ON": "",
    "INPUT_ANNOTATIONS": "true",
    "INPUT_SUMMARY": "true",
    "INPUT_TARGET": "",
    "INPUT_CONFIG": "",
    "INPUT_SELECT": "",
    "INPUT_EXTEND_SELECT": "",
    "INPUT_IGNORE": "",
    "INPUT_BASELINE": "",
    "INPUT_MAX_FILE_SIZE": "",
    "INPUT_MAX_FLASH": "",
    "INPUT_MAX_RAM": "",
    "INPUT_MAX_MACS": "",
    "INPUT_MAX_GROWTH": "",
    "INPUT_SARIF_FILE": "",
    "INPUT_DIFF_BASE": "",
    # What a step gets of one before it that was left out.
    "TFLINT_GROWN": "",
}

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("git") is None, reason="needs bash and git"
)


@dataclass(frozen=True)
class Step:
    """What a step left behind."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str
    calls: list[list[str]] = field(repr=False)
    """The arguments of each call of tflint."""


@dataclass(frozen=True)
class Runner:
    """A workspace and the files through which a runner and its steps talk."""

    workspace: Path
    folder: Path

    def run(self, script: str, **inputs: str) -> Step:
        """Run `action/SCRIPT` with these inputs."""
        files = {
            name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "CALLS")
        }
        for path in files.values():
            path.write_bytes(b"")
        done = subprocess.run(
            ["bash", str(ACTION / script)],
            cwd=self.workspace,
            env=environment(
                **DEFAULTS
                | {name: str(path) for name, path in files.items()}
                | {
                    "RUNNER_TEMP": str(self.folder),
                    "GITHUB_ACTION_PATH": str(ROOT),
                    "TFLINT": str(self.folder / "tflint"),
                    "TFLINT_PYTHON": sys.executable,
                }
                | inputs
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        calls = files["CALLS"].read_bytes().decode(errors="surrogateescape").split("\n\0")
        return Step(
            done.returncode,
            done.stdout,
            dict(line.split("=", 1) for line in lines),
            files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"),
            [call.split("\0")[:-1] for call in calls[:-1]],
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A Git repository on branch `main`, without commits; `tflint` is the program of this tree."""
    runner = Runner(tmp_path / "work space", tmp_path / "runner temp")
    runner.workspace.mkdir()
    runner.folder.mkdir()
    program = runner.folder / "tflint"
    # Each argument ends with NUL, each call with a line break and NUL.
    program.write_text(
        "#!/bin/sh\n"
        """{ printf '%s\\0' "$@"; printf '\\n\\0'; } >>"$CALLS"\n"""
        f"""exec "{sys.executable}" -m tflint "$@"\n"""
    )
    program.chmod(0o755)
    git(runner, "init", "--quiet", "--initial-branch=main")
    return runner


def git(runner: Runner, *arguments: str, cwd: Path | None = None) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments],
        cwd=cwd or runner.workspace,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()


def commit(runner: Runner) -> str:
    git(runner, "add", "--all")
    git(runner, "commit", "--quiet", "--message=m")
    return git(runner, "rev-parse", "HEAD")


def put(runner: Runner, name: str, model: ModelBuilder) -> Path:
    path = runner.workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_model(model.build()))
    return path


def wide(units: int = 32) -> ModelBuilder:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 64)), units=units))
    return model


def named(name: str) -> ModelBuilder:
    """A model that no runtime can run because of an operator of this name."""
    model = ModelBuilder()
    x, y = model.input((1, 16)), model.tensor((1, 16))
    model.operator(name, [x], [y])
    model.output(y)
    return model


# The step "Check"


def test_check_reports_and_leaves_the_verdict_to_the_last_step(runner: Runner) -> None:
    put(runner, "models/bad one.tflite", custom())
    put(runner, "models/dense.tflite", dense())

    step = runner.run("check.sh", INPUT_PATHS="models")

    assert step.code == 0, step.log
    assert step.outputs["exit-code"] == "1"
    assert step.outputs["files"] == "2"
    assert step.outputs["errors"] == "1"
    assert int(step.outputs["warnings"]) >= 1
    counts = [int(step.outputs[name]) for name in ("errors", "warnings", "infos")]
    assert int(step.outputs["findings"]) == sum(counts)
    assert "::error " in step.log
    assert "models/bad one.tflite" in step.log
    assert "TFL202" in step.summary
    assert Path(step.outputs["sarif"]).read_bytes().startswith(b"{")
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE=step.outputs["exit-code"]).code == 1


def test_check_passes_on_a_clean_model(runner: Runner) -> None:
    put(runner, "clean.tflite", relu())

    step = runner.run("check.sh", INPUT_SELECT="TFL2")

    assert step.code == 0, step.log
    assert (step.outputs["exit-code"], step.outputs["findings"]) == ("0", "0")
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE="0").code == 0


def test_inputs_become_arguments_and_nothing_else(runner: Runner) -> None:
    """Spaces, quotes, globs and command substitutions in inputs stay what they are."""
    hostile = """-x $(touch pwned) `touch pwned` "q" 'q' * ; touch pwned"""
    inputs = {
        "INPUT_PATHS": f"  models with spaces/a b.tflite \r\n\n{hostile}\n",
        "INPUT_TARGET": hostile,
        "INPUT_CONFIG": "tflint.toml\ntarget=esp32",
        "INPUT_SELECT": "TFL2,float-model\nTFL401",
        "INPUT_EXTEND_SELECT": "TFL3",
        "INPUT_IGNORE": hostile,
        "INPUT_FAIL_ON": "warning",
        "INPUT_BASELINE": "base line.json",
        "INPUT_MAX_FLASH": "256K",
        "INPUT_MAX_RAM": "64K",
        "INPUT_MAX_MACS": "10M",
        "INPUT_SARIF_FILE": "out put/t.sarif",
    }

    step = runner.run("check.sh", **inputs)

    (call,) = step.calls
    assert [argument for argument in call if not argument.startswith("--output=json=")] == [
        "check",
        f"--target={hostile}",
        "--config=tflint.toml",
        "--config=target=esp32",
        "--select=TFL2,float-model",
        "--select=TFL401",
        "--extend-select=TFL3",
        f"--ignore={hostile}",
        "--fail-on=warning",
        "--baseline=base line.json",
        "--max-flash=256K",
        "--max-ram=64K",
        "--max-macs=10M",
        "--output=sarif=out put/t.sarif",
        *[argument for argument in call if argument.startswith("--output=markdown=")],
        "--format=github",
        "--",
        "models with spaces/a b.tflite",
        hostile,
    ]
    assert list(runner.workspace.rglob("pwned")) == []


def test_inputs_that_are_not_given_are_not_passed(runner: Runner) -> None:
    put(runner, "clean.tflite", relu())

    (call,) = runner.run("check.sh").calls

    assert [argument.split("=")[0] for argument in call] == [
        *("check", "--output", "--output", "--output", "--format", "--"),
    ]


def test_the_configuration_of_the_repository_holds_where_no_input_is_given(runner: Runner) -> None:
    put(runner, "bad.tflite", custom())
    (runner.workspace / "tflint.toml").write_text('fail-on = "never"\n')

    step = runner.run("check.sh")
    given = runner.run("check.sh", INPUT_FAIL_ON="error")

    assert (step.outputs["exit-code"], step.outputs["errors"]) == ("0", "1"), step.log
    assert given.outputs["exit-code"] == "1"


def test_a_call_that_cannot_be_carried_out_ends_the_step(runner: Runner) -> None:
    step = runner.run("check.sh", INPUT_PATHS="nowhere.tflite")

    assert step.code == 2
    assert "::error title=tflint::" in step.log
    assert "nowhere.tflite" in step.log
    assert "exit-code" not in step.outputs


@pytest.mark.parametrize("name", ["INPUT_ANNOTATIONS", "INPUT_SUMMARY"])
def test_a_switch_is_true_or_false(runner: Runner, name: str) -> None:
    put(runner, "clean.tflite", relu())

    step = runner.run("check.sh", **{name: "yes"})

    assert step.code == 2
    assert "'yes': write true or false" in step.log


def test_without_annotations_nothing_in_a_model_is_a_command(runner: Runner) -> None:
    """The runner follows `::name::` at the start of any line, whatever printed it."""
    put(runner, "m.tflite", named("::error::" + "x" * 200))

    step = runner.run("check.sh", INPUT_ANNOTATIONS="false")

    assert step.code == 0, step.log
    lines = step.log.splitlines()
    (start,) = [line for line in lines if line.startswith("::stop-commands::")]
    mark = start.removeprefix("::stop-commands::")
    assert len(mark) > 32
    inside = lines[lines.index(start) + 1 : lines.index(f"::{mark}::")]
    assert any("TFL202" in line for line in inside)
    outside = lines[: lines.index(start)] + lines[lines.index(f"::{mark}::") + 1 :]
    assert not [line for line in outside if line.lstrip().startswith(("::", "##["))]


def test_with_annotations_a_name_in_a_model_is_no_command_of_its_own(runner: Runner) -> None:
    put(runner, "m.tflite", named("x\n::warning::y\r\n::stop-commands::z"))

    step = runner.run("check.sh")

    assert step.code == 0, step.log
    commands = [line for line in step.log.splitlines() if line.lstrip().startswith(("::", "##["))]
    ours = ("::error file=", "::warning file=", "::notice file=", "::debug::1 file checked")
    assert [line for line in commands if not line.startswith(ours)] == []
    assert any("TFL202" in line for line in commands)


def test_no_summary_where_none_is_wanted(runner: Runner) -> None:
    put(runner, "dense.tflite", dense())

    step = runner.run("check.sh", INPUT_SUMMARY="false")

    assert step.code == 0, step.log
    assert step.summary == ""


def test_the_sarif_report_goes_where_it_is_wanted(runner: Runner) -> None:
    put(runner, "dense.tflite", dense())

    step = runner.run("check.sh", INPUT_SARIF_FILE="reports/deep er/t.sarif")

    assert step.code == 0, step.log
    assert step.outputs["sarif"] == "reports/deep er/t.sarif"
    assert (runner.workspace / "reports" / "deep er" / "t.sarif").read_bytes().startswith(b"{")


# The budget for files


def test_a_file_above_the_budget_fails_whatever_findings_do(runner: Runner) -> None:
    size = put(runner, "mo,dels/la:rge.tflite", wide()).stat().st_size
    put(runner, "small.tflite", relu())

    step = runner.run("check.sh", INPUT_MAX_FILE_SIZE="2K", INPUT_FAIL_ON="never")

    assert step.code == 0, step.log
    assert (step.outputs["exit-code"], step.outputs["oversized"]) == ("1", "1")
    assert (
        "::error file=mo%2Cdels/la%3Arge.tflite,title=tflint max-file-size::"
        f"{size:,} bytes, budget 2,048 bytes" in step.log
    )
    assert f"| `mo,dels/la:rge.tflite` | {size:,} | {size - 2048:,} |" in step.summary
    assert "small.tflite` |" not in step.summary.split("### Files above")[1]


def test_the_budget_is_the_size_of_the_file_to_the_byte(runner: Runner) -> None:
    size = put(runner, "m.tflite", wide()).stat().st_size

    fits = runner.run("check.sh", INPUT_MAX_FILE_SIZE=str(size), INPUT_FAIL_ON="never")
    misses = runner.run("check.sh", INPUT_MAX_FILE_SIZE=str(size - 1), INPUT_FAIL_ON="never")

    assert [step.outputs["exit-code"] for step in (fits, misses)] == ["0", "1"]


def test_the_budget_holds_for_files_that_cannot_be_read(runner: Runner) -> None:
    (runner.workspace / "broken.tflite").write_bytes(b"TFL3" * 300)

    step = runner.run("check.sh", INPUT_MAX_FILE_SIZE="1K")

    assert step.code == 0, step.log
    assert step.outputs["oversized"] == "1"


def test_a_budget_that_is_no_size_ends_the_step(runner: Runner) -> None:
    put(runner, "m.tflite", relu())

    step = runner.run("check.sh", INPUT_MAX_FILE_SIZE="large")

    assert step.code == 2
    assert "'large' is not a size" in step.log


@pytest.mark.parametrize(
    "text", ["0", "20480", "20K", "20k", " 1M ", "64KiB", "3 MB", "7B", "2G", "1.5K", "K", "-1"]
)
def test_sizes_are_read_as_tflint_reads_them(text: str) -> None:
    code = "import sys, report; print(report.parse_size(sys.argv[1]))"
    read = subprocess.run(
        [sys.executable, "-c", code, text],
        cwd=ACTION,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )

    try:
        expected = parse_size(text)
    except UsageError:
        assert read.returncode != 0
    else:
        assert read.stdout.strip() == str(expected)


# The comparison with the base


def test_changed_models_are_compared_with_the_base(runner: Runner) -> None:
    put(runner, "models/a b.tflite", wide())
    put(runner, "models/same.tflite", relu())
    put(runner, "models/gone.tflite", dense())
    put(runner, "elsewhere/c.tflite", wide())
    (runner.workspace / "models" / "notes.txt").write_text("1")
    base = commit(runner)
    git(runner, "checkout", "--quiet", "-b", "change")
    put(runner, "models/a b.tflite", wide(units=8))
    put(runner, "models/new.tflite", custom())
    put(runner, "elsewhere/c.tflite", wide(units=8))
    (runner.workspace / "models" / "gone.tflite").unlink()
    (runner.workspace / "models" / "notes.txt").write_text("2")
    commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE="main", INPUT_PATHS="models")

    assert step.code == 0, step.log
    assert step.outputs == {"compared": "1", "grown": "0"}, step.log
    (call,) = step.calls
    *options, before, after = call
    assert options == ["diff", "--format=markdown", "--fail-on=never", "--"]
    assert after == "models/a b.tflite"
    assert Path(before).read_bytes() == write_model(wide().build())
    assert f"{base[:12]}:models/a b.tflite" in step.summary
    assert str(runner.folder) not in step.summary


def test_a_model_that_moved_is_compared_with_what_it_was(runner: Runner) -> None:
    put(runner, "old name.tflite", wide(units=128))
    base = commit(runner)
    (runner.workspace / "old name.tflite").rename(runner.workspace / "new name.tflite")
    commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE=base)

    assert step.outputs == {"compared": "1", "grown": "0"}, step.log
    before, after = step.calls[0][-2:]
    assert before.endswith("/base/old name.tflite")
    assert after == "new name.tflite"


def test_the_comparison_follows_the_inputs_of_the_check(runner: Runner) -> None:
    put(runner, "m.tflite", wide())
    base = commit(runner)
    put(runner, "m.tflite", wide(units=8))

    step = runner.run(
        "diff.sh",
        INPUT_DIFF_BASE=base,
        INPUT_TARGET="cortex-m4:flash=256K,ram=64K",
        INPUT_CONFIG="fail-on='error'",
        INPUT_SELECT="TFL2,TFL4",
        INPUT_EXTEND_SELECT="TFL303",
        INPUT_IGNORE="TFL401",
    )

    assert step.outputs == {"compared": "1", "grown": "0"}, step.log
    assert step.calls[0][3:-3] == [
        "--target=cortex-m4:flash=256K,ram=64K",
        "--config=fail-on='error'",
        "--select=TFL2,TFL4",
        "--extend-select=TFL303",
        "--ignore=TFL401",
    ]


def test_hostile_file_names_are_compared_and_shown_harmlessly(runner: Runner) -> None:
    name = "-m`touch pwned`$(touch pwned)\n::error::x.tflite"
    put(runner, name, wide())
    base = commit(runner)
    put(runner, name, wide(units=8))

    step = runner.run("diff.sh", INPUT_DIFF_BASE=base)

    assert step.code == 0, step.log
    assert step.calls[0][-1] == name
    assert list(runner.workspace.rglob("pwned")) == []
    first = next(line for line in step.log.splitlines() if line.startswith("::"))
    assert first.startswith("::stop-commands::")


@pytest.mark.parametrize("damaged", ["base", "change"])
def test_a_damaged_model_is_a_note_and_no_failure(runner: Runner, damaged: str) -> None:
    for side in ("base", "change"):
        path = put(runner, "m.tflite", wide(units=8 if side == "base" else 16))
        if side == damaged:
            path.write_bytes(path.read_bytes()[:200])
        commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE="HEAD~1")

    assert step.code == 0, step.log
    assert step.outputs["compared"] in ("0", "1")
    if step.outputs["compared"] == "0":
        assert "m.tflite was not compared" in step.log


@pytest.mark.parametrize("side", ["base", "change"])
def test_pointers_of_git_lfs_are_left_out_with_a_reason(runner: Runner, side: str) -> None:
    path = put(runner, "m.tflite", wide())
    if side == "base":
        path.write_text(POINTER)
    commit(runner)
    put(runner, "m.tflite", wide(units=8))
    if side == "change":
        path.write_text(POINTER)
    commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE="HEAD~1")

    assert step.code == 0
    assert step.outputs == {"compared": "0", "grown": "0"}
    assert "::warning title=tflint::m.tflite was not compared: it" in step.log
    assert "Git LFS" in step.log
    assert step.calls == []


def test_the_base_comes_through_the_filters_of_the_repository(runner: Runner) -> None:
    """As Git LFS does it: what is committed is a pointer, a filter turns it into the model."""
    stored = runner.folder / "stored.tflite"
    stored.write_bytes(write_model(wide().build()))
    git(runner, "config", "filter.lfs.clean", "cat")
    git(runner, "config", "filter.lfs.smudge", f"cat '{stored}'")
    (runner.workspace / ".gitattributes").write_text("*.tflite filter=lfs -text\n")
    (runner.workspace / "m.tflite").write_text(POINTER)
    commit(runner)
    put(runner, "m.tflite", wide(units=8))

    step = runner.run("diff.sh", INPUT_DIFF_BASE="HEAD")

    assert step.outputs == {"compared": "1", "grown": "0"}, step.log
    assert Path(step.calls[0][-2]).read_bytes() == stored.read_bytes()


def test_a_shallow_checkout_fetches_the_base(runner: Runner, tmp_path: Path) -> None:
    put(runner, "m.tflite", wide())
    base = commit(runner)
    put(runner, "m.tflite", wide(units=8))
    commit(runner)
    git(runner, "config", "uploadpack.allowAnySHA1InWant", "true")
    shallow = Runner(tmp_path / "shallow", runner.folder)
    origin = runner.workspace.as_uri()
    git(runner, "clone", "--quiet", "--depth=1", origin, str(shallow.workspace), cwd=tmp_path)

    step = shallow.run("diff.sh", INPUT_DIFF_BASE=base)

    assert step.outputs == {"compared": "1", "grown": "0"}, step.log


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("", "no base to compare with"),
        ("no-such-branch", "'no-such-branch' could not be fetched"),
        ("0" * 40, "could not be fetched"),
    ],
)
def test_a_base_that_is_not_there_is_said(runner: Runner, base: str, said: str) -> None:
    put(runner, "m.tflite", wide())
    commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE=base)

    assert step.code == 0, step.log
    assert said in step.log
    assert step.outputs == {"compared": "0", "grown": "0"}


def test_a_base_is_no_option(runner: Runner) -> None:
    put(runner, "m.tflite", wide())
    commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE="--output=pwned")

    assert step.code == 2
    assert not (runner.workspace / "pwned").exists()


def test_a_workspace_without_git_is_said(runner: Runner) -> None:
    shutil.rmtree(runner.workspace / ".git")

    step = runner.run("diff.sh", INPUT_DIFF_BASE="main", GIT_CEILING_DIRECTORIES="/")

    assert step.code == 0, step.log
    assert "no Git repository" in step.log


# Growth


def test_a_model_that_grew_too_much_fails_at_the_end(runner: Runner) -> None:
    for name in ("grown", "shrunk", "gone"):
        put(runner, f"{name}.tflite", wide(units=16 if name == "grown" else 128))
    base = commit(runner)
    put(runner, "grown.tflite", wide(units=128))
    put(runner, "shrunk.tflite", wide(units=16))
    put(runner, "new.tflite", wide(units=256))
    commit(runner)

    step = runner.run("diff.sh", INPUT_DIFF_BASE=base, INPUT_MAX_GROWTH="5%")

    assert step.code == 0, step.log
    assert step.outputs == {"compared": "2", "grown": "1"}, step.log
    assert (
        "::error title=tflint::grown.tflite grew by more than max-growth allows (5%25)" in step.log
    )
    assert f"### Memory: `{base[:12]}:grown.tflite` → `grown.tflite`" in step.summary
    assert "**fails:** flash grew by " in step.summary
    assert str(runner.folder) not in step.summary
    assert [call[0] for call in step.calls] == ["diff", "memory"] * 2
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE="0", TFLINT_GROWN="1").code == 1
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE="0", TFLINT_GROWN="0").code == 0
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE="1", TFLINT_GROWN="1").code == 1
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE="", TFLINT_GROWN="0").code == 2


def test_growth_is_for_the_target_of_the_check_and_budgets_are_left_to_it(runner: Runner) -> None:
    put(runner, "m.tflite", wide(units=64))
    base = commit(runner)
    put(runner, "m.tflite", wide(units=16))

    step = runner.run(
        "diff.sh",
        INPUT_DIFF_BASE=base,
        INPUT_MAX_GROWTH=" 0 % ",
        INPUT_TARGET="cortex-m4:flash=1K,ram=1K",
        INPUT_CONFIG="fail-on='never'",
    )

    assert step.outputs == {"compared": "1", "grown": "0"}, step.log
    assert "of RAM, " in step.summary
    assert step.calls[1][1:5] == [
        "--format=markdown",
        "--max-growth=0 %",
        "--target=cortex-m4:flash=1K,ram=1K",
        "--config=fail-on='never'",
    ]


def test_memory_that_cannot_be_compared_is_said(runner: Runner) -> None:
    put(runner, "m.tflite", wide())
    base = commit(runner)
    put(runner, "m.tflite", wide(units=8))

    step = runner.run("diff.sh", INPUT_DIFF_BASE=base, INPUT_MAX_GROWTH="5%", INPUT_TARGET="litert")

    assert (step.code, step.outputs) == (0, {"compared": "1", "grown": "0"}), step.log
    assert "::warning title=tflint::the memory of m.tflite was not compared" in step.log
    assert "has no arena" in step.log


@pytest.mark.parametrize(
    "text", ["5%", "5 %", "0%", "2.5%", "2048", "2K", "2 KiB", "1MB", "10B", "5", "0"]
)
def test_limits_are_read_as_tflint_reads_them(runner: Runner, text: str) -> None:
    parse_growth(text)
    assert runner.run("diff.sh", INPUT_MAX_GROWTH=text).code == 0


@pytest.mark.parametrize(
    "text", ["5 percent", "-5%", "lots", "2.5K", "5%%", "%", "5% --select=x", "5%\n6%", "12345678%"]
)
def test_what_is_no_limit_ends_the_step(runner: Runner, text: str) -> None:
    step = runner.run("diff.sh", INPUT_MAX_GROWTH=text)

    assert step.code == 2, step.log
    assert "::error title=tflint::input 'max-growth'" in step.log
    with pytest.raises(UsageError):
        parse_growth(text)


# The rest


@pytest.mark.parametrize(("text", "code"), [("0", 0), ("1", 1), ("", 2), ("7", 2)])
def test_the_verdict_is_the_exit_code(runner: Runner, text: str, code: int) -> None:
    assert runner.run("verdict.sh", TFLINT_EXIT_CODE=text).code == code


def test_a_summary_is_cut_before_the_runner_refuses_it(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-I", str(ACTION / "summary.py")],
            input="é long line of a report\n" * 50_000,
            encoding="utf-8",
            env={**os.environ, "GITHUB_STEP_SUMMARY": str(path)},
            check=True,
        )

    text = path.read_bytes().decode()
    assert text.startswith("before\né long line")
    assert 1_040_000 < path.stat().st_size <= 1024 * 1024
    assert "**Cut here**" in text


@pytest.mark.network
@pytest.mark.slow
def test_the_action_installs_its_own_code(runner: Runner) -> None:
    put(runner, "m.tflite", custom())

    step = runner.run("install.sh", INPUT_PYTHON=sys.executable, INPUT_VERSION="")
    if step.code and "Could not find a version" in step.log:
        pytest.skip("needs a package registry: " + step.log.strip().splitlines()[-1][:200])

    assert step.code == 0, step.log
    # What was installed stands on its own feet: without the paths of this tree.
    found = subprocess.run(
        [step.outputs["program"], "check", "m.tflite"],
        cwd=runner.workspace,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stderr
    assert "TFL202" in found.stdout


def test_what_is_installed_is_no_option(runner: Runner) -> None:
    step = runner.run("install.sh", INPUT_PYTHON=sys.executable, INPUT_VERSION="--help")

    assert step.code == 2
    assert "not something to install" in step.log
