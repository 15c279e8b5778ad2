"""Models from the builder run, in LiteRT and in TensorFlow Lite Micro."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import math
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.model.sample_models import RUNNABLE, SAMPLES, convolutions
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import output_size, per_channel, per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    Padding,
    TensorType,
)
from tflint.model.tables import Model
from tflint.model.types import packed_bytes
from tflint.model.writer import write_model

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16
NUMPY_TYPES = {FLOAT32: "<f4", INT8: "<i1", INT16: "<i2", TensorType.BOOL: "?"}

litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="ai-edge-litert is not installed"
)
tflm = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None, reason="tflite-micro is not installed"
)


def inputs_of(model: Model) -> list[bytes]:
    """The same values for each input every time, on both sides of zero."""
    graph = model.subgraphs[0]
    found = []
    for index in graph.inputs:
        tensor = graph.tensors[index]
        count = math.prod(tensor.shape)
        ramp = [(5 * i % 17 - 8) for i in range(count)]
        code = {FLOAT32: "f", INT8: "b", INT16: "h", TensorType.BOOL: "?"}[tensor.type]
        found.append(struct.pack(f"<{count}{code}", *ramp))
    return found


def run_litert(data: bytes, model: Model) -> list[bytes]:
    """The outputs of LiteRT's reference kernels."""
    import numpy
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), inputs_of(model), strict=True):
        array = numpy.frombuffer(values, detail["dtype"]).reshape(detail["shape"])
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    details = interpreter.get_output_details()
    return [interpreter.get_tensor(detail["index"]).tobytes() for detail in details]


def run_tflm(data: bytes, model: Model) -> list[bytes]:
    """The outputs of TensorFlow Lite Micro."""
    import numpy
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(data)
    graph = model.subgraphs[0]
    for i, values in enumerate(inputs_of(model)):
        tensor = graph.tensors[graph.inputs[i]]
        array = numpy.frombuffer(values, NUMPY_TYPES[tensor.type]).reshape(tensor.shape)
        interpreter.set_input(array, i)
    interpreter.invoke()
    return [interpreter.get_output(i).tobytes() for i in range(len(graph.outputs))]


def assert_meaningful(model: Model, outputs: list[bytes]) -> None:
    """Outputs have their tensors' sizes, are finite, and not all the same."""
    graph = model.subgraphs[0]
    assert len(outputs) == len(graph.outputs)
    for index, output in zip(graph.outputs, outputs, strict=True):
        tensor = graph.tensors[index]
        assert len(output) == packed_bytes(tensor.shape, tensor.type)
        code = {FLOAT32: "f", INT8: "b", INT16: "h"}[tensor.type]
        values = struct.unpack(f"<{len(output) // struct.calcsize(code)}{code}", output)
        assert all(map(math.isfinite, values))
        assert len(set(values)) > 1


@litert
@pytest.mark.parametrize("sample", RUNNABLE)
def test_litert_runs_what_is_built(sample: Callable[[], Model]) -> None:
    model = sample()
    assert_meaningful(model, run_litert(write_model(model), model))


# TFLM has no hybrid kernels, and dequantizes no float16.
ON_TFLM = [
    sample for sample in RUNNABLE if sample.__name__ not in ("dynamic_range_model", "float16_model")
]


@tflm
@pytest.mark.parametrize("sample", ON_TFLM)
def test_tflm_runs_what_is_built(sample: Callable[[], Model]) -> None:
    model = sample()
    assert_meaningful(model, run_tflm(write_model(model), model))


@litert
@tflm
def test_both_runtimes_agree_on_an_int8_model() -> None:
    model = convolutions(INT8).build()
    data = write_model(model)
    (ours,), (theirs,) = run_litert(data, model), run_tflm(data, model)
    differences = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    assert max(differences) <= 1


@litert
@pytest.mark.parametrize("sample", RUNNABLE)
def test_rewriting_does_not_change_outputs(sample: Callable[[], Model]) -> None:
    model = sample()
    data = write_model(model)
    assert run_litert(write_model(parse_model(data)), model) == run_litert(data, model)


@litert
def test_rewriting_does_not_change_the_outputs_of_real_models(shared_model: Path) -> None:
    data = shared_model.read_bytes()
    model = parse_model(data)
    try:
        before = run_litert(data, model)
    except (ValueError, RuntimeError) as error:
        reason = str(error).partition(".")[0]
        pytest.skip(f"LiteRT's reference kernels do not run this model: {reason}")
    assert run_litert(write_model(model), model) == before


