"""TFL608 fires exactly where SAME padding gives the same bits."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.rewrite import rewrite
from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, random_inputs, run
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import output_size, per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    Padding,
    PadOptions,
    PadV2Options,
    TensorType,
)
from tflint.model.tables import Model

NONE = ActivationFunctionType.NONE
FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32


def padded(
    pads: tuple[int, ...],
    *,
    sizes: tuple[int, int] = (6, 7),
    kernel: tuple[int, int] = (3, 3),
    stride: int = 1,
    dilation: int = 1,
    type: TensorType = FLOAT32,
    value: float | None = None,
    convolutions: int = 1,
) -> Model:
    """PAD (or PADV2 with a value), and convolutions with valid padding behind it."""
    model = ModelBuilder()
    quantization = None if type is FLOAT32 else per_tensor(0.05, 3)
    x = model.input((1, *sizes, 2), type, quantization)
    top, bottom, left, right = pads
    shape = (1, sizes[0] + top + bottom, sizes[1] + left + right, 2)
    y = model.tensor(shape, type, quantization)
    inputs = [x, model.constant((4, 2), INT32, (0, 0, *pads, 0, 0))]
    if value is None:
        model.operator("PAD", inputs, [y], PadOptions())
    else:
        inputs.append(model.constant((), type, (value,), quantization))
        model.operator("PADV2", inputs, [y], PadV2Options())
    for _ in range(convolutions):
        model.output(model.conv_2d(y, 3, kernel, stride=stride, dilation=dilation, activation=NONE))
    return model.build()


def with_same(model: Model) -> Model:
    """The convolution with SAME padding on the map as it was; what it then gives may differ."""
    graph = model.subgraphs[0]
    pad, conv = graph.operators
    options: Any = conv.builtin_options
    kernel = graph.tensors[conv.inputs[1]].shape[1:3]
    sizes = graph.tensors[pad.inputs[0]].shape[1:3]
    strides = (options.stride_h, options.stride_w)
    out = [
        output_size(size, k, stride, Padding.SAME)
        for size, k, stride in zip(sizes, kernel, strides, strict=True)
    ]
    return rewrite(
        model,
        gone=[0],
        instead={pad.outputs[0]: pad.inputs[0]},
        shapes={conv.outputs[0]: (1, *out, 3)},
        options={1: dataclasses.replace(options, padding=Padding.SAME)},
    )


def agree(model: Model, runtime: str) -> bool:
    inputs = random_inputs(model, 5)
    (left,), (right,) = (run(m, inputs, runtime) for m in (model, with_same(model)))
    return left.shape == right.shape and left.tobytes() == right.tobytes()


few = st.integers(0, 3)
ZERO = {FLOAT32: 0, INT8: 3}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("type", [FLOAT32, INT8])
@settings(max_examples=150, deadline=None)
@given(
    pads=st.tuples(few, few, few, few),
    sizes=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    value=st.none() | st.sampled_from([0.0, 3.0]),
)
def test_it_fires_where_the_bits_are_the_same(
    pads: tuple[int, ...],
    sizes: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    dilation: int,
    value: float | None,
    type: TensorType,
    runtime: str,
) -> None:
    assume(any(pads))
    if type is INT8 and value is not None:
        value = int(value)
    model = padded(
        pads,
        sizes=sizes,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        value=value,
        type=type,
    )
    assume(min(model.subgraphs[0].tensors[-1].shape) > 0)
    fires = bool(findings("TFL608", model, runtime))
    event(f"fires: {fires}")
    same = agree(model, runtime)
    assert same or not fires
    # Another number than zero does no harm where no window reaches it; that is let pass.
    if value in (None, ZERO[type]):
        assert fires is same


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
)
def test_it_fires_on_what_same_would_pad(
    sizes: tuple[int, int], kernel: tuple[int, int], stride: int
) -> None:
    pads: list[int] = []
    for size, k in zip(sizes, kernel, strict=True):
        out = output_size(size, k, stride, Padding.SAME)
        total = max((out - 1) * stride + k - size, 0)
        pads += [total // 2, total - total // 2]
    assume(any(pads))
    model = padded(tuple(pads), sizes=sizes, kernel=kernel, stride=stride)

    assert findings("TFL608", model)
    assert agree(model, "tflm")


def test_every_reader_has_to_agree() -> None:
    assert len(findings("TFL608", padded((1, 1, 1, 1), convolutions=2))) == 1

    model = ModelBuilder()
    x, y = model.input((1, 6, 6, 2)), model.tensor((1, 8, 8, 2))
    pads = model.constant((4, 2), INT32, (0, 0, 1, 1, 1, 1, 0, 0))
    model.operator("PAD", [x, pads], [y], PadOptions())
    model.output(model.conv_2d(y, 3, 3), model.unary("TANH", y))
    assert findings("TFL608", model.build()) == ()
