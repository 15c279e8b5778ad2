"""`tflint fix --reconvert` when its worker comes to a bad end: exit 2, a line, nothing written."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.program import environment
from tflint.archive.reader import zip_of_config
from tflint.execution.hosts import Host, execute
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model
from tflint_rules.example_archives import saved_sequential

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX"),
    pytest.mark.skipif(
        importlib.util.find_spec("ai_edge_litert") is None, reason="needs the extra `quantize`"
    ),
]
# In the process of the program: the worker is another one, and TensorFlow seems to be there.
RIGGED = """
import importlib.util
from tflint.convert import worker_process
worker_process._WORKER = "tests.convert.rigged_worker"
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: name == "tensorflow" or find(name, *rest)
"""
MISSING = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "tensorflow" else find(name, *rest)
"""
SOURCE = """\
from tensorflow import keras


def build():
    inputs = keras.Input((1, 8, 8))
    return keras.Model(inputs, keras.layers.Conv2D(4, 3, data_format="channels_first")(inputs))
"""


def command(*options: str, before: str = RIGGED) -> list[str]:
    code = f"{before}\nfrom tflint.cli.main import main\nmain()"
    return [sys.executable, "-c", code, "fix", *options, "--reconvert"]


def fix(folder: Path, *options: str, before: str = RIGGED) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*options, before=before),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def archive(folder: Path, name: str) -> dict[str, bytes]:
    """A network under this name; what is in the folder then."""
    layer = {"filters": 4, "kernel_size": 3, "data_format": "channels_first"}
    config = saved_sequential((None, 1, 8, 8), ("Conv2D", layer))
    (folder / f"{name}.keras").write_bytes(zip_of_config(config))
    return content(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def works(folder: Path, *, shift: float = 0.0) -> dict[str, bytes]:
    """A source, and what the rigged worker is to make of it, answers off by `shift`."""
    (folder / "works.py").write_text(SOURCE, encoding="utf-8")
    build = ModelBuilder(seed=5)
    x = build.conv_2d(build.input((1, 8, 8, 1)), 4, 3)
    build.output(build.fully_connected(build.flatten(x), 3))
    model = write_model(build.build())
    given = np.random.default_rng(1).standard_normal((16, 1, 8, 8, 1)).astype(np.float32)
    (answers,) = execute(model, (given,), Host.LITERT)
    rigged = folder / "rigged"
    rigged.mkdir()
    (rigged / "model.tflite").write_bytes(model)
    np.save(rigged / "x.npy", given.transpose(0, 1, 4, 2, 3))
    np.save(rigged / "y.npy", answers + np.float32(shift))
    return content(folder)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("killed", (), "killed"),
        ("hangs", ("--time-limit", "2"), "--time-limit"),
        ("memory", ("--memory-limit", "2G"), "memory"),
        ("raises", (), "converting"),
        ("refused", (), "it holds no"),
        ("silent", (), "failed"),
    ],
)
def test_a_bad_end_is_one_line_and_nothing_written(
    tmp_path: Path, name: str, options: tuple[str, ...], says: str
) -> None:
    before = archive(tmp_path, name)
    done = fix(tmp_path, f"{name}.keras", *options)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = [text for text in done.stderr.splitlines() if text.strip()]
    assert line.startswith("tflint: ")
    assert says in line
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
    assert {key: value for key, value in content(tmp_path).items() if key != "started"} == before


def test_without_tensorflow_the_extra_is_named(tmp_path: Path) -> None:
    before = archive(tmp_path, "net")
    done = fix(tmp_path, "net.keras", before=MISSING)
    assert done.returncode == 2
    assert "tflint[convert]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert content(tmp_path) == before


def test_a_source_is_left_when_its_worker_dies(tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text(SOURCE, encoding="utf-8")
    done = fix(tmp_path, "killed.py:build")
    assert done.returncode == 2, done.stdout
    assert content(tmp_path) == {"killed.py": SOURCE.encode()}


def test_one_bad_end_among_several_is_told_and_fails_the_call(tmp_path: Path) -> None:
    archive(tmp_path, "killed")
    before = archive(tmp_path, "refused")
    done = fix(tmp_path, ".")
    assert done.returncode == 2
    assert "killed.keras" in done.stderr
    assert "refused.keras" in done.stderr
    assert content(tmp_path) == before


def test_an_interruption_ends_the_worker_and_writes_nothing(tmp_path: Path) -> None:
    before = archive(tmp_path, "hangs")
    process = subprocess.Popen(
        command("hangs.keras"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    (tmp_path / "started").unlink()
    assert process.returncode in (2, 130, -signal.SIGINT), stderr
    assert b"Traceback" not in stderr
    assert content(tmp_path) == before


# What is written, and when


def test_a_model_and_its_source_are_written_together(tmp_path: Path) -> None:
    works(tmp_path)
    done = fix(tmp_path, "works.py:build")
    assert done.returncode == 0, done.stderr
    after = content(tmp_path)
    assert set(after) == {"works.py", "works.fixed.tflite"}
    assert b"channels_first" not in after["works.py"]
    assert b"TFL3" in after["works.fixed.tflite"][:8]
    assert "(1, 8, 8, 1) now" in " ".join(done.stdout.split()) or "(None, 8, 8, 1)" in done.stdout


def test_the_json_document_tells_of_both(tmp_path: Path) -> None:
    works(tmp_path)
    done = fix(tmp_path, "works.py:build", "--format", "json")
    (file,) = json.loads(done.stdout)["files"]
    assert file["output"] == "works.fixed.tflite"
    assert file["written"] is True
    assert file["proof"]["holds"] is True
    assert file["proof"]["method"].startswith("keras+litert-reference")


def test_nothing_is_written_unless_the_proof_holds(tmp_path: Path) -> None:
    before = works(tmp_path, shift=1.0)
    done = fix(tmp_path, "works.py:build")
    assert done.returncode == 1, done.stderr
    assert "not proved" in done.stdout
    assert content(tmp_path) == before


def test_nothing_is_written_to_show_a_difference(tmp_path: Path) -> None:
    before = works(tmp_path)
    done = fix(tmp_path, "works.py:build", "--diff")
    assert done.returncode == 1, done.stderr
    assert "channels_first" in done.stdout
    assert content(tmp_path) == before


def test_nothing_is_written_where_the_source_cannot_be(tmp_path: Path) -> None:
    before = works(tmp_path)
    (tmp_path / "works.py").chmod(0o444)
    done = fix(tmp_path, "works.py:build")
    assert done.returncode == 2, done.stdout
    assert "works.py" in done.stderr
    assert content(tmp_path) == before


def test_a_killed_run_leaves_both_as_they_were(tmp_path: Path) -> None:
    before = works(tmp_path)
    kill = "import os, signal\nos.fsync = lambda *names: os.kill(os.getpid(), signal.SIGKILL)"
    done = fix(tmp_path, "works.py:build", before=f"{RIGGED}\n{kill}")
    assert done.returncode == -signal.SIGKILL
    left = {key: value for key, value in content(tmp_path).items() if key in before}
    assert left == before
    assert fix(tmp_path, "works.py:build").returncode == 0
    assert set(content(tmp_path)) == {"works.py", "works.fixed.tflite"}
