"""The seed's 23 .tflite: their weights in fresh networks of the architecture that made them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed_inputs import seed_inputs
from tests.conftest import SHARED_MODELS

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
pytest.importorskip("ai_edge_litert", reason="needs LiteRT (the extra `quantize`)")
import tf_keras

from tests.convert.tensorflow.donors import adopted, loaded
from tflint.convert.tensorflow.loaded import Loaded
from tflint.fix.proof.measures import error

pytestmark = pytest.mark.shared

SEED = SHARED_MODELS / "seed"
DATA = SHARED_MODELS.parent / "data"
DONORS = [
    pytest.param(path, id=path.relative_to(SEED).as_posix())
    for path in sorted(SEED.rglob("*.tflite"))
]
if not DONORS:
    pytest.skip(f"no models in {SEED} (set TFLITE_LINT_SHARED)", allow_module_level=True)

# The only one whose network is that of MotionSense/model.h5, channels_first and all.
CHANNELS_FIRST = "drange_selected_ops"
EQUAL_DB = 60
# Of the range from 0 to 1: hybrid operators round the activations to eight bits as well.
ROUNDED = 0.02


def _architecture(donor: Path) -> Path:
    """The archive of the same network."""
    is_reduced = "reduced" in donor.stem
    (found,) = (p for p in donor.parent.glob("*.h5") if ("reduced" in p.stem) == is_reduced)
    return found


def _source(donor: Path) -> Loaded:
    """A fresh network, with weights that nobody has trained."""
    tf_keras.utils.set_random_seed(3)
    is_motion_sense = donor.parent.name == "MotionSense" and "reduced" not in donor.stem
    if is_motion_sense and donor.stem != CHANNELS_FIRST:
        # No archive of this one was published: the same layers, channels last throughout.
        layers = tf_keras.layers
        model = tf_keras.Sequential(
            [
                tf_keras.Input((32, 32, 1)),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(64, activation="relu"),
                layers.Dense(3, activation="softmax"),
            ]
        )
    else:
        trained = tf_keras.models.load_model(_architecture(donor), compile=False)
        model = tf_keras.models.clone_model(trained)
    return loaded(model, tf_keras)


def _inputs(donor: Path, network: Loaded) -> np.ndarray[Any, Any]:
    values, _ = seed_inputs(donor.parent.name, DATA, calibration=24)
    shaped: np.ndarray[Any, Any] = values.reshape(-1, *network.model.inputs[0].shape[1:])
    return shaped


@pytest.mark.parametrize("path", DONORS)
def test_the_weights_come_back(path: Path) -> None:
    network = _source(path)
    samples = _inputs(path, network)

    found = adopted(network, path.read_bytes())

    assert not found.is_own
    assert found.found.snr_db > EQUAL_DB
    after = np.asarray(network.model(samples, training=False))
    (own,) = found.answers((samples[:, None],))
    off = error(own[:, 0], after)
    assert off.mean < ROUNDED if "drange" in path.stem else off.snr_db > EQUAL_DB
    assert (own[:, 0].argmax(axis=1) == after.argmax(axis=1)).mean() > 0.95


@pytest.mark.parametrize("name", ["CarSensor/drange", "MusicClassifier/reduced_drange"])
def test_an_archive_that_was_rounded_keeps_its_own(name: str) -> None:
    path = SEED / f"{name}.tflite"
    network = loaded(tf_keras.models.load_model(_architecture(path), compile=False), tf_keras)
    before = network.model.get_weights()

    found = adopted(network, path.read_bytes())

    assert found.is_own
    assert "rounded" in found.notes[0]
    after = network.model.get_weights()
    assert all((left == right).all() for left, right in zip(before, after, strict=True))


def test_a_tflite_is_reconverted_from_the_command_line(tmp_path: Path) -> None:
    """The Flex convolution of 2020, out of the file, in int8 that TFLM runs."""
    donor = tmp_path / "selected.tflite"
    donor.write_bytes((SEED / "MotionSense" / f"{CHANNELS_FIRST}.tflite").read_bytes())
    network = _source(SEED / "MotionSense" / donor.with_stem(CHANNELS_FIRST).name)
    network.model.save(tmp_path / "fresh.keras")
    np.save(tmp_path / "samples.npy", _inputs(SEED / "MotionSense" / "model.h5", network))

    command = ["fix", "selected.tflite", "--reconvert", "--source", "fresh.keras"]
    done = subprocess.run(
        [sys.executable, "-m", "tflint", *command, "--calibrate", "samples.npy"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "carried over from the .tflite" in done.stdout
    assert "tflm" in done.stdout
    assert (tmp_path / "selected.fixed.tflite").stat().st_size < 110_000
