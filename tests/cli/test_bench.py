"""`tflint bench` as a user calls it: options, exit codes, exports, interrupts."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.program import NO_BYTECODE, environment
from tests.cli.test_complete import offered
from tflint.bench.options import BenchOptions, Kernels
from tflint.cli import bench as command
from tflint.report.bench_formats import BY_SUFFIX, FORMATS

needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs the extra `report`"
)
# What takes its time and says nothing more here.
QUICK = ("--runs", "3", "--warmup", "1", "--no-operators")


def refused(call: Call, *arguments: str, cwd: Path | None = None) -> str:
    """The one line of a call that could not be carried out."""
    result = call("bench", *arguments, cwd=cwd)
    assert (result.code, result.stdout) == (2, ""), result
    assert result.stderr.startswith("tflint: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("tflint: ").rstrip("\n")


def document(call: Call, *arguments: str, cwd: Path, code: int = 0) -> Any:
    result = call("bench", *arguments, *QUICK, "--format", "json", cwd=cwd)
    assert (result.code, result.stderr) == (code, "")
    return json.loads(result.stdout)


def outputs(folder: Path) -> list[str]:
    """The files that are no models."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".tflite")


# What it measures


@needs_litert
def test_a_model_is_measured(call: Call, models: Path) -> None:
    (found,) = document(call, "clean.tflite", cwd=models)["models"]

    assert found["path"] == "clean.tflite"
    assert found["latency_us"]["runs"] == 3
    assert 0 < found["latency_us"]["avg"] < 1e6
    assert found["failures"] == []


@needs_litert
def test_the_documented_keys_are_there(call: Call, models: Path) -> None:
    found = document(call, "warning.tflite", cwd=models)
    (model,) = found["models"]

    assert found["schema"] == 1
    assert set(model) >= {
        *("path", "application", "quantization", "latency_us", "accuracy", "weights"),
        *("tensors", "dynamic_bytes", "operators"),
    }
    assert set(model["latency_us"]) >= {"init", "first", "warmup_avg", "avg", "p50", "p95", "runs"}
    assert model["accuracy"] is None
    assert (model["weights"]["count"], model["weights"]["bytes"]) == (1040, 4160)
    assert set(model["tensors"][0]) >= {"name", "shape", "dtype", "bytes", "kind"}
    assert set(model["operators"][0]) >= {"index", "name", "us_avg", "macs"}
    assert {tensor["kind"] for tensor in model["tensors"]} == {"constant", "activation"}


@needs_litert
def test_one_that_fails_does_no_harm_to_the_others(call: Call, models: Path) -> None:
    (models / "garbage.tflite").write_bytes(b"no model at all")
    found = document(call, ".", cwd=models, code=1)["models"]

    failed = {row["path"]: row["failures"][0]["part"] for row in found if row["failures"]}
    assert failed == {"error.tflite": "latency", "garbage.tflite": "reading"}
    assert {row["path"] for row in found if row["latency_us"]} == {
        *("clean.tflite", "info.tflite", "warning.tflite"),
    }


@needs_litert
def test_the_same_file_is_measured_once(call: Call, models: Path) -> None:
    found = document(call, "clean.tflite", "./clean.tflite", str(models / "clean.tflite"),
                     "warning.tflite", cwd=models)  # fmt: skip

    assert [row["path"] for row in found["models"]] == ["clean.tflite", "warning.tflite"]


@needs_litert
def test_in_folders_only_tflite_counts(call: Call, models: Path) -> None:
    (models / "train.py").write_text("import keras\nkeras.Sequential()\n", encoding="utf-8")
    (models / "net.keras").write_bytes(b"PK\3\4")
    inner = models / "deep" / "er"
    inner.mkdir(parents=True)
    (models / "clean.tflite").rename(inner / "clean.tflite")
    (models / "error.tflite").unlink()
    found = document(call, ".", cwd=models)["models"]

    assert [row["path"] for row in found] == [
        *("info.tflite", "warning.tflite", "deep/er/clean.tflite"),
    ]


@needs_litert
def test_a_saved_model_folder_is_searched_for_what_was_converted_there(
    call: Call, models: Path
) -> None:
    (models / "saved_model.pb").write_bytes(b"\x08\x01")

    assert len(document(call, ".", cwd=models, code=1)["models"]) == 4


