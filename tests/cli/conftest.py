"""Models on disk, one for each way a check can end."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Protocol

import pytest

from tests.cli.program import Result
from tests.cli.rigged_conversions import archive, rig  # noqa: F401 - fixtures
from tflint.cli.main import main
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model


def named(model: ModelBuilder, x: int, y: int) -> ModelBuilder:
    """The model with output, signature and version, as a converter writes it."""
    model.output(y)
    model.signature({"x": x}, {"y": y})
    model.metadata("min_runtime_version", b"1.14.0")
    return model


def custom() -> ModelBuilder:
    """An operator that no runtime has: an error."""
    model = ModelBuilder()
    x, y = model.input((1, 16)), model.tensor((1, 16))
    model.operator("MyWindow", [x], [y])
    return named(model, x, y)


def dense() -> ModelBuilder:
    """float32 weights: a warning."""
    model = ModelBuilder()
    x = model.input((1, 64))
    return named(model, x, model.fully_connected(x, units=16))


def relu() -> ModelBuilder:
    """Nothing to complain of."""
    model = ModelBuilder()
    x = model.input((1, 4))
    return named(model, x, model.unary("RELU", x))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with `error.tflite`, `warning.tflite`, `info.tflite` and `clean.tflite`."""
    for name, build in (("error", custom), ("warning", dense), ("clean", relu)):
        (tmp_path / f"{name}.tflite").write_bytes(write_model(build().build()))
    old = relu().build()
    code = dataclasses.replace(old.operator_codes[0], deprecated_builtin_code=0)
    info = dataclasses.replace(old, operator_codes=(code,))
    (tmp_path / "info.tflite").write_bytes(write_model(info))
    return tmp_path


class Call(Protocol):
    """A call of the program from a working directory."""

    def __call__(self, *arguments: str, cwd: Path | None = None) -> Result: ...


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The program in this process: many times faster than `program.tflint`."""

    def run(*arguments: str, cwd: Path | None = None) -> Result:
        monkeypatch.setattr("sys.argv", ["tflint", *arguments])
        if cwd is not None:
            monkeypatch.chdir(cwd)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Result(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def _usual_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TFLITE_LINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
