"""What the worker says of the original is what Keras says, layer after layer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tests.convert.keeper import Keeper
from tflint.convert import worker_process
from tflint.convert.request import Request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]


def test_a_bias_along_columns_stays_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grappler would make the bias of a channels_first convolution of it."""
    kept = Keeper("keras")
    monkeypatch.setattr(worker_process, "run_worker", kept.run_worker)
    try:
        made = kept.make("bias_along_columns-3-first", "keras", tmp_path)
        found = worker_process.convert(Request(made.origin, calibrate=made.samples))
    finally:
        kept.stop()

    (given,), (right,) = found.reference, made.outputs
    assert np.abs(given.reshape(right.shape) - right).max() < 1e-5 * np.abs(right).max()