# What the builder fills in


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "expected"),
    [
        (8, 3, 1, Padding.SAME, 1, 8),
        (8, 3, 2, Padding.SAME, 1, 4),
        (7, 3, 2, Padding.SAME, 1, 4),
        (8, 3, 1, Padding.VALID, 1, 6),
        (8, 3, 2, Padding.VALID, 1, 3),
        (7, 2, 2, Padding.VALID, 1, 3),
        (8, 3, 1, Padding.VALID, 2, 4),
    ],
)
def test_output_size(
    size: int, kernel: int, stride: int, padding: Padding, dilation: int, expected: int
) -> None:
    assert output_size(size, kernel, stride, padding, dilation) == expected


@litert
@pytest.mark.parametrize("padding", list(Padding))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_output_shapes_are_those_that_litert_computes(
    padding: Padding, stride: int, dilation: int
) -> None:
    if stride > 1 and dilation > 1:
        stride = 1
    model = ModelBuilder()
    x = model.input((1, 11, 9, 2))
    y = model.conv_2d(x, 3, (3, 2), stride=stride, dilation=dilation, padding=padding)
    y = model.pool_2d(y, size=2, stride=1, padding=padding)
    model.output(y)
    built = model.build()
    (output,) = run_litert(write_model(built), built)
    assert len(output) == 4 * math.prod(model.shape(y))


def test_the_same_lines_give_the_same_bytes() -> None:
    assert write_model(convolutions().build()) == write_model(convolutions().build())
    assert ModelBuilder(seed=1).random_data((8,), FLOAT32) != ModelBuilder().random_data(
        (8,), FLOAT32
    )


@pytest.mark.parametrize("type", [t for t in TensorType if packed_bytes((1,), t)])
def test_constants_have_as_many_bytes_as_their_shape_asks_for(type: TensorType) -> None:
    model = ModelBuilder()
    model.constant((3, 5), type)
    (_, buffer) = model.build().buffers
    assert len(buffer.data or b"") == packed_bytes((3, 5), type)


def test_int8_weights_stay_in_their_symmetric_range() -> None:
    """The quantisation specification leaves -128 to activations."""
    weights = ModelBuilder().random_data((64, 64), INT8)
    assert min(struct.unpack("<4096b", weights)) == -127


def test_int8_layers_are_quantized_as_kernels_demand() -> None:
    model = convolutions(INT8).build()
    tensors = model.subgraphs[0].tensors
    for operator in model.subgraphs[0].operators:
        name = model.operator_codes[operator.opcode_index].name
        if name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        x, w, b = (tensors[i].quantization for i in operator.inputs)
        assert x is not None
        assert w is not None
        assert b is not None
        assert set(w.zero_point) == set(b.zero_point) == {0}
        channels = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}[name]
        assert w.quantized_dimension == channels
        if name != "FULLY_CONNECTED":
            assert len(w.scale) == tensors[operator.inputs[1]].shape[channels]
        for weight_scale, bias_scale in zip(w.scale, b.scale, strict=True):
            assert bias_scale == pytest.approx(x.scale[0] * weight_scale, rel=1e-6)


def test_an_operators_code_is_entered_once() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    for name in ("RELU", "TANH", "RELU", "MyOperator", "MyOperator"):
        x = model.unary(name, x)
    built = model.build()
    assert [code.name for code in built.operator_codes] == ["RELU", "TANH", "MyOperator"]
    assert [o.opcode_index for o in built.subgraphs[0].operators] == [0, 1, 0, 2, 2]
    for code in built.operator_codes:
        assert code.deprecated_builtin_code == min(code.builtin_code, 127)


def test_an_option_that_does_not_exist_is_an_error() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    with pytest.raises(TypeError):
        model.unary("RELU", x, scale=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        AddOptions(activation=ActivationFunctionType.RELU)  # type: ignore[call-arg]


def test_quantization_holds_what_a_file_can_hold() -> None:
    for quantization in (per_tensor(0.1, 3), per_channel([0.1, 0.2], axis=1)):
        model = ModelBuilder()
        model.tensor((2, 2), INT8, quantization)
        read = parse_model(write_model(model.build()))
        assert read.subgraphs[0].tensors[0].quantization == quantization


@functools.cache
def sizes() -> dict[str, int]:
    return {sample.__name__: len(write_model(sample())) for sample in SAMPLES}


def test_files_are_about_as_large_as_their_constants() -> None:
    for sample in SAMPLES:
        constants = sum(len(buffer.data or b"") for buffer in sample().buffers)
        assert sizes()[sample.__name__] < constants + 6_000


def test_a_built_model_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        convolutions().build().version = 4  # type: ignore[misc]
