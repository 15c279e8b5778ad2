"""The seed's models on real inputs: they run, they agree, and they take less than TensorFlow's own.

`scripts/seed_requantization.py` measures all of them; here are one of a kind.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from seed_inputs import seed_inputs
from tests.conftest import SHARED_MODELS
from tflint.execution.hosts import Host, execute
from tflint.fix.proof.samples import Samples
from tflint.fix.quantize import agreement
from tflint.fix.quantize.requantize import requantize
from tflint.fix.quantize.verification import is_integer, quantization_faults
from tflint.memory.wheel import measure
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.target.target import find_target

_PACKAGES = ("ai_edge_litert", "ai_edge_quantizer", "tflite_micro")
_DATA = SHARED_MODELS.parent / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        any(importlib.util.find_spec(package) is None for package in _PACKAGES),
        reason="needs the extras `quantize` and `tflm`",
    ),
    pytest.mark.skipif(not _DATA.is_dir(), reason=f"no data in {_DATA} (set TFLITE_LINT_SHARED)"),
]


# The arenas are those of TensorFlow 2.21's int8 conversion of the same networks, on this host.
@pytest.mark.parametrize(
    ("name", "arena"),
    [
        ("CarSensor/reduced_drange.tflite", 6_544),
        ("CarSensor/float16.tflite", 7_168),
        ("MotionSense/reduced_no_quant.tflite", 38_704),
    ],
)
def test_a_seed_model(name: str, arena: int) -> None:
    path = SHARED_MODELS / "seed" / name
    calibration, held_out = seed_inputs(Path(name).parent.name, _DATA, held_out=150)
    before = path.read_bytes()
    graph = parse_model(before).subgraphs[0]
    shape = graph.tensors[graph.inputs[0]].shape
    samples = Samples((calibration.reshape(-1, *shape),))
    found = requantize(before, "int8", samples, find_target("tflm"), calibration="minmax").data
    assert is_integer(parse_model(found))
    assert list(quantization_faults(parse_model(found), TensorType.INT8)) == []
    measured = measure(found, 1 << 17)
    assert measured.ran
    assert measured.arena_bytes <= arena
    inputs = (held_out.reshape(-1, *shape),)
    original = execute(before, inputs, Host.LITERT)[0].reshape(len(held_out), -1)
    stored = execute(found, agreement.quantized_inputs(found, inputs), Host.TFLM)[0]
    answers = agreement.decisions(original)
    same = answers == agreement.decisions(
        stored.reshape(original.shape).astype(np.float32) / 256 + 0.5
    )
    assert answers is not None
    assert same.mean() >= 0.98
