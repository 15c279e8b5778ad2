"""TFLM_DECODE, against the wheel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.memory.against_wheel import arena_on_wheel, differences, needs_wheel
from tflint.memory.kernels.decode import HUFFMAN, LOOK_UP, PRUNE
from tflint.memory.wheel import measure
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model


def decoding(
    kind: int, channels: int, outputs: int = 1, zero_point: int = 0, version: int = 1
) -> Model:
    model = ModelBuilder()
    x, y = [], []
    settings = (2, 4) if kind == LOOK_UP else (1, 4)
    ancillary = bytes((kind, 1, 0, 0, version, *settings)).ljust(16, b"\0") + b"\1" * 64
    quantization = per_tensor(0.1, zero_point)
    if channels > 1:
        quantization = per_channel([0.1] * channels, 0)
        quantization = replace(quantization, zero_point=(zero_point,) * channels)
    for _ in range(outputs):
        x.append(model.constant((64,), TensorType.UINT8, b"\0" * 64))
        x.append(model.constant((len(ancillary),), TensorType.UINT8, ancillary))
        y.append(model.tensor((channels, 8), TensorType.INT8, quantization))
    model.operator("TFLM_DECODE", x, y, custom_options=b"")
    model.input((1,), TensorType.FLOAT32)
    model.output(*y)
    return model.build()


@needs_wheel
@pytest.mark.parametrize("kind", [LOOK_UP, HUFFMAN, PRUNE])
def test_states(kind: int) -> None:
    models = [decoding(kind, 1), decoding(kind, 40), decoding(kind, 7, 3)]
    models.append(decoding(kind, 40, zero_point=3))
    assert not differences(models, smallest=False)


@needs_wheel
@pytest.mark.parametrize("kind", [LOOK_UP, HUFFMAN, PRUNE])
@pytest.mark.parametrize("channels", [1, 7, 40])
def test_the_arena_is_never_computed_too_small(kind: int, channels: int) -> None:
    data = write_model(decoding(kind, channels))
    computed = arena_on_wheel(data).min_arena_bytes
    measured = measure(data, computed).min_arena_bytes
    assert measured is not None
    # What a state's setup reads of the output's zero points is not told apart.
    assert measured <= computed <= measured + 48 + 4 * channels


def test_what_is_not_known_is_doubted() -> None:
    assert arena_on_wheel(write_model(decoding(127, 1))).doubts
