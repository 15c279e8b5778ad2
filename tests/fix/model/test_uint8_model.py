"""TFL404: uint8 networks compute in int8, and give 128 less."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    examples,
    hold_surroundings,
    hold_untouched,
    installed,
    operators,
    outputs_on,
    repaired,
    taken,
    turn,
)
from tests.fix.model.unsigned_networks import unsigned_network
from tests.rules.findings import findings
from tests.runtimes import random_inputs
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ConcatenationOptions, TensorType
from tflint.model.tables import Model, Tensor
from tflint.rule import Good

FLOAT32, INT8, INT32, UINT8 = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT32,
    TensorType.UINT8,
)


def distances(before: Model, after: Model, runtime: str) -> Sequence[float]:
    """How many steps outputs are from those of the uint8 network, which only LiteRT runs."""
    inputs = random_inputs(before)
    expected = outputs_on(before, inputs, "litert")
    assert not isinstance(expected, str), expected
    got = outputs_on(after, [(value ^ 0x80).view(np.int8) for value in inputs], runtime)
    assert not isinstance(got, str), got
    assert all(b.dtype == np.int8 for b in got)
    return [
        float(np.abs(a.astype(np.int32) - 128 - b.reshape(a.shape)).max(initial=0))
        for a, b in zip(expected, got, strict=True)
    ]


def hold_near(before: Model, after: Model, steps: float) -> None:
    """Both runtimes give what the network gave, less 128, within so many steps."""
    names = installed()
    if "litert" not in names:
        pytest.skip("only LiteRT runs uint8 networks")
    for runtime in names:
        assert max(distances(before, after, runtime), default=0) <= steps


def test_the_examples_of_the_rule() -> None:
    for example in examples("TFL404"):
        model = example.build()
        assert isinstance(model, Model)
        if isinstance(example, Good):
            hold_untouched("TFL404", model, target=example.target, unsafe=True)
            continue
        after = repaired("TFL404", model, target=example.target, unsafe=True)
        hold_near(model, after, steps=1)
        hold_surroundings("TFL404", model, unsafe=True)


def test_safe_repairs_leave_uint8() -> None:
    hold_untouched("TFL404", _dense(128))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_networks_at_random(seed: int) -> None:
    model = unsigned_network(seed)
    if not findings("TFL404", model):
        hold_untouched("TFL404", model, unsafe=True)
        return

    after = repaired("TFL404", model, unsafe=True)

    # Weights of a zero point at the edge lose a bit, as they would by quantising them again.
    hold_near(model, after, steps=32)
    hold_surroundings("TFL404", model, unsafe=True)


def _dense(zero_point: int, weights: Sequence[int] | None = None) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4), UINT8, per_tensor(0.05, 128), name="x")
    w = model.constant(
        (3, 4),
        UINT8,
        bytes(weights or range(zero_point - 6, zero_point + 6)),
        per_tensor(0.01, zero_point),
    )
    b = model.constant((3,), INT32, (100, -200, 300), per_tensor(0.0005))
    y = model.tensor((1, 3), UINT8, per_tensor(0.02, 100), name="y")
    model.fully_connected(x, units=3)
    model.operators[-1] = dataclasses.replace(model.operators[-1], inputs=(x, w, b), outputs=(y,))
    model.output(y)
    model.signature({"x": x}, {"y": y})
    return model.build()


def _operand(model: Model, position: int) -> tuple[Tensor, bytes]:
    (graph,) = model.subgraphs
    tensor = graph.tensors[graph.operators[0].inputs[position]]
    return tensor, bytes(model.buffers[tensor.buffer].data or b"")


def test_weights_near_their_zero_point_stay_exact() -> None:
    model = _dense(200)

    after = repaired("TFL404", model, unsafe=True)

    tensor, data = _operand(after, 1)
    assert (tensor.type, tensor.quantization) == (INT8, per_tensor(0.01))
    assert np.frombuffer(data, np.int8).tolist() == list(range(-6, 6))
    bias, data = _operand(after, 2)
    assert np.frombuffer(data, "<i4").tolist() == [100, -200, 300]
    assert bias.quantization == per_tensor(0.05 * 0.01)
    hold_near(model, after, steps=0)


def test_only_channels_that_reach_far_are_rounded_once_more() -> None:
    model = _dense(0, weights=[0, 1, 2, 3, 0, 254, 127, 10, 5, 6, 7, 8])

    after = repaired("TFL404", model, unsafe=True)

    tensor, data = _operand(after, 1)
    assert tensor.quantization is not None
    assert tensor.quantization.scale == pytest.approx((0.01, 0.02, 0.01))
    assert tensor.quantization.zero_point == (0, 0, 0)
    signed = np.frombuffer(data, np.int8).tolist()
    assert signed[:4] == [0, 1, 2, 3]
    assert signed[4:6] == [0, 127]
    assert signed[8:] == [5, 6, 7, 8]
    bias, data = _operand(after, 2)
    assert np.frombuffer(data, "<i4").tolist() == [100, -100, 300]
    assert bias.quantization is not None
    assert bias.quantization.scale == pytest.approx((0.0005, 0.001, 0.0005))
    hold_near(model, after, steps=1)


def test_names_and_signatures_stay_and_notes_say_what_changed() -> None:
    model = _dense(128)

    rewrite = turn("TFL404", model, unsafe=True)

    assert rewrite is not None
    graph, (signature,) = rewrite.model.subgraphs[0], rewrite.model.signature_defs
    assert [graph.tensors[i].name for i in (*graph.inputs, *graph.outputs)] == ["x", "y"]
    assert (signature.inputs[0].tensor_index, signature.outputs[0].tensor_index) == (
        graph.inputs[0],
        graph.outputs[0],
    )
    assert rewrite.notes[1] == (
        "output `y` is int8 now, it was uint8: its integers are 128 less, scale 0.0199999996, "
        "zero point -28; real = 0.0199999996 * (integer + 28)"
    )


def test_parts_of_several_scales_are_brought_to_one() -> None:
    model = ModelBuilder()
    parts = [model.input((1, 8), UINT8, per_tensor(s, 128)) for s in (0.05, 0.02)]
    y = model.tensor((1, 16), UINT8, per_tensor(0.05, 128))
    model.operator("CONCATENATION", parts, [y], ConcatenationOptions(axis=1))
    model.output(y)
    built = model.build()

    after = repaired("TFL404", built, unsafe=True)

    assert operators(after) == ["QUANTIZE", "CONCATENATION"]
    hold_near(built, after, steps=1)
    # No runtime gives a uint8 network the arena that it would be smaller in.
    assert taken("TFL404", built)


def test_conversions_at_the_edges_lead_to_int8() -> None:
    model = ModelBuilder()
    x, narrow = model.input((1, 4)), model.tensor((1, 4), UINT8)
    model.operator("QUANTIZE", [x], [narrow])
    y, wide = model.fully_connected(narrow, units=2), model.tensor((1, 2))
    model.operator("DEQUANTIZE", [y], [wide])
    model.output(wide)
    built = model.build()

    rewrite = turn("TFL404", built, unsafe=True)

    assert rewrite is not None
    assert rewrite.notes == ()
    assert not findings("TFL404", rewrite.model)
    inputs = random_inputs(built)
    for runtime in installed():
        got = outputs_on(rewrite.model, inputs, runtime)
        assert not isinstance(got, str), got
        expected = outputs_on(built, inputs, "litert")
        assert not isinstance(expected, str), expected
        np.testing.assert_allclose(got[0], expected[0], atol=0.11)


def _with_last(name: str) -> Model:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 4), UINT8), units=2)
    model.output(model.unary(name, y))
    return model.build()


@pytest.mark.parametrize("name", ["MyOperator", "CAST", "EXP"])
def test_what_is_not_known_in_int8_keeps_all_of_it(name: str) -> None:
    model = _with_last(name)

    hold_untouched("TFL404", model, unsafe=True)
    (finding,) = findings("TFL404", model)
    assert finding.fix is None


def test_weights_that_are_made_at_run_time_have_a_zero_point_that_stays() -> None:
    model = ModelBuilder()
    x, w = model.input((1, 4), UINT8), model.input((2, 4), UINT8)
    y = model.tensor((1, 2), UINT8)
    model.operator("FULLY_CONNECTED", [x, w, -1], [y])
    model.output(y)

    hold_untouched("TFL404", model.build(), unsafe=True)


def test_a_called_subgraph_gives_what_its_callers_take() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    graph = model.subgraph("called")
    graph.output(graph.fully_connected(graph.input((1, 4), UINT8), units=2))

    hold_untouched("TFL404", model.build(), unsafe=True)
