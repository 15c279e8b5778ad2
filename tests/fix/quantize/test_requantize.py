"""The whole way: from float, float16 and dynamic range to integers that do the same."""

from __future__ import annotations

import functools
import importlib.util
import random

import numpy as np
import pytest

from tests.fix.quantize.float_networks import (
    float_samples,
    image_network,
    sequence_network,
)
from tests.runtimes import run
from tflint.errors import MissingExtra, UnknownName, UsageError
from tflint.fix.proof.samples import Samples
from tflint.fix.quantize import agreement, worker_process
from tflint.fix.quantize.agreement import quantized_inputs
from tflint.fix.quantize.requantize import MODES, Requantized, requantize
from tflint.fix.quantize.static_quantization import CALIBRATIONS, NotQuantized
from tflint.fix.quantize.verification import is_integer, quantization_faults
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import SVDFOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target

FLOAT16, FLOAT32, INT8, INT16 = (
    TensorType.FLOAT16,
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
)
_PACKAGES = ("ai_edge_litert", "ai_edge_quantizer")
needs_quantizer = pytest.mark.skipif(
    any(importlib.util.find_spec(package) is None for package in _PACKAGES),
    reason="needs the extra `quantize`",
)
TFLM = find_target("tflm")


def _quantized(
    model: Model, mode: str = "int8", samples: Samples | None = None, calibration: str = "minmax"
) -> Requantized:
    samples = float_samples(model) if samples is None else samples
    return requantize(write_model(model), mode, samples, TFLM, calibration=calibration)


@functools.cache
def _image(
    weights: TensorType | None = None, mode: str = "int8", calibration: str = "minmax"
) -> Requantized:
    """The image network quantised, once for all tests."""
    return _quantized(image_network(weights=weights), mode, calibration=calibration)


@functools.cache
def _sequence() -> Requantized:
    return _quantized(sequence_network(), calibration="best")


def _names(data: bytes) -> list[str]:
    return [node.name for node in graphs(parse_model(data))[0].nodes]


def _outputs(data: bytes, inputs: tuple[np.ndarray, ...], runtime: str) -> np.ndarray:
    tensor = parse_model(data).subgraphs[0]
    stored = quantized_inputs(data, inputs)
    found = [
        run(data, [values[sample] for values in stored], runtime)[0]
        for sample in range(len(inputs[0]))
    ]
    return agreement.real(np.stack(found), tensor.tensors[tensor.outputs[0]])


def _hold_close(before: Model, after: bytes, runtime: str, tolerance: float) -> None:
    inputs = float_samples(before, 20, seed=1).inputs
    original = _outputs(write_model(before), inputs, "litert")
    found = _outputs(after, inputs, runtime)
    assert np.abs(found.reshape(original.shape) - original).mean() < tolerance


@needs_quantizer
@pytest.mark.parametrize("weights", [None, FLOAT16, INT8])
@pytest.mark.parametrize("runtime", ["litert", "tflm"])
def test_an_image_network_in_int8(weights: TensorType | None, runtime: str) -> None:
    before = image_network(weights=weights)
    found = _image(weights)
    after = parse_model(found.data)
    assert is_integer(after)
    assert list(quantization_faults(after, INT8)) == []
    assert "QUANTIZE" not in _names(found.data)
    assert "DEQUANTIZE" not in _names(found.data)
    assert found.calibration == "minmax"
    _hold_close(before, found.data, runtime, 0.02)


@needs_quantizer
def test_siblings_end_as_one_graph() -> None:
    names = {tuple(_names(_image(weights).data)) for weights in (None, FLOAT16, INT8)}
    assert len(names) == 1


