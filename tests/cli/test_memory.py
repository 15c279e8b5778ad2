"""`tflint memory` as it is called: arguments, formats, exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment
from tests.cli.test_check import HEAVY, run_python
from tests.cli.test_complete import offered
from tests.memory.against_wheel import needs_wheel
from tests.model.hostile import HOSTILE
from tests.report.memory_reports import chain, classifier
from tests.report.test_memory_documents import needs_matplotlib
from tflint.model.schema import TensorType
from tflint.model.writer import write_model

FORMATS = ("text", "json", "csv", "html", "png", "svg")
PLAIN = ("text", "json", "csv", "html")


@pytest.fixture
def folder(models: Path) -> Path:
    """The folder of models with `m.tflite`, `float.tflite` and `hybrid.tflite` as well."""
    hybrid = classifier(TensorType.FLOAT32, TensorType.INT8)
    for name, model in (
        ("m", classifier()),
        ("float", classifier(TensorType.FLOAT32)),
        ("hybrid", hybrid),
    ):
        (models / f"{name}.tflite").write_bytes(write_model(model))
    return models


def document(call: Call, folder: Path, *arguments: str) -> dict[str, object]:
    result = call("memory", *arguments, "--format", "json", cwd=folder)
    assert (result.code, result.stderr) == (0, "")
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("format", PLAIN)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["m.tflite"], 0),
        (["hybrid.tflite"], 0),
        (["m.tflite", "--max-ram", "1M"], 0),
        (["m.tflite", "--max-ram", "8K"], 1),
        (["hybrid.tflite", "--max-ram", "8K"], 1),
        (["m.tflite", "--max-flash", "32K"], 1),
        (["m.tflite", "-t", "cortex-m4:ram=8K"], 1),
        (["m.tflite", "-t", "arduino-nano-33-ble"], 0),
        (["m.tflite", "-t", "cortex-m4:ram=8K", "--max-ram", "64K"], 0),
        (["m.tflite", "--config", "max-ram='8K'"], 1),
    ],
)
def test_the_exit_code_is_about_budgets(
    call: Call, folder: Path, arguments: list[str], code: int, format: str
) -> None:
    result = call("memory", *arguments, "--format", format, cwd=folder)

    assert (result.code, result.stderr) == (code, "")
    assert result.stdout


def test_a_budget_is_passed_by_one_byte(call: Call, folder: Path) -> None:
    found = document(call, folder, "m.tflite")
    for kind in ("ram", "flash"):
        needed = found[f"{kind}_bytes"]["total"]  # type: ignore[index]
        for limit, code in ((needed, 0), (needed - 1, 1)):
            assert call("memory", "m.tflite", f"--max-{kind}", str(limit), cwd=folder).code == code


def test_settings_of_a_model_count(call: Call, folder: Path) -> None:
    (folder / "tflint.toml").write_text(
        'max-ram = "1M"\n[[models]]\npath = "m.tflite"\nmax-ram = "8K"\ntarget = "cortex-m55"\n',
        encoding="utf-8",
    )

    assert call("memory", "m.tflite", cwd=folder).code == 1
    assert call("memory", "float.tflite", cwd=folder).code == 0
    assert call("memory", "m.tflite", "--isolated", cwd=folder).code == 0
    assert call("memory", "m.tflite", "--max-ram", "1M", cwd=folder).code == 0


def test_target_and_runtime(call: Call, folder: Path) -> None:
    def planned(*arguments: str) -> tuple[object, ...]:
        found = document(call, folder, "m.tflite", *arguments)
        return tuple(found[key] for key in ("target", "runtime", "abi", "library"))

    assert planned() == ("cortex-m4", "tflm", "cortex-m", "reference")
    assert planned("-t", "esp32") == ("esp32", "tflm", "ilp32", "reference")
    cmsis = ("--runtime", "tflm-cmsis-nn")
    assert planned(*cmsis)[1:] == ("tflm-cmsis-nn", "cortex-m", "cmsis-nn-dsp")
    assert planned("-t", "cortex-m55", *cmsis)[3] == "cmsis-nn-mve"
    assert planned("-t", "cortex-m0plus", *cmsis)[3] == "cmsis-nn"
    assert planned("-t", "arduino-nano-33-ble", "--runtime", "tflm")[3] == "reference"


def test_a_model_that_does_not_run_has_its_reason_and_an_arena(call: Call, folder: Path) -> None:
    found = document(call, folder, "hybrid.tflite")

    assert found["runnable"] is False
    assert "Hybrid models are not supported on TFLite Micro." in str(found["reason"])
    assert isinstance(found["arena_bytes"], int)
    # Whoever ignores the rule does not thereby make it run.
    (folder / "tflint.toml").write_text('ignore = ["ALL", "TFL204"]\n', encoding="utf-8")
    (folder / "tflint.toml").write_text('ignore = ["TFL204"]\n', encoding="utf-8")
    assert document(call, folder, "hybrid.tflite")["runnable"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument 'MODEL'"),
        (["not-there.tflite"], "`not-there.tflite` does not exist"),
        (["."], "is a folder"),
        (["text.py"], "`text.py` cannot be read"),
        (["empty.tflite"], "`empty.tflite` cannot be read: the file is empty"),
        (["broken.tflite"], "`broken.tflite` has a broken graph: "),
        (["m.tflite", "-t", "litert"], "LiteRT has no arena"),
        (["m.tflite", "-t", "pdp-11"], "unknown target"),
        (["m.tflite", "--runtime", "litert"], "unknown runtime"),
        (["m.tflite", "--format", "sarif"], "unknown format"),
        (["m.tflite", "--output", "gif=x.gif"], "unknown format"),
        (["m.tflite", "--output", "json"], "is not FORMAT=FILE"),
        (["m.tflite", "--output", "json=nowhere/x"], "is no folder"),
        (["m.tflite", "--output", "json=m.tflite"], "would overwrite `m.tflite`"),
        (["m.tflite", "--output", "json=a", "--output", "csv=./a"], "two outputs to"),
        (["m.tflite", "--max-ram", "lots"], "is not a size"),
        (["m.tflite", "--color", "pink"], "unknown colour choice"),
        (["m.tflite", "--format", "json", "--color", "always"], "contradict"),
        (["\x1b[2J.tflite"], r"`\x1b[2J.tflite` does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    call: Call, folder: Path, arguments: list[str], says: str
) -> None:
    import dataclasses

    (folder / "empty.tflite").write_bytes(b"")
    (folder / "text.py").write_text("import keras\n", encoding="utf-8")
    model = chain(2)
    graph = dataclasses.replace(model.subgraphs[0], outputs=(99,))
    broken = dataclasses.replace(model, subgraphs=(graph,))
    (folder / "broken.tflite").write_bytes(write_model(broken))
    result = call("memory", *arguments, cwd=folder)

    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@needs_matplotlib
def test_every_format_goes_to_files(call: Call, folder: Path) -> None:
    outputs = [text for name in FORMATS for text in ("--output", f"{name}=out.{name}")]
    result = call("memory", "m.tflite", *outputs, cwd=folder)

    assert (result.code, result.stderr) == (0, "")
    assert (folder / "out.text").read_text(encoding="utf-8") == result.stdout
    assert (folder / "out.png").read_bytes().startswith(b"\x89PNG\r\n")
    for name in ("json", "csv", "html", "svg"):
        document = call("memory", "m.tflite", "--format", name, cwd=folder).stdout
        assert (folder / f"out.{name}").read_text(encoding="utf-8") == document


@needs_matplotlib
def test_a_picture_goes_to_stdout_as_bytes(folder: Path) -> None:
    command = [sys.executable, "-m", "tflint", "memory", "m.tflite", "--format", "png"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"\x89PNG\r\n\x1a\n")
    assert done.stdout.endswith(b"IEND\xaeB`\x82")


def test_a_picture_is_nothing_for_a_terminal(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    result = call("memory", "m.tflite", "--format", "png", cwd=folder)

    assert (result.code, result.stdout) == (2, "")
    assert "--output png=FILE" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_an_extra_it_is_named(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tflint.memory.wheel.is_installed", lambda: False)
    result = call("memory", "m.tflite", "--measure", cwd=folder)

    assert (result.code, result.stdout) == (2, "")
    assert "pip install 'tflint[tflm]'" in result.stderr


@needs_wheel
def test_measured_and_computed_are_the_same(call: Call, folder: Path) -> None:
    for name in ("m", "float"):
        measured = document(call, folder, f"{name}.tflite", "--measure")["measured"]
        assert isinstance(measured, dict)
        assert measured["agrees"] is True
        computed = measured["computed"]
        assert {key: measured[key] for key in computed} == computed
    refused = document(call, folder, "hybrid.tflite", "--measure")["measured"]
    assert isinstance(refused, dict)
    assert (refused["ran"], refused["agrees"], refused["arena_bytes"]) == (False, None, None)
    assert "Hybrid models" in refused["log"]


@needs_wheel
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_an_interruption_ends_the_worker(folder: Path) -> None:
    """Of the program alone, as an editor or a script would send it."""
    slow = "import time\ndef answer(request, arrays):\n    time.sleep(60)\n    yield {}, ()\n"
    (folder / "slow.py").write_text(slow, encoding="utf-8")
    code = (
        # Shells let what they run in the background ignore it, and so would the program.
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import tflint.execution.process as process\n"
        "run = process.run_worker\n"
        "def started(module, *rest):\n"
        "    print('started', flush=True)\n"
        "    return run('slow', *rest)\n"
        "process.run_worker = started\n"
        "from tflint.cli.main import main\n"
        "main()\n"
    )
    (folder / "run.py").write_text(code, encoding="utf-8")
    program = subprocess.Popen(
        [sys.executable, "run.py", "memory", "m.tflite", "--measure"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "started\n"
    time.sleep(0.5)
    workers = children(program.pid)
    assert workers
    program.send_signal(signal.SIGINT)

    assert program.wait(10) == 130
    assert not any(alive(worker) for worker in workers)


def children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(entry.parent.name))
    return found


def alive(process: int) -> bool:
    """Whether it still runs; one that ended and that nobody has asked about does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_a_hostile_file_is_one_message_or_a_report(call: Call, folder: Path, build: object) -> None:
    (folder / "hostile.tflite").write_bytes(bytes(build(20_000)))  # type: ignore[operator]
    for format in PLAIN:
        result = call("memory", "hostile.tflite", "--format", format, cwd=folder)
        assert result.code in (0, 2)
        assert len(result.stderr.splitlines()) == (result.code == 2)
        assert "internal error" not in result.stderr


