"""The worker as a process, with TensorFlow in it and the user's code."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflint.convert.origin import parse_origin
from tflint.convert.request import Request
from tflint.convert.worker_process import Converted, SourceRefused, convert
from tflint.errors import HostFailed, UsageError
from tflint.execution.process import Limits

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow (the extra `convert`)"
)
posix = pytest.mark.skipif(os.name != "posix", reason="forks and limits are POSIX'")
LIMITS = Limits(seconds=300, memory_bytes=16 << 30)
NET = """\
import keras
import numpy as np

def net():
    return keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2, name="y")])
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def converted(text: str, limits: Limits = LIMITS, say: Any = None, **request: Any) -> Converted:
    Path("net.py").write_text(text)
    request.setdefault("random_samples", 3)
    return convert(
        Request(parse_origin("net.py:build"), **request), limits, say or (lambda text: None)
    )


@posix
def test_whatever_a_factory_does_beside_its_network() -> None:
    """It prints, writes where frames go, trains, starts threads and children, changes folders."""
    heard: list[str] = []
    text = (
        NET
        + """
import os, threading, time

def build():
    print("noise" * 1000, flush=True)
    os.write(1, b'{"event": "refused", "reason": "forged", "arrays": []}\\n')
    with open("written", "wb") as file:
        file.write(bytes(20 << 20))
    threading.Thread(target=time.sleep, args=(600,)).start()
    if os.fork() == 0:
        time.sleep(600)
    if os.fork() == 0:
        return net()
    os.chdir("/")
    model = net()
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 2)), epochs=2)
    return model
"""
    )
    found = converted(text, say=heard.append)

    assert heard == [
        "starting TensorFlow",
        "loading net.py:build",
        "converting",
        "running the original",
    ]
    assert found.model is not None
    assert [attempt.error for attempt in found.attempts] == [None]
    assert (found.network.inputs[0].name, found.network.inputs[0].shape) == ("x", (None, 4))
    assert found.network.layers["y"].line == 5
    assert [values.shape for values in found.reference] == [(3, 1, 2)]
    assert Path("written").stat().st_size == 20 << 20


def test_random_weights_are_the_same_each_time() -> None:
    text = (
        NET
        + """
import random
import tensorflow as tf

def build():
    model = net()
    made = [random.random() + np.random.rand() + float(tf.random.normal(())) for _ in range(2)]
    model.layers[-1].set_weights([model.get_weights()[0], np.array(made)])
    return model
"""
    )
    first, second = converted(text), converted(text)

    assert first.model == second.model
    assert (first.reference[0] == second.reference[0]).all()


def test_a_source_chooses_its_keras_before_tensorflow_starts() -> None:
    text = (
        "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\nfrom tensorflow import keras\n"
        + NET.replace("import keras\n", "")
        + "build = net\n"
    )

    assert converted(text).network.framework.startswith("tf-keras")


def test_samples_come_back_with_the_answers_to_them() -> None:
    values = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.savez("data.npz", x=values, labels=np.arange(5) % 2)

    found = converted(NET + "build = net\n", calibrate=Path("data.npz").absolute())

    assert found.samples is not None
    assert found.samples.inputs[0].shape == (5, 1, 4)
    assert found.samples.labels is not None
    assert found.samples.labels.tolist() == [0, 1, 0, 1, 0]
    assert "data.npz" in found.samples.source
    np.save("other.npy", np.ones((5, 3)))
    with pytest.raises(UsageError, match=r"the input `x` takes \(samples, 4\)"):
        converted(NET + "build = net\n", calibrate=Path("other.npy").absolute())


def test_an_open_size_gets_samples_that_windows_fit_into() -> None:
    text = (
        NET
        + """
def build():
    layers = keras.layers
    first = keras.Input((None, 3), name="x")
    return keras.Sequential([first, layers.Conv1D(2, 9), layers.GlobalMaxPooling1D()])
"""
    )
    found = converted(text)

    assert [values.shape for values in found.reference] == [(3, 1, 2)]


@posix
@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("return [bytes(1 << 30) for _ in range(9)]", HostFailed, "memory (limit 4 GiB)"),
        ("return input('which? ')", SourceRefused, "it asks for input, and nobody is there"),
        (
            "import tensorflow as tf; tf.compat.v1.disable_eager_execution(); return net()",
            SourceRefused,
            "turns eager execution off",
        ),
    ],
    ids=["memory", "asks", "eager"],
)
def test_bad_ends(body: str, kind: type[Exception], says: str) -> None:
    text = NET + f"import os\n\ndef build():\n    {body}\n"

    with pytest.raises(kind) as caught:
        converted(text, Limits(seconds=300, memory_bytes=4 << 30))

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