@needs_quantizer
@pytest.mark.parametrize("runtime", ["litert", "tflm"])
def test_a_sequence_network_has_no_islands(runtime: str) -> None:
    before = sequence_network()
    found = _sequence()
    assert _names(found.data)[:3] == ["RESHAPE", "CONV_2D", "MAX_POOL_2D"]
    assert not {"QUANTIZE", "DEQUANTIZE", "EXPAND_DIMS", "SQUEEZE"} & {*_names(found.data)}
    assert "REDUCE_MAX" in _names(found.data)
    assert "best of minmax, percentile, mse" in found.calibration
    _hold_close(before, found.data, runtime, 0.02)


@needs_quantizer
@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_every_calibration(calibration: str) -> None:
    before = image_network()
    found = _image(calibration=calibration)
    assert found.calibration
    _hold_close(before, found.data, "tflm", 0.02)


@needs_quantizer
def test_int16_with_int8_weights() -> None:
    before = image_network()
    found = _image(mode="int16x8")
    after = parse_model(found.data)
    assert list(quantization_faults(after, INT16)) == []
    assert is_integer(after)
    _hold_close(before, found.data, "tflm", 0.005)


@needs_quantizer
@pytest.mark.parametrize("runtime", ["litert", "tflm"])
def test_maxima_in_int16_are_pools(runtime: str) -> None:
    before = sequence_network()
    found = _quantized(before, "int16x8")
    assert "REDUCE_MAX" not in _names(found.data)
    assert is_integer(parse_model(found.data))
    _hold_close(before, found.data, runtime, 0.005)


@needs_quantizer
def test_what_no_kernel_computes_in_int16_is_named() -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=8)
    x = model.unary("L2_NORMALIZATION", x)
    model.output(model.fully_connected(x, units=3))
    with pytest.raises(NotQuantized, match="L2_NORMALIZATION #"):
        _quantized(model.build(), "int16x8")


@needs_quantizer
@pytest.mark.parametrize(("mode", "small"), [("dynamic", INT8), ("float16", FLOAT16)])
def test_small_weights_without_samples(mode: str, small: TensorType) -> None:
    before = image_network()
    found = requantize(write_model(before), mode, None, TFLM)
    after = parse_model(found.data)
    assert any(v.type is small and v.is_constant for v in graphs(after)[0].values)
    assert all(v.type is FLOAT32 for v in (*graphs(after)[0].inputs, *graphs(after)[0].outputs))
    assert any("TFLM" in note for note in found.notes)
    _hold_close(before, found.data, "litert", 0.02)


@needs_quantizer
def test_codes_in_the_deprecated_field_and_equal_names() -> None:
    model = image_network()
    import dataclasses

    old = dataclasses.replace(
        model,
        operator_codes=tuple(dataclasses.replace(c, builtin_code=0) for c in model.operator_codes),
        subgraphs=tuple(
            dataclasses.replace(
                graph, tensors=tuple(dataclasses.replace(t, name="x") for t in graph.tensors)
            )
            for graph in model.subgraphs
        ),
    )
    assert is_integer(parse_model(_quantized(old).data))


@needs_quantizer
def test_names_signatures_and_metadata_come_through() -> None:
    model = ModelBuilder()
    x = model.input((1, 6), name="in[31m")
    y = model.fully_connected(x, units=4)
    y = model.softmax(y)
    model.output(y)
    model.signature({"features": x}, {"scores": y}, key="classify")
    model.metadata("min_runtime_version", b"2.5.0")
    after = parse_model(_quantized(model.build()).data)
    (signature,) = after.signature_defs
    graph = after.subgraphs[0]
    assert signature.signature_key == "classify"
    assert [(e.name, e.tensor_index) for e in signature.inputs] == [("features", graph.inputs[0])]
    assert [(e.name, e.tensor_index) for e in signature.outputs] == [("scores", graph.outputs[0])]
    assert [entry.name for entry in after.metadata] == ["min_runtime_version"]
    assert bytes(after.buffers[after.metadata[0].buffer].data or b"") == b"2.5.0"
    assert "g0t" not in str(graph.tensors[graph.inputs[0]].name)