def test_any_damage_is_one_message_or_a_report(call: Call, folder: Path) -> None:
    import random

    rng = random.Random(0)
    data = (folder / "m.tflite").read_bytes()
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(data))] = rng.randrange(256)
        (folder / "damaged.tflite").write_bytes(damaged)
        for format in ("text", "html"):
            result = call("memory", "damaged.tflite", "--format", format, cwd=folder)
            assert result.code in (0, 2), result.stderr
            assert "internal error" not in result.stderr
            assert bool(result.stdout) is (result.code != 2)


@pytest.mark.parametrize("format", PLAIN)
def test_nothing_heavy_is_loaded(folder: Path, format: str) -> None:
    heavy = (*HEAVY, "matplotlib", "flatbuffers")
    code = (
        "import sys\n"
        "from tflint.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {heavy} if name in sys.modules], file=sys.stderr)\n"
    )
    (folder / "run.py").write_text(code, encoding="utf-8")
    done = run_python("run.py", "memory", "float.tflite", "--format", format, cwd=folder)

    assert done[0] == 0
    assert done[2].splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (("mem",), "memory"),
        (("memory", "--format", "h"), "html"),
        (("memory", "--output", "p"), "png="),
        (("memory", "--runtime", "tflm-"), "tflm-cmsis-nn"),
        (("memory", "--target", "cortex-m5"), "cortex-m55"),
    ],
)
def test_what_a_shell_is_offered(words: tuple[str, ...], among: str) -> None:
    assert among in offered(*words)


