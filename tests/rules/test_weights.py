"""Rules that look at weights: what they claim is so on the runtimes, and where they are silent."""

from __future__ import annotations

import dataclasses
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.runtimes import RUNTIMES, assert_bit_equal, random_inputs, run
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Finding, Severity
from tflint.lint.registry import find_rule
from tflint.lint.runner import check_example
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_channel, per_tensor
from tflint.model.reader import parse_model
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
from tflint.target.target import find_target
from tflint_rules.example_models import constant_of, overwrite

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16
INT32, INT64 = TensorType.INT32, TensorType.INT64
NUMPY = {FLOAT32: np.float32, INT8: np.int8, INT16: np.int16, INT32: np.int32, INT64: np.int64}


def findings(code: str, model: Model | bytes, target: str = "tflm") -> tuple[Finding, ...]:
    rule = find_rule(code)
    assert rule is not None
    return check_example(model, [rule], find_target(target)).findings


# TFL307


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


# TFL308


def compress(file: bytes, tensor: int, bits: int, axis: int | None) -> tuple[bytes, int]:
    """The file with one tensor compressed by TFLM's own tool, and the bytes of that tensor."""
    tool = "tflite_micro.tensorflow.lite.micro.compression"
    reason = "needs a tflite-micro whose compression inserts DECODE operators"
    model_editor = pytest.importorskip(f"{tool}.model_editor", reason=reason)
    decode_insert = pytest.importorskip(f"{tool}.decode_insert", reason=reason)
    lut = pytest.importorskip(f"{tool}.lut", reason=reason)
    spec = pytest.importorskip(f"{tool}.spec", reason=reason)
    mode = spec.PerTensor() if axis is None else spec.PerChannel(axis=axis)
    model = model_editor.read(file)
    method = spec.LookUpTableCompression(index_bitwidth=bits, mode=mode)
    result = lut.LutCompressor().compress(model.subgraphs[0].tensors[tensor], method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decode_insert.insert_decode_operators(model, {(0, tensor): result})
    # Written anew for the alignment that the tool leaves to a part that wheels do not have.
    written = write_model(parse_model(bytes(model.build())))
    return written, len(result.encoded_data) + len(result.ancillary_data)


@pytest.mark.parametrize("values", [2, 3, 16, 17, 60])
@pytest.mark.parametrize("scales", [False, True], ids=["one scale", "a scale a channel"])
@pytest.mark.parametrize("kind", ["dense", "conv", "depthwise"])
def test_compressed_weights_take_what_is_said_and_compute_the_same(
    kind: str, scales: bool, values: int
) -> None:
    random = np.random.default_rng(values)
    model = ModelBuilder()
    axis = 3 if kind == "depthwise" else 0
    if kind == "dense":
        y = model.fully_connected(model.input((1, 512), INT8), units=8)
    elif kind == "conv":
        y = model.conv_2d(model.input((1, 8, 8, 60), INT8), 8, 3)
    else:
        y = model.depthwise_conv_2d(model.input((1, 16, 16, 32), INT8), 13)
    model.output(y)
    tensor = model.operators[0].inputs[1]
    shape = model.shape(tensor)
    several = per_channel([0.01 + 0.001 * c for c in range(shape[axis])], axis)
    model.tensors[tensor] = dataclasses.replace(
        model.tensors[tensor], quantization=several if scales else per_tensor(0.01)
    )
    chosen = random.integers(0, values, shape)
    if scales:
        # Each channel has values of its own.
        offsets = 3 * np.arange(shape[axis])
        chosen += offsets.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    overwrite(model, 0, 1, (chosen - values // 2).astype(np.int8).tobytes())
    built = model.build()
    file = write_model(built)
    bits = max((values - 1).bit_length(), 1)
    compressed, size = compress(file, tensor, bits, axis if scales else None)
    found = findings("TFL308", file)
    worth = size <= 0.75 * chosen.size and chosen.size - size >= 1024

    assert len(found) == worth
    if worth:
        shown = f"{size:,} B" if size < 1024 else f"{size / 1024:,.1f} KiB"
        assert f"indices of {bits} bit" in found[0].message
        assert f"hold them in {shown} instead" in found[0].message
    x = random_inputs(built)
    (before,), (after,) = run(file, x, "tflm"), run(compressed, x, "tflm")
    assert (before == after).all()


def test_constants_that_a_kernel_reads_early_are_not_compressed() -> None:
    """A table of paddings or shapes has to be constant when the interpreter prepares."""
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    table = model.constant((1024,), INT32, (0, 1) * 512)
    model.operator("PAD", [x, table], [y])
    model.operator("CONCATENATION", [table, table], [model.tensor((2048,), INT32)])
    model.output(y)

    assert findings("TFL308", model.build()) == ()


# TFL403, TFL407


def depthwise(scales: int, peaks: list[int], type: TensorType = INT8) -> Model:
    model = ModelBuilder()
    model.output(model.depthwise_conv_2d(model.input((1, 8, 8, len(peaks)), type), 3))
    weights = model.operators[0].inputs[1]
    quantization = per_channel((0.01,) * scales, 3)
    model.tensors[weights] = dataclasses.replace(model.tensors[weights], quantization=quantization)
    overwrite(model, 0, 1, np.array([peaks] + [[0] * len(peaks)] * 8, np.int8).tobytes())
    return model.build()


@pytest.mark.parametrize("type", [INT8, INT16])
def test_the_spread_is_that_of_the_channels(type: TensorType) -> None:
    (finding,) = findings("TFL403", depthwise(1, [127, -4, 60, 100, 0], type))

    assert "from 4 to 127 steps, a spread of x 31.8: 2 of 5" in finding.message
    assert findings("TFL407", depthwise(1, [127, -4, 60, 100, 0], type)) == ()


def test_layers_of_one_model_are_one_finding_at_the_worst() -> None:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 2), INT8)
    for peak in (50, 5, 20):
        w = model.constant((2, 1, 1, 2), INT8, [127, 0, peak, 0], per_tensor(0.01))
        y = model.tensor((1, 8, 8, 2), INT8)
        model.operator("CONV_2D", [x, w, -1], [y], Conv2DOptions(stride_w=1, stride_h=1))
        x = y
    model.output(x)
    (finding,) = findings("TFL403", model.build())

    assert finding.location.operator == 1
    assert "2 more like it" in finding.message


@pytest.mark.parametrize(
    ("scales", "says"),
    [
        pytest.param((0.01, 0.01, 0.01), "1 of 3", id="alike"),
        pytest.param((0.01, 0.01, 0.00001), None, id="a channel next to nothing"),
    ],
)
def test_range_is_wasted_only_where_it_would_matter(
    scales: tuple[float, ...], says: str | None
) -> None:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 8, 8, 4), INT8), 3, 1))
    weights = model.operators[0].inputs[1]
    model.tensors[weights] = dataclasses.replace(
        model.tensors[weights], quantization=per_channel(scales, 0)
    )
    overwrite(model, 0, 1, np.array([[127] * 4, [-128] * 4, [33] * 4], np.int8).tobytes())
    found = findings("TFL407", model.build())

    assert [says in f.message for f in found] == [True] if says else not found


