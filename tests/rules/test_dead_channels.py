"""TFL307: without dead channels outputs are the same, and what needs channels is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.findings import findings
from tests.runtimes import assert_bit_equal, random_inputs, run
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Padding,
    ReducerOptions,
    TensorType,
    TransposeConvOptions,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint_rules.example_models import constant_of, overwrite

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16
INT32, INT64 = TensorType.INT32, TensorType.INT64
NUMPY = {FLOAT32: np.float32, INT8: np.int8, INT16: np.int16, INT32: np.int32, INT64: np.int64}


class Weights:
    """The layers' weights as arrays, so that a network can be built again without channels."""

    def __init__(self, seed: int, type: TensorType) -> None:
        random = np.random.default_rng(seed)

        def draw(*shape: int) -> np.ndarray:
            if type is FLOAT32:
                return random.normal(size=shape).astype(np.float32)
            return random.integers(-127, 128, shape).astype(np.int8)

        self.type = type
        self.filters = draw(6, 3, 3, 2)
        self.depthwise = draw(1, 3, 3, 6)
        self.pointwise = draw(5, 1, 1, 6)
        self.dense = draw(4, 3 * 3 * 6)
        self.bias = np.zeros(6, np.float32 if type is FLOAT32 else np.int32)

    def without(self, *channels: int) -> Weights:
        """The same without these of the first layer's channels."""
        less = Weights(0, self.type)
        kept = [c for c in range(6) if c not in channels]
        less.filters, less.bias = self.filters[kept], self.bias[kept]
        less.depthwise, less.pointwise = self.depthwise[..., kept], self.pointwise[..., kept]
        less.dense = self.dense.reshape(4, 9, 6)[..., kept].reshape(4, -1)
        return less

    def constant(self, model: ModelBuilder, array: np.ndarray, axis: int = 0) -> int:
        type = {np.dtype(v): k for k, v in NUMPY.items()}[array.dtype]
        # Scales that are powers of two: nothing is rounded away from bias and product.
        scales = {INT8: 2.0**-7, INT32: 2.0**-11}
        quantization = per_tensor(scales[type]) if type in scales else None
        return model.constant(array.shape, type, array.tobytes(), quantization)

    def network(self, *, dense: bool, depthwise: bool) -> Model:
        """Convolution, depthwise layer, pool, and a dense layer or a pointwise one."""
        model = ModelBuilder()
        count = len(self.filters)
        scale = None if self.type is FLOAT32 else per_tensor(2.0**-4)

        def tensor(*shape: int) -> int:
            return model.tensor(shape, self.type, scale)

        relu = ActivationFunctionType.RELU
        x = model.input((1, 8, 8, 2), self.type, scale)
        y = tensor(1, 6, 6, count)
        options = Conv2DOptions(
            padding=Padding.VALID, stride_w=1, stride_h=1, fused_activation_function=relu
        )
        biased = [x, self.constant(model, self.filters), self.constant(model, self.bias)]
        model.operator("CONV_2D", biased, [y], options, version=3)
        if depthwise:
            x, y = y, tensor(1, 6, 6, count)
            w = self.constant(model, self.depthwise)
            same = DepthwiseConv2DOptions(
                padding=Padding.SAME, stride_w=1, stride_h=1, depth_multiplier=1
            )
            zeros = self.constant(model, np.zeros_like(self.bias))
            model.operator("DEPTHWISE_CONV_2D", [x, w, zeros], [y], same, version=3)
        y = model.pool_2d(y)
        if dense:
            x = model.reshape(y, (1, 9 * count))
            y = model.tensor((1, 4), self.type, scale and per_tensor(4.0))
            w = self.constant(model, self.dense)
            model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions(), version=4)
        else:
            x, y = y, tensor(1, 3, 3, 5)
            w = self.constant(model, self.pointwise)
            zeros = self.constant(model, np.zeros(5, self.bias.dtype))
            model.operator("CONV_2D", [x, w, zeros], [y], options, version=3)
        model.output(y)
        return model.build()


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "pointwise"])
@pytest.mark.parametrize("type", [INT8, FLOAT32], ids=lambda type: type.name)
@pytest.mark.parametrize(
    ("how", "depthwise"),
    [
        ("empty", False),
        ("empty", True),
        ("empty depthwise", True),
        ("unread", False),
        ("unread", True),
    ],
)
def test_without_dead_channels_the_outputs_are_the_same(
    how: str, depthwise: bool, type: TensorType, dense: bool
) -> None:
    weights = Weights(7, type)
    if how == "empty":
        weights.filters[[1, 4]] = -0.0 if type is FLOAT32 else 0
    elif how == "empty depthwise":
        weights.depthwise[..., [1, 4]] = 0
    else:
        weights.pointwise[..., [1, 4]] = 0
        weights.dense.reshape(4, 9, 6)[..., [1, 4]] = 0
    full = weights.network(dense=dense, depthwise=depthwise)
    less = weights.without(1, 4).network(dense=dense, depthwise=depthwise)
    (finding,) = findings("TFL307", full)

    assert finding.message.startswith("2 of 6 output channels are dead")
    assert findings("TFL307", less) == ()
    before, after = write_model(full), write_model(less)
    # What it says it saves: the data that are not there any more, but for shapes.
    size = sum(len(b.data or b"") for b in full.buffers) - sum(
        len(b.data or b"") for b in less.buffers
    )
    assert f"{size} B of weights" in finding.message
    x = random_inputs(full)
    (one,), (other,) = run(before, x, "litert"), run(after, x, "litert")
    assert np.unique(one).size > 3
    if type is INT8:
        assert (one == other).all()
        assert_bit_equal(full, less, "tflm")
    else:
        # Sums of other lengths may be added in another order.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def two_convolutions(
    between: str = "", *, filters: int = 4, type: TensorType = INT8, transposed: bool = False
) -> ModelBuilder:
    """A convolution whose first channel is dead, something `between`, and another."""
    model = ModelBuilder()
    x = model.input((1, 8, 8, 4), type)
    y = model.conv_2d(x, filters, 1)
    data = constant_of(model, 0, 1)
    width = len(data) // filters
    overwrite(model, 0, 1, bytes(width) + data[width:])
    y = BETWEEN[between](model, x, y)
    if transposed:
        shape = model.constant((4,), INT32, (1, 8, 8, 3))
        w = model.constant((3, 1, 1, filters), type, quantization=per_tensor(0.1))
        z = model.tensor((1, 8, 8, 3), type)
        options = TransposeConvOptions(padding=Padding.SAME, stride_w=1, stride_h=1)
        model.operator("TRANSPOSE_CONV", [shape, w, y], [z], options)
    else:
        z = model.conv_2d(y, 3, 1)
    model.output(z)
    return model


