"""The arena, computed, against TFLM's own."""

from __future__ import annotations

from tests.memory.against_wheel import differences, needs_wheel
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model


def _convolutions(type: TensorType) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 12, 12, 3), type), filters=8, kernel=3)
    model.output(model.depthwise_conv_2d(x, kernel=3))
    return model.build()


@needs_wheel
def test_convolutions() -> None:
    assert not differences([_convolutions(TensorType.INT8), _convolutions(TensorType.FLOAT32)])