@pytest.mark.parametrize(("bias", "filled"), [(2**30, True), (-(2**30), True), (2**20, False)])
def test_a_range_that_was_given_up_for_the_bias_is_told_apart(bias: int, filled: bool) -> None:
    """What today's converter does where an input hardly varies, as in squeeze-and-excite."""
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 1, 1, 8), INT8), 4, 1))
    overwrite(model, 0, 1, bytes([7, 1, 0, 0, 0, 0, 0, 0] * 4))
    overwrite(model, 0, 2, struct.pack("<4i", bias, 0, 0, 0))
    (finding,) = findings("TFL407", model.build())

    assert ("the biases fill int32" in finding.help) is filled


def test_no_finding_about_weights_of_a_hybrid_model_on_a_microcontroller() -> None:
    model = ModelBuilder()
    x = model.input((1, 8))
    w = model.constant((2, 8), INT8, [5] * 16, per_tensor(0.01))
    y = model.tensor((1, 2))
    model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
    model.output(y)

    assert findings("TFL407", model.build()) == ()
    assert len(findings("TFL407", model.build(), "litert")) == 1


# TFL406


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


# TFL606


def twins(*, share: bool, aligned: bool = True) -> Model:
    model = ModelBuilder()
    x = model.input((1, 64), INT8)
    y = model.fully_connected(model.fully_connected(x, 64), 64)
    model.output(y)
    overwrite(model, 1, 1, constant_of(model, 0, 1))
    if share:
        first, second = (model.operators[i].inputs[1] for i in (0, 1))
        model.tensors[second] = dataclasses.replace(
            model.tensors[second], buffer=model.tensors[first].buffer
        )
    return model.build()


