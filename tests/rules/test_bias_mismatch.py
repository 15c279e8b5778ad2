"""TFL406: what TFLM refuses is an error, and figures are those by which outputs move."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.rules.findings import findings
from tests.runtimes import random_inputs, run
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import (
    Conv2DOptions,
    FullyConnectedOptions,
    Padding,
    TensorType,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint_rules.example_models import overwrite

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16
INT32, INT64 = TensorType.INT32, TensorType.INT64
NUMPY = {FLOAT32: np.float32, INT8: np.int8, INT16: np.int16, INT32: np.int32, INT64: np.int64}


def one_layer(
    kind: str,
    *,
    factor: float | None = 1.0,
    per_unit: bool = False,
    output_scale: float = 0.05,
    activation: TensorType = INT8,
    bias_type: TensorType | None = None,
) -> Model:
    """A layer of two channels, with a bias of `factor` times the right scale, or of none."""
    model = ModelBuilder()
    x = model.input((1, 4, 4, 2) if kind == "CONV_2D" else (1, 32), activation)
    shape = (2, 4, 4, 2) if kind == "CONV_2D" else (2, 32)
    scales = (0.01, 0.012) if per_unit else (0.01,)
    w = model.constant(shape, INT8, quantization=per_channel(scales, 0))
    quantization = None if factor is None else per_channel([0.05 * s * factor for s in scales], 0)
    if bias_type is None:
        bias_type = INT64 if activation is INT16 else INT32
    b = model.constant((2,), bias_type, (3000, -2000), quantization)
    out = per_tensor(output_scale)
    y = model.tensor((1, 1, 1, 2) if kind == "CONV_2D" else (1, 2), activation, out)
    options: Conv2DOptions | FullyConnectedOptions = FullyConnectedOptions()
    if kind == "CONV_2D":
        options = Conv2DOptions(
            padding=Padding.VALID,
            stride_w=1,
            stride_h=1,
            dilation_w_factor=1,
            dilation_h_factor=1,
        )
    model.operator(kind, [x, w, b], [y], options, version=4 if kind != "CONV_2D" else 3)
    model.output(y)
    return model.build()


@pytest.mark.parametrize("kind", ["CONV_2D", "FULLY_CONNECTED"])
@pytest.mark.parametrize("per_unit", [False, True], ids=["one scale", "a scale a channel"])
@pytest.mark.parametrize("factor", [None, 1.0, 2.0, 2.9, 3.1, 50.0])
@pytest.mark.parametrize("activation", [INT8, INT16], ids=lambda type: type.name)
def test_a_bias_scale_is_an_error_where_tflm_refuses_it(
    kind: str, per_unit: bool, factor: float | None, activation: TensorType, tmp_path: Path
) -> None:
    # At a factor of 3 the difference is 0.02 of this output scale.
    model = one_layer(
        kind, factor=factor, per_unit=per_unit, output_scale=0.05, activation=activation
    )
    found = findings("TFL406", model)
    path = tmp_path / "model.tflite"
    path.write_bytes(write_model(model))
    ((ran, _),) = runs_on_tflm([path])
    refused = bool(findings("TFL205", model))

    if not (refused or (activation is INT16 and per_unit and kind == "FULLY_CONNECTED")):
        assert [f.severity for f in found].count(Severity.ERROR) == (not ran)
    if factor not in (None, 1.0) and not refused:
        assert len(found) == 1


def test_the_steps_are_those_by_which_the_output_moves() -> None:
    """A bias in its own units, and the same numbers in the kernel's: so many steps apart."""
    wrong = one_layer("CONV_2D", factor=2.0)
    (finding,) = findings("TFL406", wrong)
    model = one_layer("CONV_2D")
    graph = model.subgraphs[0]
    bias = graph.tensors[graph.operators[0].inputs[2]].buffer
    meant = np.frombuffer(bytes(model.buffers[bias].data or b""), np.int32) * 2
    buffers = list(model.buffers)
    buffers[bias] = dataclasses.replace(buffers[bias], data=meant.astype(np.int32).tobytes())
    right = dataclasses.replace(model, buffers=tuple(buffers))
    x = np.zeros((1, 4, 4, 2), np.int8)
    (expected,), (found,) = run(right, [x], "litert"), run(wrong, [x], "litert")
    moved = abs(expected.astype(int) - found.astype(int))

    assert "up to 30.0 steps" in finding.message
    assert moved.max() == 30