def test_an_encoding_without_blocks_gets_ascii(folder: Path) -> None:
    command = [sys.executable, "-m", "tflint", "memory", "m.tflite"]
    variables = environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False)

    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"=====" in done.stdout
    assert b"\\u" not in done.stdout


@pytest.mark.shared
def test_every_model_is_planned_in_every_format(call: Call, shared_models: list[Path]) -> None:
    for path in shared_models:
        results = {format: call("memory", str(path), "--format", format) for format in PLAIN}
        assert {result.code for result in results.values()} == {0}
        found = json.loads(results["json"].stdout)
        assert f"{found['min_arena_bytes']:,} B" in results["text"].stdout
        assert max(map(len, results["text"].stdout.splitlines())) <= 100


# The runtime's own words for each kind of seed model, as `AllocateTensors()` prints them.
SAYS = {
    "drange": ("Hybrid models are not supported on TFLite Micro.", "filter type: INT8"),
    "float16": ("input->type == kTfLiteInt8",),
    "selected": ("Failed to get registration from op code CUSTOM",),
}


@pytest.mark.shared
def test_refusals_are_in_the_words_of_the_runtime(call: Call, shared_models: list[Path]) -> None:
    seen = set()
    for path in shared_models:
        found = json.loads(call("memory", str(path), "--format", "json").stdout)
        kinds = [kind for kind in SAYS if kind in path.name] if "seed" in path.parts else []
        assert found["runnable"] is (not kinds)
        for kind in kinds[-1:]:
            assert any(words in found["reason"] for words in SAYS[kind])
            seen.add(kind)
    assert seen == set(SAYS)
