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


@pytest.mark.parametrize("name", ["conv2d_strided", "unit_norm", "layer_norm", "rms_norm"])
def test_a_channels_first_convolution_keeps_its_bias(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow's remapper gets these wrong, by a third of the range and more."""
    kept = Keeper("keras")
    monkeypatch.setattr(worker_process, "run_worker", kept.run_worker)
    try:
        made = kept.make(f"{name}-3-first", "keras", tmp_path)
        found = worker_process.convert(Request(made.origin, calibrate=made.samples))
    finally:
        kept.stop()

    (given,), (right,) = found.reference, made.outputs
    assert np.abs(given.reshape(right.shape) - right).max() < 1e-5 * np.abs(right).max()