@pytest.mark.parametrize("type", [INT16, INT64, FLOAT32])
@pytest.mark.parametrize("kind", ["CONV_2D", "FULLY_CONNECTED"])
def test_one_rule_says_that_a_bias_is_of_the_wrong_type(kind: str, type: TensorType) -> None:
    model = one_layer(kind, bias_type=type)

    assert findings("TFL406", model, "tflm") == ()
    assert [f.severity for f in findings("TFL205", model, "tflm")] == [Severity.ERROR]
    (finding,) = findings("TFL406", model, "litert")
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize("type", [INT16, INT64, FLOAT32])
@pytest.mark.parametrize("kind", ["CONV_2D", "FULLY_CONNECTED"])
def test_litert_refuses_or_misreads_such_a_bias(kind: str, type: TensorType) -> None:
    wrong, right = (one_layer(kind, bias_type=t, output_scale=1.0) for t in (type, INT32))
    x = random_inputs(right)
    try:
        (found,) = run(wrong, x, "litert")
    except RuntimeError:
        return
    assert (found != run(right, x, "litert")[0]).any()


@pytest.mark.parametrize(
    ("bias", "overflows"), [(INT32, True), (INT64, False)], ids=["int32", "int64"]
)
@pytest.mark.parametrize("kind", ["CONV_2D", "FULLY_CONNECTED"])
def test_int16_activations_overflow_32_bits(kind: str, bias: TensorType, overflows: bool) -> None:
    """2,048 products of 127 and 32,767 are four times what an int32 holds."""
    model, depth = ModelBuilder(), 2048
    conv = kind == "CONV_2D"
    x = model.input((1, 1, 1, depth) if conv else (1, depth), INT16, per_tensor(0.001))
    shape = (1, 1, 1, depth) if conv else (1, depth)
    w = model.constant(shape, INT8, [127] * depth, per_tensor(0.001))
    b = model.constant((1,), bias, [0], per_tensor(0.000001))
    y = model.tensor((1, 1, 1, 1) if conv else (1, 1), INT16, per_tensor(0.3))
    options = Conv2DOptions(padding=Padding.VALID, stride_w=1, stride_h=1) if conv else None
    model.operator(kind, [x, w, b], [y], options or FullyConnectedOptions())
    model.output(y)
    built = model.build()
    full = np.full(model.shape(x), 32767, np.int16)
    (got,) = run(built, [full], "tflm")
    expected = depth * 127 * 32767 * 1e-6 / 0.3

    assert (abs(int(got.ravel()[0]) - expected) > 2) is overflows
    said = [f for f in findings("TFL406", built) if "overflow" in f.message]
    assert len(said) == overflows
    if said:
        assert f"{depth * 127 * 32768:,}" in said[0].message


def test_an_overflow_needs_weights_and_not_only_depth() -> None:
    model = ModelBuilder()
    depth = 100_000
    x = model.input((1, depth), INT8, per_tensor(0.05, -128))
    model.output(model.fully_connected(x, units=1))
    overwrite(model, 0, 1, b"\x50" * depth)

    assert findings("TFL406", model.build()) == ()


@pytest.mark.parametrize(("bias", "overflows"), [(2**31 - 1, True), (2**30, False)])
def test_a_bias_at_the_end_of_the_range_overflows_at_any_depth(bias: int, overflows: bool) -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4), INT8), units=1))
    overwrite(model, 0, 2, bias.to_bytes(4, "little"))

    assert len(findings("TFL406", model.build())) == overflows
