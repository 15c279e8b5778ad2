"""Rules that look at weights: what they claim is so on the runtimes, and where they are silent."""

from __future__ import annotations

import dataclasses
import struct
import warnings

import numpy as np
import pytest

from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, assert_bit_equal, random_inputs, run
from tflint.lint.registry import find_rule
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_channel, per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import (
    AddOptions,
    Conv2DOptions,
    FullyConnectedOptions,
    TensorType,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target
from tflint_rules.example_models import constant_of, overwrite

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16
INT32, INT64 = TensorType.INT32, TensorType.INT64
NUMPY = {FLOAT32: np.float32, INT8: np.int8, INT16: np.int16, INT32: np.int32, INT64: np.int64}


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


def test_weights_shorter_than_their_shape_are_passed_over() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 64), INT8), units=64))
    built = model.build()
    graph = built.subgraphs[0]
    tensors = tuple(
        dataclasses.replace(tensor, shape=(64, 1_000_000)) if tensor.shape == (64, 64) else tensor
        for tensor in graph.tensors
    )
    changed = dataclasses.replace(graph, tensors=tensors)

    assert findings("TFL308", dataclasses.replace(built, subgraphs=(changed,))) == ()


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