def test_with_a_shared_buffer_the_outputs_are_the_same() -> None:
    one, two = twins(share=True), twins(share=False)
    (finding,) = findings("TFL606", two)

    # The two biases of zeros are equal as well.
    assert "2 constants" in finding.message
    assert "4.2 KiB too much" in finding.message
    for runtime in RUNTIMES:
        assert_bit_equal(one, two, runtime)


def test_buffers_that_lie_at_the_same_place_are_stored_once() -> None:
    model = twins(share=False)
    file = write_model(model)
    parsed = parse_model(file)
    assert len(findings("TFL606", file)) == 1
    first, second = (parsed.subgraphs[0].operators[i].inputs[1] for i in (0, 1))
    buffers = list(parsed.buffers)
    tensors = parsed.subgraphs[0].tensors
    buffers[tensors[second].buffer] = buffers[tensors[first].buffer]
    from tflint.lint.registry import find_rule
    from tflint.lint.runner import check_model

    rule = find_rule("TFL606")
    assert rule is not None
    aliased = dataclasses.replace(parsed, buffers=tuple(buffers))
    report = check_model(aliased, [rule], find_target("tflm"), "m.tflite")
    assert "1 constant" in report.findings[0].message


def test_constants_that_differ_in_one_byte_in_the_middle_are_two() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4096), INT8), model.tensor((1, 4096), INT8)
    data = bytearray(b"\x05" * 4096)
    first = model.constant((1, 4096), INT8, bytes(data))
    data[2000] = 6
    second = model.constant((1, 4096), INT8, bytes(data))
    for constant in (first, second):
        model.operator("ADD", [x, constant], [y], AddOptions())
    model.output(y)

    assert findings("TFL606", model.build()) == ()


def test_rules_about_weights_take_any_graph() -> None:
    """Operators with too few inputs, without options, of other ranks, on values of no elements."""
    kinds = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
    shapes = ((), (0,), (1,), (2, 3), (1, 2, 3, 4), (4, 0, 1, 2), (-1, 2), (1, 1, 1, 1, 1))
    for type in (INT8, INT16, FLOAT32, TensorType.INT4, TensorType.STRING):
        model = ModelBuilder()
        graph: GraphBuilder = model
        for kind in kinds:
            for shape in shapes:
                data = graph.constant(shape, type, bytes(24))
                empty = graph.tensor(shape, type)
                for inputs in ([], [empty], [empty, data], [data] * 4, [empty, data, data], [-1]):
                    graph.operator(kind, inputs, [graph.tensor(shape, type)])
                    graph.operator(kind, inputs, [])
        built = model.build()
        for code in ("TFL307", "TFL308", "TFL403", "TFL406", "TFL407", "TFL606"):
            for target in ("tflm", "litert", "tflm-cmsis-nn"):
                findings(code, built, target)
