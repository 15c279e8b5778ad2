"""The form of a network, from networks whose form is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.model import sample_models as sample
from tflint.bench.quantization import Quantization, quantization_of
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.bench_result import QUANTIZATIONS

FLOAT32, INT8, INT16, UINT8 = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
    TensorType.UINT8,
)


def form(model: Model) -> Quantization:
    return quantization_of(graphs(parse_model(write_model(model))))


def dense(activations: TensorType, weights: TensorType, units: int = 64) -> Model:
    """One dense layer of 64 x `units` weights, of 4,096 by default."""
    model = ModelBuilder()
    x, y = model.input((1, 64), activations), model.tensor((1, units), activations)
    model.operator("FULLY_CONNECTED", [x, model.constant((units, 64), weights), -1], [y])
    model.output(y)
    return model.build()


def with_casts(type: TensorType, first: str, last: str, body: TensorType) -> Model:
    """A dense layer in `body` between conversions from and to `type`."""
    model = ModelBuilder()
    x = model.input((1, 8), type)
    inside = model.tensor((1, 8), body)
    model.operator(first, [x], [inside])
    y = model.fully_connected(inside, 4)
    out = model.tensor((1, 4), type)
    model.operator(last, [y], [out])
    model.output(out)
    return model.build()


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (sample.float_model, "float32"),
        (sample.int8_model, "int8"),
        (sample.dynamic_range_model, "dynamic"),
        (sample.float16_model, "float16"),
        (sample.int16_model, "int16x8"),
        (sample.multi_subgraph_model, "float32"),
    ],
)
def test_what_converters_write(build: Callable[[], Model], name: str) -> None:
    assert form(build()) == Quantization(name)
    assert name in QUANTIZATIONS


@pytest.mark.parametrize(
    ("activations", "weights", "name"),
    [
        (FLOAT32, FLOAT32, "float32"),
        (FLOAT32, TensorType.FLOAT16, "float16"),
        (FLOAT32, INT8, "dynamic"),
        (FLOAT32, UINT8, "dynamic"),
        (INT8, INT8, "int8"),
        (INT16, INT8, "int16x8"),
        (UINT8, UINT8, "uint8"),
    ],
)
def test_types_of_values_and_weights(
    activations: TensorType, weights: TensorType, name: str
) -> None:
    assert form(dense(activations, weights)) == Quantization(name)


@pytest.mark.parametrize(("activations", "name"), [(INT8, "int8"), (FLOAT32, "dynamic")])
def test_weights_of_four_bits(activations: TensorType, name: str) -> None:
    found = form(dense(activations, TensorType.INT4))

    assert found == Quantization(name, ("4,096 weights are stored in 4 bits",))


@pytest.mark.parametrize("result", [FLOAT32, INT16, TensorType.INT32])
def test_integers_that_come_out_wider_are_computed_as_they_went_in(result: TensorType) -> None:
    model = ModelBuilder()
    x, y = model.input((1, 64), INT8), model.tensor((1, 64), result)
    model.operator("FULLY_CONNECTED", [x, model.constant((64, 64), INT8), -1], [y])
    model.output(y)

    assert form(model.build()) == Quantization("int8")


@pytest.mark.parametrize(
    ("table", "result", "name"),
    [(FLOAT32, FLOAT32, "float32"), (INT8, INT8, "int8"), (INT8, FLOAT32, "dynamic")],
)
def test_lookups_compute_in_what_they_give_out(
    table: TensorType, result: TensorType, name: str
) -> None:
    model = ModelBuilder()
    indices, y = model.input((1, 4), TensorType.INT32), model.tensor((4, 8), result)
    model.operator("EMBEDDING_LOOKUP", [indices, model.constant((512, 8), table)], [y])
    model.output(y)

    assert form(model.build()) == Quantization(name)


@pytest.mark.parametrize("type", [FLOAT32, UINT8])
@pytest.mark.parametrize(("body", "name"), [(INT8, "int8"), (INT16, "int16x8")])
def test_the_ends_do_not_count(type: TensorType, body: TensorType, name: str) -> None:
    last = "DEQUANTIZE" if type is FLOAT32 else "QUANTIZE"

    assert form(with_casts(type, "QUANTIZE", last, body)) == Quantization(name)


def test_weights_that_are_unpacked_are_what_is_stored() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 64)), model.tensor((1, 64))
    wide = model.tensor((64, 64))
    model.operator("DEQUANTIZE", [model.constant((64, 64), INT8)], [wide])
    model.operator("FULLY_CONNECTED", [x, wide, -1], [y])
    model.output(y)

    assert form(model.build()) == Quantization("dynamic")


def two_layers(first: int, second: int, weights: TensorType) -> Model:
    """A float layer of 64 x `first` weights, and one whose weights are of another type."""
    model = ModelBuilder()
    x, y = model.input((1, 64)), model.tensor((1, first))
    model.operator("FULLY_CONNECTED", [x, model.constant((first, 64)), -1], [y])
    z = model.tensor((1, second))
    model.operator("FULLY_CONNECTED", [y, model.constant((second, first), weights), -1], [z])
    model.output(z)
    return model.build()


def test_most_weights_decide_and_the_others_are_told() -> None:
    found = form(two_layers(32, 1024, INT8))

    assert found.name == "dynamic"
    assert found.notes == ("quantised in part: 2,048 of 34,816 weights compute in float32",)


def test_layers_too_small_for_dynamic_range_are_not_told() -> None:
    assert form(two_layers(8, 1024, INT8)) == Quantization("dynamic")


def test_an_integer_network_with_a_float_layer() -> None:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 64), INT8), 64)
    z, out = model.tensor((1, 64)), model.tensor((1, 2))
    model.operator("DEQUANTIZE", [y], [z])
    model.operator("FULLY_CONNECTED", [z, model.constant((2, 64)), -1], [out])
    model.output(out)
    found = form(model.build())

    assert found.name == "int8"
    assert found.notes == ("quantised in part: 128 of 4,224 weights compute in float32",)


@pytest.mark.parametrize(
    ("type", "name"),
    [
        (FLOAT32, "float32"),
        (INT8, "int8"),
        (INT16, "int16x8"),
        (UINT8, "uint8"),
        (TensorType.INT32, None),
        (TensorType.BOOL, None),
    ],
)
def test_without_weights_values_decide(type: TensorType, name: str | None) -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4), type)))

    assert form(model.build()) == Quantization(name)


def test_without_operators_inputs_decide() -> None:
    model = ModelBuilder()
    model.output(model.input((1, 4), INT8))

    assert form(model.build()) == Quantization("int8")


def test_an_empty_graph_has_no_form() -> None:
    assert form(ModelBuilder().build()) == Quantization(None)


def test_constants_in_other_operators_count_where_there_are_no_weights() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    model.operator("MUL", [x, model.constant((1, 4))], [y])
    model.output(y)

    assert form(model.build()) == Quantization("float32")


@pytest.mark.shared
def test_seed_models_are_what_their_files_are_called(shared_models: list[Path]) -> None:
    called = {"drange": "dynamic", "float16": "float16", "no_quant": "float32"}
    seeds = [path for path in shared_models if "seed" in path.parts]

    assert len(seeds) == 23
    for path in seeds:
        (name,) = {name for part, name in called.items() if part in path.stem}
        assert quantization_of(graphs(parse_model(path.read_bytes()))) == Quantization(name), path


@pytest.mark.shared
def test_another_reading_of_the_file_agrees(shared_models: list[Path]) -> None:
    """The package `tflite` reads it: the types of the largest constant and of the
    values around it, without a look at operators.
    """
    tflite = pytest.importorskip("tflite", reason="needs the package `tflite`")
    named = {
        tflite.TensorType.FLOAT32: "float",
        tflite.TensorType.FLOAT16: "half",
        tflite.TensorType.INT8: "int8",
    }
    for path in shared_models:
        data = path.read_bytes()
        model = tflite.Model.GetRootAsModel(data, 0)
        graph = model.Subgraphs(0)
        tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
        filled = [t for t in tensors if model.Buffers(t.Buffer()).DataLength()]
        if not filled:
            continue
        largest = max(filled, key=lambda t: model.Buffers(t.Buffer()).DataLength())
        values = {t.Type() for t in tensors if not model.Buffers(t.Buffer()).DataLength()}
        weights = named.get(largest.Type())
        if weights is None:  # The largest constant is a shape: nothing to go by.
            continue
        is_float = tflite.TensorType.FLOAT32 in values and tflite.TensorType.INT8 not in values
        expected = {
            ("float", True): "float32",
            ("half", True): "float16",
            ("int8", True): "dynamic",
            ("int8", False): "int8",
        }[weights, is_float]
        assert quantization_of(graphs(parse_model(data))).name == expected, path