@needs_litert
def test_what_the_configuration_excludes_is_left_out(call: Call, models: Path) -> None:
    (models / "tflint.toml").write_text('exclude = ["error.tflite"]\n', encoding="utf-8")

    assert len(document(call, ".", cwd=models)["models"]) == 3


@needs_litert
def test_each_model_under_its_own_target(call: Call, models: Path) -> None:
    (models / "tflint.toml").write_text(
        '[[models]]\npath = "clean.tflite"\ntarget = "cortex-m7"\n', encoding="utf-8"
    )
    found = document(call, "clean.tflite", "warning.tflite", cwd=models)

    targets = {row["path"]: row["runtimes"][0]["target"] for row in found["models"]}
    assert targets == {"clean.tflite": "cortex-m7", "warning.tflite": "tflm"}


@needs_litert
def test_text_on_a_pipe_fits_100_columns(call: Call, models: Path) -> None:
    result = call("bench", ".", *QUICK, cwd=models)

    assert (result.code, result.stderr) == (1, "")
    assert result.stdout.startswith("4 models: latency on average of 3 runs, arena for tflm\n")
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "4 models measured in " in result.stdout


@needs_litert
@pytest.mark.parametrize(("format", "begins"), [("csv", "path,"), ("markdown", "|"), ("json", "{")])
def test_other_formats_to_stdout(call: Call, models: Path, format: str, begins: str) -> None:
    result = call("bench", "clean.tflite", *QUICK, "--format", format, cwd=models)

    assert (result.code, result.stderr) == (0, "")
    assert begins in result.stdout


@needs_litert
@pytest.mark.parametrize(
    ("what", "part"),
    [
        ("with_static_figures", "reading"),
        ("measure_latency", "latency"),
        ("timed_operators", "operators"),
    ],
)
def test_a_fault_of_ours_is_told_in_its_row(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, what: str, part: str
) -> None:
    def fault(*arguments: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(f"tflint.bench.run.{what}", fault)
    result = call("bench", "clean.tflite", "--runs", "3", "--format", "json", cwd=models)
    (found,) = json.loads(result.stdout)["models"]

    assert (result.code, result.stderr) == (1, "")
    says = "internal error, please report it: KeyError: 'x'"
    assert found["failures"] == [{"part": part, "text": says}]
    assert (found["latency_us"] is None) == (part != "operators")


# Models that there are not


def test_what_is_no_tflite_has_to_be_converted(call: Call, tmp_path: Path) -> None:
    for name in ("net.keras", "net.h5", "train.py", "book.ipynb"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"x")

    for name in ("net.keras", "net.h5"):
        text = refused(call, name, cwd=tmp_path)
        assert text.endswith(f"as in `tflint convert {name} -o net.tflite`")
    text = refused(call, "train.py", cwd=tmp_path)
    assert text.endswith("as in `tflint convert train.py:FACTORY -o train.tflite`")
    assert "`saved`" in refused(call, "saved", cwd=tmp_path)


def test_a_name_cannot_leave_the_suggested_command(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a; rm -rf b.keras").write_bytes(b"x")

    text = refused(call, "a; rm -rf b.keras", cwd=tmp_path)
    assert "tflint convert 'a; rm -rf b.keras' -o 'a; rm -rf b.tflite'" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gone.tflite",), "`gone.tflite` does not exist"),
        (("empty",), "no .tflite files in `empty`"),
        (("notes.txt",), "not a kind of file tflint reads"),
        (("empty", "clean.tflite"), "no .tflite files in `empty`"),
    ],
)
def test_paths_without_models(
    call: Call, models: Path, arguments: tuple[str, ...], says: str
) -> None:
    (models / "empty").mkdir()
    (models / "notes.txt").write_text("x", encoding="utf-8")

    assert says in refused(call, *arguments, cwd=models)