@needs_quantizer
@pytest.mark.parametrize(
    "name", ["LEAKY_RELU", "ABS", "HARD_SWISH", "L2_NORMALIZATION", "LOG_SOFTMAX"]
)
def test_operators_that_the_quantizer_does_not_know(name: str) -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=8)
    x = model.unary(name, x)
    model.output(model.fully_connected(x, units=3))
    before = model.build()
    found = _quantized(before)
    assert _names(found.data) == ["FULLY_CONNECTED", name, "FULLY_CONNECTED"]
    _hold_close(before, found.data, "tflm", 0.08)


@needs_quantizer
@pytest.mark.parametrize("name", ["NEG", "SQUARE"])
def test_operators_that_are_products(name: str) -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=8)
    x = model.unary(name, x)
    model.output(model.fully_connected(x, units=3))
    before = model.build()
    found = _quantized(before)
    assert is_integer(parse_model(found.data))
    _hold_close(before, found.data, "tflm", 0.08)


@needs_quantizer
@pytest.mark.parametrize("name", ["MINIMUM", "MAXIMUM"])
@pytest.mark.parametrize("with_constant", [True, False])
def test_comparisons_share_a_scale(name: str, with_constant: bool) -> None:
    model = ModelBuilder()
    x = model.input((1, 6))
    left = model.fully_connected(x, units=8)
    right = model.constant((8,)) if with_constant else model.fully_connected(x, units=8)
    y = model.tensor((1, 8))
    model.operator(name, [left, right], [y])
    model.output(model.fully_connected(y, units=3))
    before = model.build()
    found = _quantized(before)
    assert is_integer(parse_model(found.data))
    _hold_close(before, found.data, "tflm", 0.05)


@needs_quantizer
def test_an_operator_at_the_end_that_the_quantizer_does_not_know() -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=8)
    y = model.tensor((1,), TensorType.INT32)
    from tflint.model.schema import ArgMaxOptions

    axis = model.constant((), TensorType.INT32, (1,))
    model.operator("ARG_MAX", [x, axis], [y], ArgMaxOptions(output_type=TensorType.INT32))
    model.output(y)
    found = _quantized(model.build())
    assert _names(found.data) == ["FULLY_CONNECTED", "ARG_MAX"]


@needs_quantizer
def test_what_no_kernel_computes_in_integers_is_named() -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=8)
    x = model.unary("SIN", x)
    model.output(model.fully_connected(x, units=3))
    with pytest.raises(NotQuantized, match="SIN #"):
        _quantized(model.build())


