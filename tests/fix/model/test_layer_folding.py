"""Folding into layers where something stands in the way: it is done right, or not at all."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.test_affine import OPTIONS, affine, layer
from tests.fix.model.everywhere import every_place  # noqa: F401
from tests.fix.model.passes import (
    hold_equal,
    hold_untouched,
    operators,
    options,
    repaired,
    rewritten,
)
from tests.rules.findings import findings
from tests.runtimes import random_inputs, run
from tflint.finding import FixSafety
from tflint.fix.model.repair import repair, start
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_channel, per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    CallOptions,
    FullyConnectedOptions,
    LeakyReluOptions,
    MulOptions,
    Padding,
    TensorType,
    TransposeConvOptions,
)
from tflint.model.tables import Buffer, Model
from tflint.model.writer import write_model
from tflint.target.target import find_target

NONE, RELU6 = ActivationFunctionType.NONE, ActivationFunctionType.RELU6
FLOAT32, INT8 = TensorType.FLOAT32, TensorType.INT8
ROUNDING = 1e-5


def with_constant(
    *values: float, name: str = "MUL", activation: ActivationFunctionType = NONE
) -> Model:
    """A convolution of four channels, and one operator by these numbers."""
    model = ModelBuilder()
    x = layer(model, "CONV_2D", model.input((1, 6, 6, 2)))
    y = model.tensor(model.shape(x))
    shape = (len(values),) if len(values) > 1 else ()
    model.operator(
        name, [x, model.constant(shape, FLOAT32, values)], [y], OPTIONS[name](activation)
    )
    model.output(y)
    return model.build()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 3e38])
@pytest.mark.parametrize("name", ["MUL", "ADD"])
def test_what_is_no_number_folds_into_nothing(name: str, value: float) -> None:
    model = with_constant(1, 2, 3, value, name=name)

    assert findings("TFL604", model) == ()
    hold_untouched("TFL604", model, unsafe=True)


def test_nothing_is_divided_by_zero() -> None:
    model = with_constant(1, 2, 3, 0, name="DIV")

    assert findings("TFL604", model) == ()
    hold_untouched("TFL604", model, unsafe=True)


def test_weights_that_would_leave_the_range_of_float32_stay() -> None:
    model = with_constant(1, 2, 3, 1e29)
    buffers = list(model.buffers)
    weights = model.subgraphs[0].tensors[model.subgraphs[0].operators[0].inputs[1]]
    buffers[weights.buffer] = Buffer(np.full(weights.shape, 1e30, np.float32).tobytes())

    hold_untouched("TFL604", dataclasses.replace(model, buffers=tuple(buffers)), unsafe=True)


@pytest.mark.parametrize("values", [(0.0, 1.0, -2.0, 0.0), (0.0,), (-1.0,)])
def test_a_factor_may_be_zero_or_negative(values: tuple[float, ...]) -> None:
    model = with_constant(*values)

    hold_equal(model, repaired("TFL604", model, unsafe=True), tolerance=ROUNDING)


def test_the_activation_of_the_last_operator_goes_along() -> None:
    model = with_constant(0.5, 1, 2, 3, activation=RELU6)
    after = repaired("TFL604", model, unsafe=True)

    (found,) = options(after, "CONV_2D")
    assert getattr(found, "fused_activation_function", None) is RELU6
    hold_equal(model, after, tolerance=ROUNDING)


@pytest.mark.parametrize("names", ["MUL", "ADD", "MUL ADD"])
@pytest.mark.parametrize("left_out", [True, False])
@pytest.mark.parametrize("kind", ["FULLY_CONNECTED", "TRANSPOSE_CONV"])
def test_a_bias_is_made_where_there_is_something_to_add(
    kind: str, left_out: bool, names: str
) -> None:
    model = ModelBuilder()
    if kind == "FULLY_CONNECTED":
        y = model.tensor((1, 4))
        inputs = [model.input((1, 8)), model.constant((4, 8)), *[-1] * left_out]
        model.operator(kind, inputs, [y], FullyConnectedOptions())
    else:
        y = model.tensor((1, 8, 8, 4))
        size = model.constant((4,), TensorType.INT32, (1, 8, 8, 4))
        inputs = [size, model.constant((4, 3, 3, 2)), model.input((1, 6, 6, 2))]
        transposed = TransposeConvOptions(padding=Padding.VALID, stride_w=1, stride_h=1)
        model.operator(kind, inputs, [y], transposed)
    model.output(affine(model, y, names, (4,)))
    before = model.build()
    after = repaired("TFL604", before, unsafe=True)

    (operator,) = after.subgraphs[0].operators
    assert sum(i >= 0 for i in operator.inputs) == sum(i >= 0 for i in inputs) + ("ADD" in names)
    # TRANSPOSE_CONV has a bias from its third version on.
    version = after.operator_codes[operator.opcode_index].version
    assert version == (3 if kind == "TRANSPOSE_CONV" and "ADD" in names else 1)
    hold_equal(before, after, tolerance=ROUNDING)


def two_layers(share: str) -> Model:
    """Two convolutions that have something in common, with a run behind the first."""
    model = ModelBuilder()
    x = model.input((1, 6, 6, 2))
    y = model.conv_2d(x, 4, 3, activation=NONE)
    z = model.conv_2d(x, 4, 3, activation=NONE)
    first, second = model.operators
    weights, bias = first.inputs[1:]
    inputs = list(second.inputs)
    if share == "weights":
        inputs[1] = weights
    elif share == "bias":
        inputs[2] = bias
    else:
        for mine, other in zip(second.inputs[1:], (weights, bias), strict=True):
            buffer = model.tensors[other].buffer
            model.tensors[mine] = dataclasses.replace(model.tensors[mine], buffer=buffer)
    model.operators[1] = dataclasses.replace(second, inputs=tuple(inputs))
    model.output(affine(model, y, "MUL ADD", (4,)), z)
    return model.build()


@pytest.mark.parametrize("share", ["bias", "buffers"])
def test_what_others_read_as_well_stays_as_it_is(share: str) -> None:
    model = two_layers(share)

    hold_equal(model, repaired("TFL604", model, unsafe=True), tolerance=ROUNDING)


def test_weights_of_two_layers_are_not_to_be_scaled() -> None:
    hold_untouched("TFL604", two_layers("weights"), unsafe=True)


def test_a_run_on_each_side_goes_into_the_layer_between() -> None:
    model = ModelBuilder()
    x = affine(model, model.input((1, 6, 6, 2)), "SUB MUL", (2,))
    model.output(affine(model, layer(model, "CONV_2D", x), "MUL ADD", (4,)))
    before = model.build()
    after = repaired("TFL604", before, unsafe=True)

    assert operators(after) == ["CONV_2D"]
    hold_equal(before, after, tolerance=ROUNDING)


def test_a_called_subgraph_is_repaired_and_called_as_before() -> None:
    model = ModelBuilder()
    branch = model.subgraph("branch")
    fill(branch)
    x, y = model.input((1, 6, 6, 2)), model.tensor((1, 6, 6, 2))
    model.operator("CALL", [x], [y], CallOptions(subgraph=1))
    model.output(y)
    before = model.build()
    after = rewritten("TFL604", before, unsafe=True)

    assert after is not None
    assert operators(after) == ["CALL"]
    assert operators(after, 1) == ["DEPTHWISE_CONV_2D"]
    ends = [
        [graph.tensors[i] for i in (*graph.inputs, *graph.outputs)] for graph in after.subgraphs
    ]
    for was, graph in zip(before.subgraphs, ends, strict=True):
        kept = [was.tensors[i] for i in (*was.inputs, *was.outputs)]
        assert [(t.name, t.shape, t.type) for t in graph] == [
            (t.name, t.shape, t.type) for t in kept
        ]


def fill(graph: GraphBuilder) -> None:
    x = graph.depthwise_conv_2d(graph.input((1, 6, 6, 2)), 3, activation=NONE)
    y = graph.tensor((1, 6, 6, 2))
    graph.operator("MUL", [x, graph.constant((2,))], [y], MulOptions())
    graph.output(y)


def test_options_that_are_not_there_mean_no_activation() -> None:
    model = ModelBuilder()
    x = layer(model, "CONV_2D", model.input((1, 6, 6, 2)))
    for name in ("MUL", "ADD"):
        y = model.tensor(model.shape(x))
        model.operator(name, [x, model.constant((4,))], [y])
        x = y
    model.output(x)

    assert operators(repaired("TFL604", model.build(), unsafe=True)) == ["CONV_2D"]


# Integers


def quantised(
    stored: list[int],
    *,
    weights: bytes | None = None,
    zero_point: int = 0,
    activations: TensorType = INT8,
    axis: bool = True,
) -> Model:
    """A dense layer of int8 weights, and what it makes times these numbers times 0.01."""
    model = ModelBuilder()
    x = model.input((1, 8), activations)
    quantization = per_channel([0.01] * 4, 0) if axis else per_tensor(0.01)
    w = model.constant((4, 8), INT8, weights, quantization)
    y = model.tensor(
        (1, 4), activations, None if activations is FLOAT32 else per_tensor(0.2, zero_point)
    )
    model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions(), version=5)
    values = struct.pack(f"<{len(stored)}b", *stored)
    by = model.constant((len(stored),), INT8, values, per_tensor(0.01))
    if activations is FLOAT32:
        by = model.constant((len(stored),), FLOAT32, [0.01 * number for number in stored])
    z = model.tensor((1, 4), activations)
    model.operator("MUL", [y, by], [z], MulOptions(), version=2)
    model.output(z)
    return model.build()


@pytest.mark.parametrize(
    ("model", "is_repairable"),
    [
        pytest.param(lambda: quantised([50]), True, id="one number"),
        pytest.param(lambda: quantised([50, -60, 70, 0]), True, id="one for each unit"),
        pytest.param(lambda: quantised([50], axis=False), True, id="one number, one scale"),
        pytest.param(lambda: quantised([5, 6, 7, 8], axis=False), False, id="four and one scale"),
        pytest.param(lambda: quantised([50], zero_point=-128), False, id="as good as a RELU"),
        pytest.param(
            lambda: quantised([50], activations=FLOAT32, axis=False), True, id="dynamic range"
        ),
        pytest.param(
            lambda: quantised([5, 6, 7, 8], activations=FLOAT32, axis=False),
            False,
            id="dynamic range, four and one scale",
        ),
    ],
)
def test_integers_take_what_their_scales_can_hold(
    model: Callable[[], Model], is_repairable: bool
) -> None:
    built = model()
    (finding,) = findings("TFL604", built)
    assert finding.fix is not None
    expected = FixSafety.UNSAFE if is_repairable else FixSafety.RECONVERT
    assert finding.fix.safety is expected
    if not is_repairable:
        assert "before the weights are quantised" in finding.help
        hold_untouched("TFL604", built, unsafe=True)
        return
    after = repaired("TFL604", built, unsafe=True)
    assert operators(after) == ["FULLY_CONNECTED"]
    inputs = random_inputs(built)
    (one,), (other,) = (run(m, inputs, "litert") for m in (built, after))
    steps = 1e-4 if built.subgraphs[0].tensors[0].type is FLOAT32 else 2
    assert np.abs(one.astype(np.float64) - other.astype(np.float64)).max() <= steps


def test_the_least_integer_has_no_negative() -> None:
    least = bytes([128, *[1] * 31])

    hold_untouched("TFL604", quantised([-50], weights=least), unsafe=True)
    assert rewritten("TFL604", quantised([50], weights=least), unsafe=True) is not None


# Batch normalisation behind activations


def test_what_stands_behind_a_pool_may_be_reshaped_on_the_way() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 10, 10, 2)), 4, 3)
    for name, made in (("MUL", MulOptions()), ("ADD", AddOptions())):
        y = model.tensor(model.shape(x))
        model.operator(name, [x, model.constant((4,), FLOAT32, (0.5, 1, 2, 3))], [y], made)
        x = y
    x = model.pool_2d(model.pool_2d(x, "AVERAGE_POOL_2D", padding=Padding.SAME))
    model.output(model.fully_connected(model.flatten(x), 3))
    before = model.build()
    after = repaired("TFL111", before, unsafe=True)

    assert operators(after) == [
        "CONV_2D",
        "AVERAGE_POOL_2D",
        "MAX_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
    ]
    hold_equal(before, after, tolerance=ROUNDING)


def test_channels_that_a_reshape_mixes_stay() -> None:
    """As many channels before and behind, but not the same ones."""
    model = ModelBuilder()
    x = affine(model, model.conv_2d(model.input((1, 6, 4, 2)), 2, (3, 1)), "MUL ADD", (2,))
    x = model.reshape(x, (1, 2, 2, 8))
    model.output(model.conv_2d(x, 3, 1))
    before = model.build()

    after = repaired("TFL111", before, unsafe=True)

    # The factors went back; what is added cannot go on.
    assert operators(after) == ["CONV_2D", "ADD", "RESHAPE", "CONV_2D"]
    assert findings("TFL604", after) == ()
    hold_equal(before, after, tolerance=ROUNDING)


@pytest.mark.parametrize("behind", ["fused", "RELU", "LEAKY_RELU", "MAX_POOL_2D", "LOGISTIC"])
def test_factors_go_back_past_what_gives_as_many_times_more(behind: str) -> None:
    model = ModelBuilder()
    fused = ActivationFunctionType.RELU if behind == "fused" else NONE
    x = model.conv_2d(model.input((1, 10, 10, 2)), 4, 3, activation=fused)
    if behind == "MAX_POOL_2D":
        x = model.pool_2d(model.unary("RELU", x))
    elif behind != "fused":
        made = LeakyReluOptions(alpha=0.1) if behind == "LEAKY_RELU" else None
        x = model.unary(behind, x, made)
    x = affine(model, x, "MUL ADD", (4,))
    model.output(model.conv_2d(x, 3, 3, padding=Padding.SAME))
    before = model.build()
    if behind == "LOGISTIC":
        hold_untouched("TFL111", before, unsafe=True)
        return
    after = repaired("TFL111", before, unsafe=True)

    assert operators(after) == [name for name in operators(before) if name != "MUL"]
    hold_equal(before, after, tolerance=ROUNDING)


def test_what_is_added_behind_an_activation_goes_into_the_next_layer() -> None:
    model = ModelBuilder()
    x = affine(model, model.conv_2d(model.input((1, 10, 10, 2)), 4, 3), "ADD", (4,))
    model.output(model.conv_2d(model.pool_2d(x), 3, 3))
    before = model.build()

    (finding,) = findings("TFL604", before)
    assert "in front of CONV_2D #3" in finding.message
    hold_equal(before, repaired("TFL604", before, unsafe=True), tolerance=ROUNDING)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["reduced_no_quant", "reduced_float16"])
def test_the_music_classifier_has_no_batch_normalisation_left(
    name: str, shared_models: list[Path]
) -> None:
    data = next(
        path.read_bytes()
        for path in shared_models
        if path.stem == name and path.parent.name == "MusicClassifier"
    )
    work = start(data, find_target("tflm"))
    repair(work, find_target("tflm"), is_wanted=lambda code: code == "TFL111", unsafe=True)

    (step,) = work.steps
    assert (step.arena_saved or 0) > 200_000
    assert not {"MUL", "ADD"} & set(operators(work.model))
    inputs = random_inputs(work.model)
    (one,), (other,) = (run(m, inputs, "litert") for m in (data, write_model(work.model)))
    np.testing.assert_allclose(one, other, atol=1e-5 if name.endswith("quant") else 1e-3)
