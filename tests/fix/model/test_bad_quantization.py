"""TFL006: what TFLM overlooks is written as it takes it, and nothing else is guessed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    outputs_on,
    repaired,
    rewritten,
)
from tests.rules.findings import findings
from tests.runtimes import random_inputs
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import BlockwiseQuantization, TensorType
from tflint.model.tables import Model, QuantizationParameters

INT8 = TensorType.INT8
NOT_REPAIRED = (
    "A scale of zero",
    "Not a number",
    "Outside int8",
    "Three scales for four channels",
    "int8 weights without a scale",
    "A softmax of next to nothing",
)


def _convolution(filters: int = 4) -> ModelBuilder:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 5, 5, 3), INT8), filters, 3))
    return model


def _changed(model: ModelBuilder, position: int, **fields: Any) -> Model:
    """The model with other quantisation of an input of its first operator."""
    index = model.operators[0].inputs[position]
    found = model.tensors[index].quantization
    assert found is not None
    quantization = dataclasses.replace(found, **fields)
    model.tensors[index] = dataclasses.replace(model.tensors[index], quantization=quantization)
    return model.build()


def _quantization(model: Model, position: int) -> QuantizationParameters:
    graph = model.subgraphs[0]
    found = graph.tensors[graph.operators[0].inputs[position]].quantization
    assert found is not None
    return found


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL006", but=NOT_REPAIRED)


@pytest.mark.parametrize("axis", [-1, 1, 3, 2**31 - 1])
def test_a_bias_has_one_dimension(axis: int) -> None:
    model = _convolution()
    index = model.operators[0].inputs[2]
    channels = dataclasses.replace(per_channel((0.1, 0.2, 0.1, 0.3), 0), quantized_dimension=axis)
    model.tensors[index] = dataclasses.replace(model.tensors[index], quantization=channels)
    built = model.build()
    after = repaired("TFL006", built)

    assert _quantization(after, 2).quantized_dimension == 0
    # LiteRT refuses the model as it was, so it is TFLM that has to agree.
    assert hold_equal(built, after, runtimes=("tflm",)) == 1
    assert not isinstance(outputs_on(after, random_inputs(after), "litert"), str)


def test_the_first_zero_point_counts_for_all_scales() -> None:
    model = _changed(_convolution(), 1, zero_point=(0,))
    after = repaired("TFL006", model)

    assert _quantization(after, 1).zero_point == (0, 0, 0, 0)
    assert hold_equal(model, after, runtimes=("tflm",), seeds=range(3))
    assert not isinstance(outputs_on(after, random_inputs(after), "litert"), str)


def test_a_scale_for_the_whole_tensor_has_no_dimension() -> None:
    model = _changed(_convolution(), 0, quantized_dimension=7)
    after = repaired("TFL006", model)

    assert _quantization(after, 0).quantized_dimension == 0
    hold_equal(model, after, runtimes=("tflm",))


@settings(max_examples=40)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(-2, 5),
    st.sampled_from([0, 1, 2]),
)
def test_whatever_is_repaired_answers_as_tflm_did(
    scales: int, points: int, axis: int, position: int
) -> None:
    model = _convolution()
    index = model.operators[0].inputs[position]
    found = QuantizationParameters(
        scale=tuple(0.01 * (i + 1) for i in range(scales)),
        zero_point=(0,) * points,
        quantized_dimension=axis,
    )
    model.tensors[index] = dataclasses.replace(model.tensors[index], quantization=found)
    built = model.build()
    offered = any(finding.fix is not None for finding in findings("TFL006", built))
    after = rewritten("TFL006", built)

    assert (after is not None) == offered
    if after is not None:
        assert not [f for f in findings("TFL006", after) if f.fix is not None]
        hold_equal(built, after, runtimes=("tflm",), may_refuse=True)


@pytest.mark.parametrize(
    "quantization",
    [
        dataclasses.replace(per_channel((0.1, 0.2, 0.3, 0.4), 0), quantized_dimension=9),
        per_channel((0.1, 0.2, 0.3), 0),
        dataclasses.replace(per_tensor(0.1), scale=(0.0,), quantized_dimension=9),
        dataclasses.replace(
            per_tensor(0.1), details=BlockwiseQuantization(), quantized_dimension=9
        ),
    ],
    ids=["either of two dimensions", "a count of neither", "a scale of zero", "blocks"],
)
def test_what_may_mean_several_things_stays(quantization: QuantizationParameters) -> None:
    model = ModelBuilder()
    x = model.input((4, 4), INT8, quantization)
    model.output(model.unary("RELU", x))
    built = model.build()

    hold_untouched("TFL006", built)
    assert all(finding.fix is None for finding in findings("TFL006", built)[:1])


def test_the_dimension_that_fits_is_taken_where_there_is_one() -> None:
    channels = dataclasses.replace(per_channel((0.1, 0.2, 0.3), 0), quantized_dimension=-1)
    model = ModelBuilder()
    x = model.constant((2, 3), INT8, quantization=channels)
    y = model.tensor((2, 3), INT8)
    model.operator("RELU", [x], [y])
    model.output(y)
    after = repaired("TFL006", model.build())

    found = after.subgraphs[0].tensors[0].quantization
    assert found is not None
    assert found.quantized_dimension == 1


def test_findings_without_a_repair_are_told_from_those_with_one() -> None:
    model = _convolution()
    _changed(model, 2, quantized_dimension=3)
    built = _changed(model, 0, scale=(0.1, 0.2), zero_point=(0, 0), quantized_dimension=0)
    found = {f.fix.safety if f.fix else None for f in findings("TFL006", built)}
    assert found == {FixSafety.SAFE, None}
