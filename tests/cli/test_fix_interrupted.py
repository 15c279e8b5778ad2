"""`tflint fix` on a model while something stops it: the original is intact, nothing is halved."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import NO_BYTECODE, environment
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.writer import write_model

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX"),
    pytest.mark.skipif(
        importlib.util.find_spec("ai_edge_litert") is None, reason="needs the extra `quantize`"
    ),
]


def model() -> bytes:
    """A network with a name that is longer than all else in the file."""
    builder = ModelBuilder("m" * 4000)
    x = builder.input((1, 8, 8, 1), TensorType.INT8, name="x")
    y = builder.conv_2d(x, filters=4, kernel=3)
    builder.tensors[y] = dataclasses.replace(builder.tensors[y], name="layer/" * 1000)
    y = builder.conv_2d(y, filters=4, kernel=3)
    builder.output(y)
    builder.signature({"x": x}, {"y": y})
    return write_model(builder.build())


def fix(folder: Path, *options: str, before: str = "") -> subprocess.CompletedProcess[bytes]:
    """`tflint fix m.tflite`, in a process that does something else before."""
    code = f"import os, resource, signal\n{before}\nfrom tflint.cli.main import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, "fix", "m.tflite", *options],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("options", [[], ["--in-place"]], ids=["beside", "in place"])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_killed_run_leaves_the_model_and_the_next_one_cleans_up(
    tmp_path: Path, options: list[str], moment: str
) -> None:
    data = model()
    (tmp_path / "m.tflite").write_bytes(data)
    kill = f"os.{moment} = lambda *names: os.kill(os.getpid(), signal.SIGKILL)"
    killed = fix(tmp_path, *options, before=kill)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (left,) = set(names(tmp_path)) - {"m.tflite"}
    assert left.startswith(".tflint-")
    assert (tmp_path / "m.tflite").read_bytes() == data

    assert fix(tmp_path, *options).returncode == 0
    assert names(tmp_path) == (["m.tflite"] if options else ["m.fixed.tflite", "m.tflite"])
    assert len((tmp_path / names(tmp_path)[0]).read_bytes()) < len(data)


@pytest.mark.parametrize("options", [[], ["--in-place"], ["-o", "out.tflite"]])
def test_a_full_disk_leaves_the_model(tmp_path: Path, options: list[str]) -> None:
    data = model()
    (tmp_path / "m.tflite").write_bytes(data)
    limit = f"{NO_BYTECODE}; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))"
    result = fix(tmp_path, *options, before=limit)

    assert (result.returncode, result.stdout) == (2, b"")
    assert b"cannot be written: File too large" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert names(tmp_path) == ["m.tflite"]
    assert (tmp_path / "m.tflite").read_bytes() == data


def test_a_model_that_is_read_only_stays(tmp_path: Path) -> None:
    data = model()
    (tmp_path / "m.tflite").write_bytes(data)
    (tmp_path / "m.tflite").chmod(0o444)
    result = fix(tmp_path, "--in-place")

    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr == b"tflint: `m.tflite` cannot be written: the file is read-only\n"
    assert names(tmp_path) == ["m.tflite"]
