"""What is quantised throughout, and what is named where it is not."""

from __future__ import annotations

import pytest

from tests.fix.quantize.float_networks import image_network
from tflint.fix.quantize.verification import (
    has_quantised_activations,
    is_integer,
    quantization_faults,
)
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16


def _dense(type: TensorType = INT8, *, island: str | None = None) -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 8), type), units=4)
    if island is not None:
        wide = model.tensor((1, 4), FLOAT32)
        model.operator("DEQUANTIZE", [x], [wide])
        wide = model.unary(island, wide)
        x = model.tensor((1, 4), type, per_tensor(0.1))
        model.operator("QUANTIZE", [wide], [x])
    model.output(x)
    return model.build()


@pytest.mark.parametrize("type", [INT8, INT16])
def test_a_model_in_integers(type: TensorType) -> None:
    model = _dense(type)
    assert is_integer(model)
    assert has_quantised_activations(model)
    assert list(quantization_faults(model, type)) == []


def test_a_float_model_is_none() -> None:
    model = image_network()
    assert not is_integer(model)
    assert not has_quantised_activations(model)
    assert any("CONV_2D #0" in fault for fault in quantization_faults(model, INT8))


def test_dynamic_range_is_none() -> None:
    model = image_network(weights=INT8)
    assert not is_integer(model)
    assert not has_quantised_activations(model)


def test_operators_in_float_are_named() -> None:
    model = _dense(island="EXP")
    assert not is_integer(model)
    (fault,) = quantization_faults(model, INT8)
    assert fault == "EXP #2 still in float"


def test_other_activations_are_named() -> None:
    assert "FULLY_CONNECTED #0 reads INT16" in quantization_faults(_dense(INT16), INT8)


def test_other_integers_at_the_ends_are_named() -> None:
    model = ModelBuilder()
    x = model.input((1, 4), TensorType.UINT8, name="picture")
    y = model.tensor((1, 4), INT8, per_tensor(0.1))
    model.operator("QUANTIZE", [x], [y])
    model.output(model.fully_connected(y, units=2))
    assert list(quantization_faults(model.build(), INT8)) == ["`picture` is UINT8"]


def test_a_long_list_is_cut() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    for _ in range(30):
        x = model.unary("EXP", x)
    model.output(x)
    (fault,) = quantization_faults(model.build(), INT8)
    assert "24 more" in fault
    assert len(fault) < 200
