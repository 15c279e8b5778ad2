"""`tflint train`: what is wrong is one line before anything is trained; a table at the end."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment
from tests.reference_models.motion_sense.recorded import write_recordings
from tests.reference_models.training.made_up import INT8, OURS
from tests.tensorflow_runs import VARIABLE
from tflint import api
from tflint.cli import progress
from tflint.cli.train import APPLICATIONS
from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.training.kept_states import STATES
from tflint_reference_models.training.options import TrainOptions
from tflint_reference_models.training.report import TrainReport

NAME = "motion_sense"
FIRST = application(NAME).experiments[0].name


@pytest.fixture(autouse=True)
def _no_folder_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFLITE_LINT_DATA", raising=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, TrainOptions, object]]:
    """What calls ask `run_train` for, which trains nothing."""
    found = []

    def run_train(settings: Any, name: str, options: TrainOptions, say: Any) -> TrainReport:
        found.append((name, options, settings.values["data"]))
        return TrainReport(name, options.output, (), ("metrics.json",))

    monkeypatch.setattr(api, "run_train", run_train)
    return found


def refused(call: Call, *arguments: str, cwd: Path) -> str:
    """The one line that a call ends with, which has made nothing."""
    before = sorted(cwd.rglob("*"))
    result = call("train", *arguments, cwd=cwd)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("tflint: ")
    assert result.stderr.count("\n") == 1
    assert sorted(cwd.rglob("*")) == before
    return result.stderr.removeprefix("tflint: ").rstrip("\n")


def test_the_names_that_are_written_out_are_those_that_there_are() -> None:
    assert APPLICATIONS == NAMES


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom tflint.cli.main import main\n"
        "sys.argv = ['tflint', 'train', '--help']\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "heavy = {'numpy', 'tensorflow', 'keras', 'ai_edge_litert', 'tflint_reference_models'}\n"
        "print('loaded:', *sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert "--experiment" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_what_is_asked_for(
    call: Call, asked: list[tuple[str, TrainOptions, object]], tmp_path: Path
) -> None:
    assert call("train", NAME, cwd=tmp_path).code == 0
    arguments = "--original --experiment x --epochs 3 --seed 4 --threads 1 --fresh --time-limit 60"
    call("train", NAME, *arguments.split(), "-o", "here", "--data", "there", cwd=tmp_path)
    assert asked == [
        (NAME, TrainOptions(Path(NAME)), None),
        (
            NAME,
            TrainOptions(
                Path("here"),
                original=True,
                experiment="x",
                epochs=3,
                seed=4,
                threads=1,
                fresh=True,
                seconds=60,
            ),
            tmp_path / "there",
        ),
    ]


def test_the_folder_comes_from_an_option_a_variable_or_the_configuration(
    call: Call,
    asked: list[tuple[str, TrainOptions, object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tflint.toml").write_text('data = "configured"\n')
    call("train", NAME, cwd=tmp_path)
    monkeypatch.setenv("TFLITE_LINT_DATA", "set")
    call("train", NAME, cwd=tmp_path)
    call("train", NAME, "--data", "named", cwd=tmp_path)
    assert [Path(str(data)).name for _, _, data in asked] == ["configured", "set", "named"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("motion-sense", "unknown application `motion-sense`; did you mean `motion_sense`?"),
        (f"{NAME} --experiment subjet", "unknown experiment `subjet`; did you mean `subject`?"),
        (f"{NAME} --experiment all --original", "leave --original out"),
        (f"{NAME} --time-limit nan", "--time-limit is a number of seconds, such as 600"),
        (f"{NAME} --epochs 0", "0 is not in the range"),
        (f"{NAME} --seed -1", "-1 is not in the range"),
        (NAME, "name one with --data, in TFLITE_LINT_DATA, or as `data` in the configuration"),
        (f"{NAME} --data nowhere", "nowhere` is no folder with recordings"),
        (f"{NAME} --data .", "motionsense.npz`: MotionSense (M. Malekzadeh"),
        (f"{NAME} --data . -o file", "no results can be written to `file`: it is a file"),
    ],
)
def test_calls_that_cannot_be(call: Call, tmp_path: Path, arguments: str, said: str) -> None:
    (tmp_path / "file").touch()
    assert said in refused(call, *arguments.split(), cwd=tmp_path)


def test_broken_recordings(call: Call, tmp_path: Path) -> None:
    write_recordings(tmp_path, fs=100)
    assert "is 100 Hz; 50 Hz is needed" in refused(call, NAME, "--data", ".", cwd=tmp_path)
    (tmp_path / "motionsense.npz").write_bytes(b"PK\x03\x04" + bytes(99))
    assert "motionsense.npz" in refused(call, NAME, "--data", ".", cwd=tmp_path)


def test_without_tensorflow(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_recordings(tmp_path, readings=600)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    said = refused(call, NAME, "--data", ".", cwd=tmp_path)
    assert said == "training (TensorFlow) needs an extra: pip install 'tflint[convert]'"


@pytest.mark.parametrize("is_kept", [False, True])
def test_ctrl_c_says_what_is_kept(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_kept: bool
) -> None:
    def run_train(settings: Any, name: str, options: TrainOptions, say: Any) -> TrainReport:
        state = options.output / STATES / "subject-chosen-00"
        state.mkdir(parents=True)
        if is_kept:
            (state / "state.npz").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "run_train", run_train)
    result = call("train", NAME, "-o", "out", cwd=tmp_path)
    assert (result.code, result.stdout) == (130, "")
    kept = "what was trained is kept in `out/.training`, and the same call goes on from it"
    said = kept if is_kept else "nothing is kept"
    assert result.stderr == f"tflint: interrupted; {said}\n"


@pytest.mark.skipif(os.name != "posix", reason="there are no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_end_it_as_ctrl_c_does(tmp_path: Path, name: str) -> None:
    code = (
        "import os, signal, sys, time\nfrom tflint import api\n"
        "def run_train(*given):\n"
        f"    os.kill(os.getpid(), signal.{name})\n    time.sleep(60)\n"
        "api.run_train = run_train\n"
        f"sys.argv = ['tflint', 'train', '{NAME}']\n"
        "from tflint.cli.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "tflint: interrupted; nothing is kept\n"


def test_a_log_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    shown, silent = progress.Progress(log_every_s=30), progress.Progress()
    for second in range(100):
        now = float(second)
        shown.say(f"epoch {second}\x1b[2J")
        silent.say("never")
    shown.clear()
    assert log.getvalue() == "".join(f"epoch {second}\\x1b[2J\n" for second in (30, 60, 90))


def test_the_table_is_printed(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    result = replace(OURS, experiment=FIRST, forms=(INT8,), refused=())

    def run_train(settings: Any, name: str, options: TrainOptions, say: Any) -> TrainReport:
        return TrainReport(name, options.output, (result,), ("metrics.json",))

    monkeypatch.setattr(api, "run_train", run_train)
    shown = call("train", NAME, cwd=tmp_path)
    assert (shown.code, shown.stderr) == (0, "")
    assert "  chosen, int8  92.5 %" in shown.stdout
    assert shown.stdout.endswith(f"wrote {NAME}: metrics.json\n")


@pytest.mark.slow
def test_from_recordings_to_models(tmp_path: Path) -> None:
    if VARIABLE not in os.environ:
        pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
    recordings, output = tmp_path / "recordings", tmp_path / "out"
    recordings.mkdir()
    write_recordings(recordings, readings=600)
    python = os.environ.get(VARIABLE, sys.executable)
    command = f"-m tflint train {NAME} --epochs 1 --threads 1 --data {recordings} -o {output}"
    done = subprocess.run(
        [python, *command.split()],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"next: tflint check {output}/{NAME}_int8.tflite" in done.stdout
    files = {path.relative_to(output).as_posix() for path in output.rglob("*")}
    models = {f"{NAME}_{form}.tflite" for form in ("float32", "float16", "dynamic", "int8")}
    assert files - models == {f"{NAME}.keras", "metrics.json", "manifest.json", "card.md"}
    assert files >= {f"{NAME}_float32.tflite", f"{NAME}_int8.tflite"}
    manifest = json.loads((output / "manifest.json").read_text())
    assert set(manifest["files"]) == files - {"metrics.json", "manifest.json", "card.md"}
    assert manifest["made"]["chosen"]["epochs"] == 1
