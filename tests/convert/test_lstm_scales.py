"""The hidden state of a quantised LSTM is on the scale of its output."""

from __future__ import annotations

import dataclasses

import pytest

from tflint.convert.lstm_scales import with_one_scale
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters

INT8, INT16 = TensorType.INT8, TensorType.INT16


def _model(type: TensorType, *, scale: float, projection: bool = False) -> Model:
    model = ModelBuilder()
    x = model.input((1, 3, 10), type)
    state = model.tensor((1, 5), type, per_tensor(0.25), is_variable=True)
    cell = model.tensor((1, 5), INT16, per_tensor(2**-11), is_variable=True)
    inputs = [x, *[-1] * 17, state, cell, *[-1] * 4]
    if projection:
        inputs[16] = model.constant((5, 5), INT8)
    output = model.tensor((1, 3, 5), type, per_tensor(scale))
    hidden = [model.tensor((0,), type, per_tensor(0.75)) for _ in range(5)]
    model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [output])
    model.output(output)
    built = model.build()
    (operator,) = built.subgraphs[0].operators
    held = dataclasses.replace(operator, intermediates=tuple(hidden))
    graph = dataclasses.replace(built.subgraphs[0], operators=(held,))
    return dataclasses.replace(built, subgraphs=(graph,))


def _scales(model: Model) -> tuple[float, float]:
    """Those of the state and of the hidden intermediate."""
    graph = model.subgraphs[0]
    (operator,) = graph.operators
    found = []
    for index in (operator.inputs[18], operator.intermediates[4]):
        stored = graph.tensors[index].quantization
        assert isinstance(stored, QuantizationParameters)
        found.append(stored.scale[0])
    return found[0], found[1]


@pytest.mark.parametrize("type", [INT8, INT16])
def test_both_get_the_scale_of_the_output(type: TensorType) -> None:
    assert _scales(with_one_scale(_model(type, scale=0.5))) == (0.5, 0.5)


def test_a_projection_has_a_hidden_value_of_its_own() -> None:
    assert _scales(with_one_scale(_model(INT8, scale=0.5, projection=True))) == (0.5, 0.75)


def test_what_is_right_or_in_floats_stays_the_same_object() -> None:
    right = with_one_scale(_model(INT8, scale=0.5))
    floats = _model(TensorType.FLOAT32, scale=0.5)

    assert with_one_scale(right) is right
    assert with_one_scale(floats) is floats
