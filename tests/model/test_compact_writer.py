"""Compact files say the same as others, are shorter, and runtimes run them as well."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cpu_time import assert_linear
from tests.model import raw
from tests.model.sample_models import RUNNABLE, SAMPLES, annotated_model, custom_operator_model
from tests.model.strategies import models
from tests.model.test_writer import absent
from tests.random_networks import random_network
from tests.runtimes import RUNTIMES, random_inputs, run
from tests.tensorflow_runs import run_with_tensorflow
from tflint.errors import UnwritableModel
from tflint.model.builder import ModelBuilder
from tflint.model.compact_writer import MAX_TABLE_BYTES, compact_flatbuffer, has_loose_parts
from tflint.model.flatbuffer import REACH_FACTOR, REACH_SLACK
from tflint.model.graph_builder import per_channel
from tflint.model.reader import parse_model, read_model
from tflint.model.record import UnknownField
from tflint.model.schema import TensorType
from tflint.model.table_forms import spelled_out
from tflint.model.tables import Buffer, Model, OperatorCode, QuantizationParameters, Tensor
from tflint.model.writer import write_model


def compact(model: Model) -> bytes:
    return write_model(model, compact=True)


def assert_round_trip(model: Model) -> bytes:
    data = compact(model)
    again = parse_model(data)
    assert again == model
    assert list(absent(again)) == list(absent(model))
    assert compact(again) == data
    return data


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_survive_and_get_shorter(sample: Callable[[], Model]) -> None:
    assert len(assert_round_trip(sample())) < len(write_model(sample()))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(models())
def test_any_model_survives(model: Model) -> None:
    assert_round_trip(model)


def test_shared_models_survive_and_are_no_longer_than_they_were(shared_model: Path) -> None:
    model = read_model(shared_model)
    assert len(assert_round_trip(model)) <= shared_model.stat().st_size


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("sample", RUNNABLE)
def test_runtimes_answer_the_same(sample: Callable[[], Model], runtime: str) -> None:
    model = sample()
    _assert_same_answers(model, runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_runtimes_answer_the_same_on_random_networks(runtime: str, seed: int) -> None:
    _assert_same_answers(random_network(seed), runtime)


def _assert_same_answers(model: Model, runtime: str) -> None:
    try:
        inputs = random_inputs(model)
        expected = run(write_model(model), inputs, runtime)
    except (RuntimeError, ValueError):  # Refused, or a type that has no random values.
        return
    found = run(compact(model), inputs, runtime)
    assert [a.tobytes() for a in found] == [b.tobytes() for b in expected]


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=40), max_size=12))
def test_constants_start_on_16_byte_boundaries(pieces: list[bytes]) -> None:
    buffers = (Buffer(), *map(Buffer, pieces))
    model = dataclasses.replace(annotated_model(), buffers=buffers, metadata=())
    data = compact(model)
    tables = raw.root(data).tables(4)[1:]
    assert [table.target(0) % 16 for table in tables] == [12] * len(pieces)
    read = parse_model(data).buffers[1:]
    assert [bytes(buffer.data or b"") for buffer in read] == pieces


def test_wide_numbers_start_on_8_byte_boundaries() -> None:
    model = annotated_model()
    graph = model.subgraphs[0]
    tensors = tuple(
        Tensor(
            shape=(count,),
            name="x" * count,
            quantization=QuantizationParameters(zero_point=tuple(range(count))),
        )
        for count in range(1, 9)
    )
    buffers = tuple(Buffer(None, offset=1, unknown_fields=()) for _ in range(3))
    model = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tensors),), buffers=buffers
    )
    root = raw.root(compact(model))
    for table in root.tables(2)[0].tables(0):
        assert (table.table(4).target(3) + 4) % 8 == 0
    assert all(table.position(1) % 8 == 0 for table in root.tables(4))


# TensorFlow reads a file into its own graph, and writes that again.
_IMPORT = """
import base64, hashlib, json, sys
from tensorflow.lite.python.convert import mlir_sparsify

def written(text):
    return hashlib.sha256(mlir_sparsify(base64.b64decode(text))).hexdigest()