def test_without_models_and_reference_models(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_reference_models(monkeypatch, tmp_path)
    text = refused(call, cwd=tmp_path)

    assert "no models given" in text
    assert "`tflint bench models/`" in text


def with_reference_models(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A package of reference models, without any yet."""
    package = folder / "site" / "reference_models_of_a_test"
    package.mkdir(parents=True)
    (package / "__init__.py").write_bytes(b"")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, package.name, raising=False)
    monkeypatch.setattr("tflint.bench.models.REFERENCE_MODELS", package.name)
    importlib.invalidate_caches()
    return package


@needs_litert
def test_reference_models_are_measured_by_default(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = with_reference_models(monkeypatch, tmp_path)
    for application in ("car_sensor", "motion_sense"):
        (package / application).mkdir()
        data = (models / "warning.tflite").read_bytes()
        (package / application / "reduced.tflite").write_bytes(data)
        (package / application / "README.md").write_text("x", encoding="utf-8")
    found = document(call, cwd=tmp_path)["models"]

    assert [(row["path"], row["application"]) for row in found] == [
        (f"{package.name}/{application}/reduced.tflite", application)
        for application in ("motion_sense", "car_sensor")
    ]


# Options


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--runs", "0"), "--runs"),
        (("--warmup", "-1"), "--warmup"),
        (("--threads", "0"), "--threads"),
        (("--kernels", "xnpack"), "did you mean `xnnpack`?"),
        (("--kernels", "x"), "kernels are xnnpack, builtin, reference"),
        (("--format", "xlsx"), "--export FILE writes the others"),
        (("--format", "jsn"), "did you mean `json`?"),
        (("--color", "red"), "unknown colour choice"),
        (("--format", "csv", "--color", "always"), "contradict"),
        (("--format", "json", "--details"), "are for text"),
        (("--time-limit", "0"), "--time-limit is a number of seconds above 0"),
        (("--time-limit", "nan"), "--time-limit is a number of seconds above 0"),
        (("--memory-limit", "much"), "--memory-limit: `much` is not a size"),
        (("--memory-limit", "1M"), "512M or more"),
        (("--seed", "-1"), "--seed"),
        (("--split", "test"), "--split needs --data"),
        (("--data", "gone.npz"), "`gone.npz` does not exist (--data)"),
        (("--data", "clean.tflite"), "--data is a .npz"),
        (("--target", "cortex-m5"), "unknown target"),
        (("--export", "report"), "no suffix of a format that is known"),
        (("--export", "report.pdf"), "no suffix of a format that is known"),
        (("--export", "gone/report.json"), "`gone` is no folder: make it before --export"),
        (("--export", "folder.json"), "is a folder; --export needs a file in it"),
        (("--export", "a.json", "--export", "./a.json"), "two exports to `a.json`"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_said_before_anything_is_measured(
    call: Call, models: Path, options: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (models / "folder.json").mkdir()
    monkeypatch.setattr("tflint.bench.run.measure_latency", None)

    assert says in refused(call, "clean.tflite", *options, cwd=models)


def test_an_export_does_not_replace_what_is_read(call: Call, models: Path) -> None:
    (models / "data.npz").write_bytes(b"x")
    for link, source in (("a.json", "clean.tflite"), ("b.csv", "data.npz")):
        os.link(models / source, models / link)
    options = ("clean.tflite", "--data", "data.npz")

    for name in ("a.json", "b.csv"):
        text = refused(call, *options, "--export", name, cwd=models)
        assert text == f"--export would overwrite `{name}`, which is read"
    # Also where a folder led to it.
    (models / "data.npz").unlink()
    assert "which is read" in refused(call, ".", "--export", "a.json", cwd=models)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_an_export_that_cannot_be_written_is_told_before(call: Call, models: Path) -> None:
    (models / "locked").mkdir(mode=0o555)

    text = refused(call, "clean.tflite", "--export", "locked/a.json", cwd=models)
    assert text == "`locked/a.json` cannot be written: its folder is read-only"


def test_an_export_that_is_read_only_is_told_before(call: Call, models: Path) -> None:
    (models / "a.json").write_text("{}", encoding="utf-8")
    (models / "a.json").chmod(0o444)

    text = refused(call, "clean.tflite", "--export", "a.json", cwd=models)
    assert text == "`a.json` cannot be written: the file is read-only"


@pytest.mark.parametrize(("name", "package"), [("a.xlsx", "xlsxwriter"), ("a.html", "matplotlib")])
def test_an_extra_that_is_missing_is_told_before(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name == package else find_spec(name, *rest),
    )

    text = refused(call, "clean.tflite", "--export", name, cwd=models)
    assert text.endswith("needs an extra: pip install 'tflint[report]'")


def test_litert_that_is_missing_is_told_before(
    call: Call, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name == "ai_edge_litert" else find_spec(name, *rest),
    )

    assert "pip install 'tflint[report]'" in refused(call, "clean.tflite", cwd=models)


def test_what_is_written_out_in_the_help_is_what_there_is() -> None:
    assert tuple(one.value for one in Kernels) == command.KERNELS
    assert {f".{name}" for name in command.EXPORTS} <= set(BY_SUFFIX)
    assert {BY_SUFFIX[f".{name}"].name for name in command.EXPORTS} == set(FORMATS)
    default = BenchOptions()
    signature = {
        name: parameter.default
        for name, parameter in importlib.import_module("inspect")
        .signature(command.bench)
        .parameters.items()
    }
    assert (signature["runs"], signature["warmup"], signature["threads"], signature["seed"]) == (
        *(None, default.warmup_runs, default.threads, default.seed),
    )
    assert (default.seconds, default.memory_bytes) == (120.0, 4 << 30)


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (("bench", "--kernels", "b"), "builtin"),
        (("bench", "--format", "m"), "markdown"),
        (("bench", "--target", "cortex-m5"), "cortex-m55"),
        (("bench", "--color", "al"), "always"),
    ],
)
def test_shells_offer_what_there_is(words: tuple[str, ...], among: str) -> None:
    assert among in offered(*words)


# Exports


@needs_litert
def test_every_export_is_written_beside_the_table(call: Call, models: Path) -> None:
    names = [f"out{suffix}" for suffix in BY_SUFFIX]
    for package in {package for one in FORMATS.values() for package in one.packages}:
        pytest.importorskip(package)
    options = [text for name in names for text in ("--export", name)]
    result = call("bench", "clean.tflite", "warning.tflite", *QUICK, *options, cwd=models)

    assert (result.code, result.stderr) == (0, "")
    assert "2 models measured in " in result.stdout
    assert outputs(models) == sorted(names)
    assert (models / "out.xlsx").read_bytes()[:2] == b"PK"
    assert len(json.loads((models / "out.json").read_text("utf-8"))["models"]) == 2


@needs_litert
def test_a_suffix_in_capitals(call: Call, models: Path) -> None:
    assert call("bench", "clean.tflite", *QUICK, "--export", "A.JSON", cwd=models).code == 0
    assert json.loads((models / "A.JSON").read_text("utf-8"))["schema"] == 1


@needs_litert
@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_full_disk_loses_no_measurement(models: Path) -> None:
    full = (
        f"{NO_BYTECODE}\nimport resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    )
    result = bench(models, ".", "--export", "a.json", "--export", "a.csv", before=full)

    assert result.returncode == 2
    assert b"4 models measured in " in result.stdout
    assert result.stderr == b"tflint: `a.json` cannot be written: File too large\n"
    # The other one had room.
    assert outputs(models) == ["a.csv"]


@needs_litert
def test_a_fault_of_ours_in_an_export_loses_no_measurement(models: Path) -> None:
    fault = "import tflint.report.bench_csv as m\ndef f(report): raise KeyError('x')\nm.render = f"
    result = bench(models, "clean.tflite", "--export", "a.csv", "--export", "a.json", before=fault)

    assert result.returncode == 2
    assert b"1 model measured in " in result.stdout
    assert b"internal error, please report it: KeyError" in result.stderr
    assert outputs(models) == ["a.json"]


# Interrupts


def bench(folder: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[bytes]:
    """`tflint bench` in a process that does something else before."""
    return subprocess.run(
        command_line(*arguments, before=before),
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )


def command_line(*arguments: str, before: str = "") -> list[str]:
    code = f"import os, signal, sys\n{before}\nfrom tflint.cli.main import main\nmain()"
    return [sys.executable, "-c", code, "bench", *arguments, *QUICK]


# The third model takes for ever, in a worker that says which process it is.
HANGING = f"""
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
import tflint.bench.run as run
from tflint.execution.process import run_worker
real, calls = run.measure_latency, []
def hang(*arguments):
    calls.append(1)
    if len(calls) < 3:
        return real(*arguments)
    say = lambda head: open("worker", "w").write(str(head["pid"]))
    run_worker("tests.execution.rigged_worker", {{"task": "sleep"}}, on_frame=say)
run.measure_latency = hang
"""


def started(folder: Path, *arguments: str, before: str = "") -> tuple[subprocess.Popen[bytes], int]:
    """The program while it measures the third model, and the worker that does."""
    process = subprocess.Popen(
        command_line(*arguments, before=before + HANGING),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        text = (folder / "worker").read_text() if (folder / "worker").exists() else ""
        if text:
            (folder / "worker").unlink()
            return process, int(text)
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate())


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@needs_litert
@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_keeps_what_was_measured(models: Path, name: str) -> None:
    process, worker = started(models, ".", "--export", "a.json", "--export", "a.csv")
    process.send_signal(getattr(signal, name))
    stdout, stderr = process.communicate(timeout=20)

    assert (process.returncode, stderr) == (130, b"")
    assert stdout.endswith(b"interrupted: 2 of 4 measured\n")
    assert not is_running(worker)
    assert outputs(models) == ["a.csv", "a.json"]
    found = json.loads((models / "a.json").read_text("utf-8"))
    assert (len(found["models"]), found["asked"], found["interrupted"]) == (2, 4, True)


@needs_litert
@posix
def test_a_second_interrupt_ends_it_without_half_files(models: Path) -> None:
    slow = "import time\nfsync = os.fsync\ndef slowly(f): open('writing', 'w').close(); "
    slow += "time.sleep(30)\nos.fsync = slowly\n"
    process, _ = started(models, ".", "--export", "a.json", before=slow)
    process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 30
    while not (models / "writing").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    begun = time.monotonic()
    for _ in range(3):
        process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)

    assert (process.returncode, stderr) == (130, b"")
    assert stdout.endswith(b"interrupted: 2 of 4 measured\n")
    assert time.monotonic() - begun < 10
    assert outputs(models) == ["writing"]


@needs_litert
@posix
def test_an_interrupt_before_there_is_anything_leaves_files_alone(models: Path) -> None:
    (models / "a.json").write_text("of yesterday", encoding="utf-8")
    interrupted = "import tflint.bench.run as run\n"
    interrupted += "run.measure_latency = lambda *rest: os.kill(os.getpid(), signal.SIGINT)\n"
    result = bench(models, ".", "--export", "a.json", before=interrupted)

    assert (result.returncode, result.stderr) == (130, b"")
    assert result.stdout.endswith(b"interrupted: 0 of 4 measured\n")
    assert (models / "a.json").read_text("utf-8") == "of yesterday"


@needs_litert
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_terminal_that_is_gone_loses_no_export(models: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command_line("clean.tflite", "--export", "a.json"),
            cwd=models,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert outputs(models) == ["a.json"]


@needs_litert
@posix
def test_a_signal_that_is_ignored_stays_ignored(models: Path) -> None:
    nohup = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    process, _ = started(models, ".", before=nohup)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)

    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 130


# At a terminal


@needs_litert
@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_progress_at_a_terminal_says_what_is_being_measured(models: Path) -> None:
    import pty

    controller, terminal = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tflint", "bench", ".", "--runs", "3"],
            cwd=models,
            env=environment(TERM="xterm"),
            stdout=subprocess.PIPE,
            stderr=terminal,
        )
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(controller, 4096):
                shown += chunk
        except OSError:
            pass  # Linux says so when the other end is closed.
        process.communicate(timeout=60)
    finally:
        os.close(controller)

    assert re.search(rb"\d of 4: \w+\.tflite, (latency|operators)", shown)
    # The line is taken away in the end.
    assert re.search(rb"\r +\r$", shown)


@pytest.mark.parametrize("arguments", [("bench", "--help"), ("bench", "gone.tflite")])
def test_what_measures_nothing_loads_nothing(arguments: tuple[str, ...]) -> None:
    heavy = "numpy", "ai_edge_litert", "matplotlib", "xlsxwriter", "rich"
    code = f"""
import sys
from tflint.cli.main import main
sys.argv = ["tflint", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
print(sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=True, text=True
    )

    assert done.stderr.splitlines()[-1] == "[]"
