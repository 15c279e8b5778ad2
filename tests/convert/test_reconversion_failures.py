"""`tflint fix --reconvert` when its worker comes to a bad end: exit 2, a line, nothing written."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import environment
from tflint.archive.reader import zip_of_config
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
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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