print(json.dumps([written(text) for text in json.load(sys.stdin)]))
"""


def test_tensorflow_takes_them_for_the_same() -> None:
    models = [*(sample() for sample in RUNNABLE), random_network(7)]
    files = [write_model(model, compact=c) for model in models for c in (False, True)]
    written = run_with_tensorflow(_IMPORT, [base64.b64encode(data).decode() for data in files])

    assert written[0::2] == written[1::2]
    assert len(set(written)) == len(models)


# What is shared


def _channels(tensors: int, channels: int, data: int = 0) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4))
    model.output(model.unary("RELU", x))
    for index in range(tensors):
        scales = [0.5 + index] * channels
        model.tensor((channels,), TensorType.INT8, per_channel(scales, 0), name=f"{index}")
    built = model.build()
    return dataclasses.replace(built, buffers=(*built.buffers, Buffer(bytes(data))))


def test_what_is_equal_is_stored_once() -> None:
    one, ten = len(compact(_channels(1, 1000))), len(compact(_channels(10, 1000)))
    # Of nine more tensors only the scales are new.
    assert ten - one < 9 * (4 * 1000 + 100)
    graph = raw.root(compact(_channels(3, 50))).tables(2)[0]
    zero_points = {table.table(4).target(3) for table in graph.tables(0)[2:]}
    assert len(zero_points) == 1


@pytest.mark.parametrize(("tensors", "channels"), [(2000, 64), (60, 5000), (400, 1000)])
def test_sharing_ends_where_our_reader_would_see_a_file_that_folds_onto_itself(
    tensors: int, channels: int
) -> None:
    model = _channels(tensors, channels)
    graph = model.subgraphs[0]
    first = graph.tensors[-1].quantization
    # All of them the same: only their names tell them apart.
    same = tuple(dataclasses.replace(t, quantization=first) for t in graph.tensors)
    model = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=same),))
    data = compact(model)

    assert parse_model(data) == model
    assert len(data) < len(write_model(model))
    # What is stored again is no more than it has to be.
    held = (REACH_FACTOR * len(data) + REACH_SLACK) / len(write_model(model))
    assert held < 1.5


def test_a_vector_of_one_number_may_stand_in_a_longer_one() -> None:
    model = ModelBuilder()
    model.output(model.input((32, 1, 1, 16)))
    model.tensor((16,))
    model.tensor((17,))
    data = compact(model.build())

    long, short, other = (t.target(0) for t in raw.root(data).tables(2)[0].tables(0))
    assert short == long + 12
    assert not long <= other < long + 20
    assert parse_model(data) == model.build()


def test_a_shape_that_tflm_writes_over_is_not_shared() -> None:
    model = ModelBuilder()
    x = model.input((1,))
    for _ in range(2):
        y = model.tensor((0,))
        model.operator("RESHAPE", [x], [y])
        model.output(y)
    graph = raw.root(compact(model.build())).tables(2)[0]
    shapes = [table.target(0) for table in graph.tables(0)[1:]]
    lists = [operator.target(1) for operator in graph.tables(3)]

    assert len({*shapes, lists[0]}) == 3
    assert lists[0] == lists[1]


def test_tables_say_what_goes_without_saying_where_that_is_shorter() -> None:
    rare = OperatorCode(deprecated_builtin_code=3, builtin_code=3)
    codes = (rare, *(dataclasses.replace(rare, version=v) for v in (2, 3, 4)))
    model = dataclasses.replace(annotated_model(), operator_codes=codes)
    tables = raw.root(assert_round_trip(model)).tables(1)

    assert [table.scalar(2, "i") for table in tables] == [1, 2, 3, 4]
    assert [len(fields) for form, fields in spelled_out(model).items() if "Code" in form[0]] == [1]
    many = dataclasses.replace(model, operator_codes=codes[:1] * 5 + codes[1:])
    assert not any("Code" in form[0] for form in spelled_out(many))


# What is not


def test_data_behind_the_flatbuffer_stay_there() -> None:
    pieces = [b"first" * 9, b"second" * 7, b"first" * 9]
    buffers = tuple(Buffer(piece, offset=2, size=len(piece)) for piece in pieces)
    model = dataclasses.replace(annotated_model(), buffers=(Buffer(), *buffers), metadata=())
    data = compact(model)

    read = parse_model(data)
    assert read == model
    assert all(buffer.is_external for buffer in read.buffers[1:])
    assert all(buffer.position and buffer.position % 16 == 0 for buffer in read.buffers[1:])
    assert data.endswith(pieces[2])


def test_large_custom_options_stay_behind_the_flatbuffer() -> None:
    model = custom_operator_model()
    graph = model.subgraphs[0]
    operator = dataclasses.replace(
        graph.operators[0],
        custom_options=b"options" * 10,
        large_custom_options_offset=2,
        large_custom_options_size=2,
    )
    changed = dataclasses.replace(graph, operators=(operator, operator))
    data = compact(dataclasses.replace(model, subgraphs=(changed,)))
    read = parse_model(data).subgraphs[0].operators

    assert [bytes(o.custom_options or b"") for o in read] == [b"options" * 10] * 2
    assert all(o.is_external for o in read)


def test_parts_that_only_a_newer_schema_knows_are_left_as_they_lie() -> None:
    model = annotated_model()
    loose = (UnknownField(30, bytes(4), child=b"\4\0\0\0abcd\0\0\0\0"),)
    for changed in (
        dataclasses.replace(model, unknown_fields=loose),
        dataclasses.replace(
            model, subgraphs=(dataclasses.replace(model.subgraphs[0], unknown_fields=loose),)
        ),
    ):
        assert has_loose_parts(changed)
        assert compact(changed) == write_model(changed)
        with pytest.raises(ValueError, match="newer schema"):
            compact_flatbuffer(changed)


def test_numbers_of_a_newer_schema_survive() -> None:
    numbers = (UnknownField(30, b"\1"), UnknownField(31, b"\2\0\0\0\0\0\0\0"))
    model = annotated_model()
    graph = model.subgraphs[0]
    tensors = tuple(dataclasses.replace(t, unknown_fields=numbers) for t in graph.tensors)
    model = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),))
    assert not has_loose_parts(model)
    table = raw.root(compact(model)).tables(2)[0].tables(0)[0]
    assert (table.scalar(30, "B"), table.scalar(31, "Q")) == (1, 2)


def test_a_file_beyond_two_gibibytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tflint.model import packing

    monkeypatch.setattr(packing, "MAX_BYTES", 100)
    with pytest.raises(UnwritableModel, match="2 GiB"):
        compact(annotated_model())
    assert MAX_TABLE_BYTES == 2**16 - 1


def test_time_is_linear_in_the_size_of_a_model() -> None:
    def network(count: int) -> Model:
        model = ModelBuilder()
        x = model.input((1, 4))
        for _ in range(count):
            y = model.tensor((1, 4))
            model.operator("ADD", [x, model.constant((1, 4))], [y])
            x = y
        model.output(x)
        return model.build()

    assert_linear(compact, network, 3200)