def like(model: ModelBuilder, y: int, name: str, *inputs: int, options: object = None) -> int:
    z = model.tensor(model.shape(y), model.type(y), model.tensors[y].quantization)
    model.operator(name, [y, *inputs], [z], options)  # type: ignore[arg-type]
    return z


def joined(model: ModelBuilder, x: int, y: int) -> int:
    z = model.tensor((1, 8, 8, 8), INT8)
    model.operator("CONCATENATION", [y, x], [z], ConcatenationOptions(axis=3))
    return z


def averaged(model: ModelBuilder, y: int, *axes: int) -> int:
    kept = [1 if i in [a % 4 for a in axes] else d for i, d in enumerate(model.shape(y))]
    z = model.tensor(kept, INT8)
    axis = model.constant((len(axes),), INT32, axes)
    model.operator("MEAN", [y, axis], [z], ReducerOptions(keep_dims=True))
    return z


def also_output(model: ModelBuilder, y: int) -> int:
    model.output(y)
    return y


def one_of(model: ModelBuilder, y: int) -> int:
    return model.constant(model.shape(y), INT8, quantization=per_tensor(0.1))


BETWEEN = {
    "": lambda model, x, y: y,
    "RELU": lambda model, x, y: model.unary("RELU", y),
    "a constant added": lambda model, x, y: like(model, y, "ADD", one_of(model, y)),
    "itself added": lambda model, x, y: like(model, y, "ADD", y, options=AddOptions()),
    "the mean over the map": lambda model, x, y: averaged(model, y, 1, 2),
    "a branch added": lambda model, x, y: like(model, y, "ADD", x, options=AddOptions()),
    "a branch joined on": joined,
    "the mean over channels": lambda model, x, y: averaged(model, y, 1, -1),
    "a SOFTMAX": lambda model, x, y: model.softmax(y),
    "a custom operator": lambda model, x, y: like(model, y, "Mystery"),
    "an output": lambda model, x, y: also_output(model, y),
}


