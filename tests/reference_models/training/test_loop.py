"""Epochs with TensorFlow: the same however often they are interrupted, and told what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.program import environment
from tests.reference_models.training import tiny_training
from tests.tensorflow_runs import run_with_tensorflow

SCRIPT = "from tests.reference_models.training.tiny_training import main; main()"


def ask(what: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    return run_with_tensorflow(SCRIPT, {"what": what, "folder": str(folder)})


def test_interrupted_after_any_epoch_it_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ask("resumed", tmp_path, monkeypatch)
    # Two epochs of its teacher, and three of its own.
    assert len(found["said"]) == 5
    assert found["said"][0].startswith("teacher 1 of 1, epoch 1 of 2, mean recall")
    assert found["said"][-1].startswith("epoch 3 of 3, mean recall")
    assert found["again"] == found["whole"]
    assert len(found["ends"]) == 3
    assert set(found["ends"].values()) == {found["whole"]}


def test_what_cannot_be_trained_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask("refused", tmp_path, monkeypatch)
    shape = tiny_training.SHAPE
    no_number = found.pop("no number")
    assert found == {
        "none to train on": "there are no samples to train on",
        "none to validate on": "there are no samples to validate on",
        "another shape": f"the network takes {shape}, the samples to train on are (8, 6, 2)",
        "another shape to test on": f"the network takes {shape}, the samples to test on are"
        " (8, 6, 2)",
        "as many as before": "epoch 2 has samples (299, 8, 6, 1), the first (300, 8, 6, 1): all"
        " have to have as many",
    }
    assert "after epoch 3, and weights are no numbers: the rate (0.003) is too high" in no_number
    # What was learned before is kept; what is no number is not.
    with np.load(tmp_path / "no-number" / "state.npz") as held:
        assert json.loads(held["head"].tobytes())["epochs"] == 2


def test_an_epoch_is_so_many_steps_and_takes_no_more_memory_with_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ask("steps", tmp_path, monkeypatch)
    assert found["iterations"] == 600
    assert found["losses"][-1] < 0.5 * found["losses"][0]
    assert found["unweighted"] == 0
    assert found["grown"] < 40_000  # KiB; 301 samples and their maps take less than one.
