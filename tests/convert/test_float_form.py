"""A model in float32 throughout gives the answers that its integers stand for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.fix.quantize.float_networks import image_network
from tests.runtimes import run
from tflint.convert.float_form import NoFloatForm, float_form, rounding
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target
from tflint_rules.example_models import flex_conv

TFLM = find_target("tflm")
FLOAT16, FLOAT32, INT8 = TensorType.FLOAT16, TensorType.FLOAT32, TensorType.INT8


def _types(model: Model) -> set[TensorType]:
    return {value.type for graph in graphs(model) for value in graph.values}


def _integer_network() -> Model:
    builder = ModelBuilder()
    x = builder.input((1, 8, 8, 2), INT8, per_tensor(0.001, 3))
    y = builder.conv_2d(x, 4, 3)
    y = builder.pool_2d(y)
    builder.output(builder.softmax(builder.fully_connected(builder.flatten(y), 3)))
    return builder.build()


def test_integers_become_what_they_stand_for() -> None:
    before = _integer_network()
    after = float_form(before, TFLM)
    assert _types(after) <= {FLOAT32, TensorType.INT32}
    rng = np.random.default_rng(1)
    for _ in range(5):
        stored = rng.integers(-128, 128, (1, 8, 8, 2)).astype(np.int8)
        (integers,) = run(before, [stored], "litert")
        (reals,) = run(after, [(stored.astype(np.float32) - 3) * np.float32(0.001)], "litert")
        assert np.abs((integers.astype(float) + 128) / 256 - reals).max() < 0.06


@pytest.mark.parametrize("weights", [None, FLOAT16, INT8])
def test_small_weights_are_float(weights: TensorType | None) -> None:
    after = float_form(image_network(weights=weights), TFLM)
    assert _types(after) <= {FLOAT32, TensorType.INT32}


def test_conversions_at_the_edges_go() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 4))
    q = builder.tensor((1, 4), INT8, per_tensor(0.1))
    builder.operator("QUANTIZE", [x], [q])
    y = builder.fully_connected(q, 2)
    z = builder.tensor((1, 2), FLOAT32)
    builder.operator("DEQUANTIZE", [y], [z])
    builder.output(z)

    after = float_form(builder.build(), TFLM)

    assert [node.name for node in graphs(after)[0].nodes] == ["FULLY_CONNECTED"]
    assert len(run(after, [np.ones((1, 4), np.float32)], "litert")) == 1


def test_a_conversion_between_input_and_output_stays_an_operator() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 4))
    q = builder.tensor((1, 4), INT8, per_tensor(0.1))
    builder.operator("QUANTIZE", [x], [q])
    builder.output(q)
    after = float_form(builder.build(), TFLM)
    values = np.arange(4, dtype=np.float32).reshape(1, 4)
    assert (run(after, [values], "litert")[0] == values).all()


def test_operators_of_tensorflow_become_builtins() -> None:
    after = float_form(parse_model(write_model(flex_conv("NCHW"))), TFLM)
    assert not any(code.is_custom for code in after.operator_codes)


def test_a_bias_that_names_the_dimension_of_its_weights_is_read() -> None:
    """TensorFlow of 2020 wrote dimension 3 into biases, which have one."""
    model = _integer_network()
    (graph,) = model.subgraphs
    bias = graph.operators[0].inputs[2]
    tensors = list(graph.tensors)
    found = tensors[bias].quantization
    assert found is not None
    tensors[bias] = dataclasses.replace(tensors[bias], quantization=per_channel(found.scale, 3))
    wrong = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tuple(tensors)),)
    )
    assert write_model(float_form(wrong, TFLM)) == write_model(float_form(model, TFLM))


def test_scales_that_do_not_fit_are_said() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 4), INT8)
    w = builder.constant((2, 4), INT8, quantization=per_channel([0.1, 0.1, 0.1], 0))
    y = builder.tensor((1, 2), INT8)
    builder.operator("FULLY_CONNECTED", [x, w, -1], [y])
    builder.output(y)
    with pytest.raises(NoFloatForm, match="does not fit its data"):
        float_form(builder.build(), TFLM)


def test_rounding_is_that_of_the_smallest_type() -> None:
    found = [rounding(image_network(weights=weights)) for weights in (None, FLOAT16, INT8)]
    assert found == sorted(found)
    assert found[0] < 1e-4 < 1 / 260 < found[2] < 1 / 200
