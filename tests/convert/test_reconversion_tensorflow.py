"""`tflint fix --reconvert` with TensorFlow, from the command line to the files."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed_inputs import APPLICATIONS, seed_inputs
from tests.cli.program import environment
from tests.conftest import SHARED_MODELS
from tflint.execution.hosts import Host, execute, is_installed
from tflint.model.reader import parse_model

_NEEDED = ("tensorflow", "tf_keras", "ai_edge_litert", "ai_edge_quantizer")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in _NEEDED),
        reason="needs the extra `convert`",
    ),
]
SEED, DATA = SHARED_MODELS / "seed", SHARED_MODELS.parent / "data"
ARCHIVES = sorted(SEED.glob("*/*.h5"))
# Where every tenth or so of few answers decides: what the proof says of them stands in
# docs/repairs.md.
RARE = frozenset(("wake_on_original.h5", "wake_on_reduced.h5", "reduced_model.h5"))


def fix(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tflint", "fix", "--reconvert", "--isolated", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    (file,) = json.loads(done.stdout)["files"]
    found: dict[str, Any] = file
    return found


def calibration(archive: Path, folder: Path) -> Path:
    """Real inputs of a seed network, as it takes them."""
    values, _ = seed_inputs(archive.parent.name, DATA)
    if archive.name == "model.h5" and archive.parent.name == "MotionSense":
        values = values.transpose(0, 3, 1, 2)
    path = folder / "real.npy"
    np.save(path, values)
    return path


@pytest.mark.shared
@pytest.mark.skipif(not ARCHIVES, reason="no archives in ../shared")
def test_the_channels_first_network_of_the_seed_runs_on_tflm(tmp_path: Path) -> None:
    """Convolutions that are channels_first, pools that are not, and no training."""
    archive = SEED / "MotionSense" / "model.h5"
    data = calibration(archive, tmp_path)
    out = tmp_path / "out.tflite"
    done = fix(tmp_path, str(archive), "--calibrate", str(data), "-o", str(out), "--format=json")
    file = document(done)
    assert done.returncode == 0, done.stderr
    assert file["proof"]["holds"]
    assert file["proof"]["top1_agreement"] >= 0.98
    model = parse_model(out.read_bytes())
    assert not any(code.is_custom for code in model.operator_codes)
    assert {port["order"] and tuple(port["order"]) for port in file["inputs"]} == {(0, 2, 3, 1)}
    graph = model.subgraphs[0]
    assert {graph.tensors[i].type.name for i in (*graph.inputs, *graph.outputs)} == {"INT8"}
    if is_installed(Host.TFLM):
        assert file["proof"]["method"] == "keras+litert-reference+tflm"
        execute(out.read_bytes(), [np.zeros((2, 1, 32, 32, 1), np.int8)], Host.TFLM)


@pytest.mark.shared
@pytest.mark.skipif(not ARCHIVES, reason="no archives in ../shared")
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_archive_of_the_seed_becomes_int8(tmp_path: Path, archive: Path) -> None:
    assert archive.parent.name in APPLICATIONS
    data = calibration(archive, tmp_path)
    out = tmp_path / "out.tflite"
    done = fix(tmp_path, str(archive), "--calibrate", str(data), "-o", str(out), "--format=json")
    file = document(done)
    assert file["converted"]
    assert file["refusal"] is None
    assert not file["operators"] or all(one["support"] == "builtin" for one in file["operators"])
    assert file["proof"]["method"].startswith("keras+litert-reference")
    if archive.name in RARE and not file["proof"]["holds"]:
        assert done.returncode == 1
        assert file["proof"]["top1_agreement"] >= 0.95
        assert not out.exists()
        return
    assert done.returncode == 0, file["proof"]
    assert out.exists()


SOURCE = '''\
"""A network for maps of three channels."""
from tensorflow import keras
from tensorflow.keras import layers


def build():
    # channels first, as the sensor gives them
    inputs = keras.Input((3, 12, 12))
    x = layers.Conv2D(6, 3, activation="relu", data_format="channels_first")(inputs)
    x = layers.MaxPooling2D(2, data_format="channels_first")(x)
    x = layers.BatchNormalization(axis=1)(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
'''
TRAIN = """
import numpy as np, sys
sys.path.insert(0, ".")
from net import build
model, rng = build(), np.random.default_rng(3)
shapes = [w.shape for w in model.get_weights()]
model.set_weights([(rng.random(shape) / 8).astype("f") for shape in shapes])
model.save_weights("net.weights.h5")
np.save("x.npy", rng.random((60, 3, 12, 12)).astype("f"))
"""
AGAIN = """
import numpy as np, sys
sys.path.insert(0, ".")
from net import build
model = build()
model.load_weights(sys.argv[1])
np.save("y.npy", model(np.load("x.npy").transpose(0, 2, 3, 1)).numpy())
"""


def python(folder: Path, code: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_source_and_its_weights_are_carried_over(tmp_path: Path) -> None:
    """What is written belongs together: the new source with the new weights answers like the
    model, in floats to rounding.
    """
    (tmp_path / "net.py").write_text(SOURCE, encoding="utf-8")
    python(tmp_path, TRAIN)
    done = fix(
        tmp_path, "net.py:build", "--weights=net.weights.h5", "--calibrate=x.npy", "--quantize=none"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "net.py").read_text(encoding="utf-8")
    assert "channels_first" not in text
    assert "# channels first, as the sensor gives them" in text
    python(tmp_path, AGAIN, "net.fixed.weights.h5")
    given = np.load(tmp_path / "x.npy").transpose(0, 2, 3, 1)[:, np.newaxis]
    (answers,) = execute((tmp_path / "net.fixed.tflite").read_bytes(), [given], Host.LITERT)
    np.testing.assert_allclose(answers[:, 0], np.load(tmp_path / "y.npy"), atol=1e-5)


MIXED = SOURCE.replace('MaxPooling2D(2, data_format="channels_first")', "MaxPooling2D(2)")


def test_a_source_whose_repair_is_another_network_is_left(tmp_path: Path) -> None:
    """A pool over the wrong axes was trained with: the model keeps it, and the source as well."""
    (tmp_path / "net.py").write_text(MIXED, encoding="utf-8")
    done = fix(tmp_path, "net.py:build")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left as it is" in done.stdout
    assert (tmp_path / "net.py").read_text(encoding="utf-8") == MIXED
    assert (tmp_path / "net.fixed.tflite").exists()