@needs_quantizer
@pytest.mark.parametrize("seed", range(4))
def test_random_networks(seed: int) -> None:
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    x = model.input((1, 9, 9, 2))
    for _ in range(rng.randrange(1, 4)):
        kind = rng.randrange(5)
        if kind == 0:
            x = model.conv_2d(x, filters=rng.choice((2, 4)), kernel=rng.choice((1, 2)))
        elif kind == 1:
            x = model.depthwise_conv_2d(x, kernel=3)
        elif kind == 2:
            x = model.pool_2d(x, rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D")), stride=1)
        elif kind == 3:
            x = model.unary(rng.choice(("RELU", "LOGISTIC", "TANH", "LEAKY_RELU")), x)
        else:
            y = model.tensor(model.shape(x))
            model.operator("ADD", [x, model.constant(model.shape(x)[-1:])], [y])
            x = y
    x = model.fully_connected(model.flatten(x), units=3)
    model.output(model.softmax(x))
    before = model.build()
    found = _quantized(before)
    assert is_integer(parse_model(found.data))
    _hold_close(before, found.data, "litert", 0.03)
    _hold_close(before, found.data, "tflm", 0.03)


@needs_quantizer
def test_a_model_in_integers_is_left_as_it_is() -> None:
    first = _image()
    again = requantize(first.data, "int8", None, TFLM)
    assert again.data == first.data
    assert "already" in again.notes[0]


@needs_quantizer
def test_other_integers_cannot_be_had_back() -> None:
    first = _image()
    with pytest.raises(NotQuantized, match="already"):
        requantize(first.data, "int16x8", None, TFLM)
    with pytest.raises(NotQuantized, match="already"):
        requantize(first.data, "float16", None, TFLM)


@needs_quantizer
def test_values_that_become_infinite_are_refused() -> None:
    model = ModelBuilder()
    x = model.unary("EXP", model.unary("EXP", model.input((1, 4))))
    model.output(model.fully_connected(x, units=2))
    samples = Samples((np.full((9, 1, 4), 60, np.float32),))
    with pytest.raises(NotQuantized, match="makes becomes infinite"):
        _quantized(model.build(), samples=samples)


@needs_quantizer
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((9, 1, 8, 8, 2), np.nan, np.float32), "NaN"),
        (np.zeros((0, 1, 8, 8, 2), np.float32), "not one sample"),
        (np.zeros((9, 1, 8, 8, 3), np.float32), "takes"),
    ],
)
def test_samples_that_do_not_do(values: np.ndarray, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        _quantized(image_network(), samples=Samples((values,)))


@needs_quantizer
def test_zeros_only() -> None:
    samples = Samples((np.zeros((20, 1, 8, 8, 2), np.float32),))
    assert is_integer(parse_model(_quantized(image_network(), samples=samples).data))


@needs_quantizer
def test_few_samples_and_random_ones_are_told() -> None:
    model = image_network()
    few = _quantized(model, samples=float_samples(model, 5))
    made_up = Samples(float_samples(model, 60).inputs, is_random=True)
    assert any("5 samples" in note for note in few.notes)
    assert any("random inputs" in note for note in _quantized(model, samples=made_up).notes)


@needs_quantizer
def test_custom_operators_are_named() -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=4)
    model.output(model.unary("FlexAngle", x))
    with pytest.raises(NotQuantized, match="FlexAngle #1"):
        _quantized(model.build())


@needs_quantizer
@pytest.mark.parametrize("mode", ["int8", "int16x8"])
def test_what_keeps_a_state_is_left_to_tensorflow(mode: str) -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 6)), units=10)
    state = model.tensor((1, 48), FLOAT32, is_variable=True)
    kernels = [model.constant((8, 10), FLOAT32), model.constant((8, 6), FLOAT32)]
    y = model.tensor((1, 4), FLOAT32)
    model.operator("SVDF", [x, *kernels, -1, state], [y], SVDFOptions(rank=2))
    model.output(y)
    with pytest.raises(NotQuantized, match=r"no integers of SVDF #1.*fix MODEL.keras --reconvert"):
        _quantized(model.build(), mode)


@needs_quantizer
def test_several_subgraphs_are_refused() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 6)), units=4))
    other = model.subgraph("other")
    other.output(other.unary("RELU", other.input((1, 4))))
    with pytest.raises(NotQuantized, match="2 subgraphs"):
        _quantized(model.build())


@pytest.mark.parametrize("mode", ["int8", "int16x8"])
def test_without_samples_the_option_is_named(mode: str) -> None:
    with pytest.raises(UsageError, match="--calibrate random"):
        requantize(write_model(image_network()), mode, None, TFLM)


def test_unknown_words() -> None:
    data = write_model(image_network())
    with pytest.raises(UnknownName, match="int4"):
        requantize(data, "int4", None, TFLM)
    with pytest.raises(UnknownName, match="median"):
        requantize(data, "int8", float_samples(image_network()), TFLM, calibration="median")


@pytest.mark.parametrize("mode", MODES)
def test_a_missing_extra(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "_PACKAGES", ("no_such_package",))
    model = image_network()
    with pytest.raises(MissingExtra, match="quantize"):
        requantize(write_model(model), mode, float_samples(model), TFLM)


@needs_quantizer
def test_the_same_samples_give_the_same_bytes() -> None:
    model = image_network()
    assert _quantized(model).data == _image().data