@pytest.mark.parametrize("between", list(BETWEEN)[:5])
@pytest.mark.parametrize("transposed", [False, True])
def test_channels_are_followed_through_what_keeps_them(between: str, transposed: bool) -> None:
    model = two_convolutions(between, transposed=transposed)
    (finding,) = findings("TFL307", model.build())

    assert finding.message.startswith("1 of 4 output channels is dead")
    assert finding.location.operator == 0


@pytest.mark.parametrize("between", list(BETWEEN)[5:])
def test_silent_where_something_needs_the_channels(between: str) -> None:
    assert findings("TFL307", two_convolutions(between).build()) == ()


@pytest.mark.parametrize(("filters", "severity"), [(400, Severity.INFO), (50, Severity.WARNING)])
def test_one_dead_channel_of_hundreds_is_for_information(filters: int, severity: Severity) -> None:
    (finding,) = findings("TFL307", two_convolutions(filters=filters).build())

    assert f"1 of {filters} output channels is dead" in finding.message
    assert finding.severity is severity


def test_silent_about_a_value_that_two_operators_write() -> None:
    model = two_convolutions()
    model.operator("RELU", [0], [model.operators[0].outputs[0]])

    assert findings("TFL307", model.build()) == ()


def test_a_reader_out_of_order_is_a_reader() -> None:
    """It comes before what it reads, so that a walk in order does not meet it."""
    model = two_convolutions()
    y = model.operators[0].outputs[0]
    z = model.tensor(model.shape(y), INT8)
    model.operator("LOG", [y], [z])
    model.operators.insert(0, model.operators.pop())
    model.output(z)

    assert findings("TFL307", model.build()) == ()


@pytest.mark.parametrize("empty", [True, False])
def test_channels_of_two_readers_are_dead_only_if_neither_reads_them(empty: bool) -> None:
    model = ModelBuilder()
    y = model.conv_2d(model.input((1, 8, 8, 4), INT8), 4, 1)
    model.output(model.conv_2d(y, 3, 1), model.conv_2d(y, 2, 1))
    for operator, rows in ((1, 3), (2, 2) if empty else (1, 3)):
        data = constant_of(model, operator, 1)
        for row in range(rows):
            data[4 * row] = 0
        overwrite(model, operator, 1, data)

    assert len(findings("TFL307", model.build())) == empty


def test_an_unread_channel_is_dead_behind_zero_weights_of_a_depthwise_layer() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1), INT8), 4, 3)
    model.output(model.conv_2d(model.depthwise_conv_2d(x, 3), 2, 1))
    data = constant_of(model, 1, 1)
    data[2::4] = bytes(9)
    overwrite(model, 1, 1, data)
    (finding,) = findings("TFL307", model.build())

    assert "no layer reads it" in finding.message
    # 9 of the convolution and 4 of its bias, 9 and 4 of the depthwise layer, 2 that read it.
    assert "28 B of weights" in finding.message
