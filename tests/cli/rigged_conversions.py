"""A worker without TensorFlow: what the parent does with what it is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflint.archive.reader import zip_of_config
from tflint.convert.request import Attempt, Needed, Network, Place, Port, Request, Support
from tflint.convert.worker_process import Converted
from tflint.execution.process import Limits
from tflint.fix.proof.samples import Samples
from tflint.model.builder import ModelBuilder
from tflint.model.schema import FullyConnectedOptions
from tflint.model.writer import write_model
from tflint_rules.example_archives import saved_sequential

Answer = Callable[[Request], Converted]


class Rig:
    """What the parent asked the worker for, and what the worker answers."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.limits: list[Limits] = []
        self.answer: Answer = lambda request: relu_network()

    def __call__(self, request: Request, limits: Limits, say: Callable[[str], None]) -> Converted:
        self.requests.append(request)
        self.limits.append(limits)
        say("converting")
        return self.answer(request)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Takes the place of the worker, whether or not TensorFlow is there."""
    rigged = Rig()
    for module in ("worker_process", "reconversion"):
        monkeypatch.setattr(f"tflint.convert.{module}.convert", rigged)
    monkeypatch.setattr("tflint.cli.convert_request.require_tensorflow", lambda: None)
    return rigged


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with `net.keras`, `net.py` and samples for a network of 4 inputs, in `data.npy`."""
    config = saved_sequential((None, 4), ("ReLU", {}))
    (tmp_path / "net.keras").write_bytes(zip_of_config(config))
    (tmp_path / "net.py").write_text(
        "import keras\n\n\ndef build():\n"
        "    return keras.Sequential([keras.Input((4,)), keras.layers.ReLU()])\n"
        "\n\nother = build\n"
    )
    np.save(tmp_path / "data.npy", samples().inputs[0][:, 0])
    return tmp_path


def samples(count: int = 64) -> Samples:
    """(count, 1, 4)."""
    values = np.random.default_rng(0).normal(size=(count, 1, 4)).astype(np.float32)
    return Samples((values,), source="64 samples")


def relu_network(**fields: Any) -> Converted:
    """A ReLU over four numbers, and what Keras says of it."""
    return network(_relu(), np.maximum(samples().inputs[0], 0), **fields)


def network(model: bytes | None, answers: Any, **fields: Any) -> Converted:
    """What a worker sends of a network from (1, 4) to (1, 4)."""
    port = Port("x", (None, 4), "float32")
    described = Network("keras 3.15.1", (port,), (Port("y", (None, 4), "float32"),))
    given = {
        "network": described,
        "attempts": (Attempt(Support.BUILTIN),),
        "model": model,
        "samples": samples(),
        "reference": (answers.astype(np.float32),),
    }
    return Converted(**{**given, **fields})  # type: ignore[arg-type]


def _relu() -> bytes:
    model = ModelBuilder()
    x = model.input((1, 4))
    return _written(model, x, model.unary("RELU", x))


def _written(model: ModelBuilder, x: int, y: int) -> bytes:
    model.output(y)
    model.signature({"x": x}, {"y": y})
    model.metadata("min_runtime_version", b"1.14.0")
    return write_model(model.build())


def dense_network(**fields: Any) -> Converted:
    """A dense layer of one unit for each input, which can be quantised."""
    model = ModelBuilder()
    x = model.input((1, 4))
    weights = model.constant((4, 4), values=np.eye(4, dtype=np.float32).ravel().tolist())
    y = model.tensor((1, 4))
    model.operator("FULLY_CONNECTED", [x, weights], [y], FullyConnectedOptions())
    return network(_written(model, x, y), samples().inputs[0], **fields)


def lstm(**fields: Any) -> Converted:
    """A network whose operators are not all builtin."""
    needed = Needed(
        "TensorListReserve", Support.SELECT, Place("lstm_1", "LSTM", "net.py", 5), count=2
    )
    attempts = (
        Attempt(Support.BUILTIN, "'tf.TensorListReserve' op requires element_shape", (needed,)),
        Attempt(Support.SELECT, None, (needed,)),
    )
    return network(None, np.zeros((64, 1, 4)), attempts=attempts, **fields)
