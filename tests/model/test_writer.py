"""What is written is what was there: round trips, alignment, data behind the flatbuffer."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.model import raw
from tests.model.sample_models import SAMPLES, annotated_model, custom_operator_model
from tests.model.strategies import models
from tflint.errors import UnwritableModel
from tflint.model.reader import parse_model, read_model
from tflint.model.record import ABSENT, UnknownField
from tflint.model.schema import IfOptions, TensorType
from tflint.model.tables import Buffer, Model, SubGraph, Tensor
from tflint.model.writer import write_model


def absent(record: object, path: str = "model") -> Iterator[str]:
    """Where in a tree of records a vector is `ABSENT`, which `==` takes for the empty one."""
    if record is ABSENT:
        yield path
    elif isinstance(record, tuple):
        for i, item in enumerate(record):
            yield from absent(item, f"{path}[{i}]")
    elif dataclasses.is_dataclass(record):
        for field in dataclasses.fields(record):
            yield from absent(getattr(record, field.name), f"{path}.{field.name}")


def assert_round_trip(model: Model) -> None:
    again = parse_model(write_model(model))
    assert again == model
    assert list(absent(again)) == list(absent(model))


@pytest.mark.parametrize("sample", SAMPLES)
def test_reading_gives_what_was_written(sample: Callable[[], Model]) -> None:
    assert_round_trip(sample())


@pytest.mark.parametrize("sample", SAMPLES)
def test_writing_again_gives_the_same_bytes(sample: Callable[[], Model]) -> None:
    once = write_model(sample())
    assert write_model(parse_model(once)) == once


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_any_model_survives_writing_and_reading(model: Model) -> None:
    assert_round_trip(model)


def test_absent_and_empty_vectors_stay_apart() -> None:
    model = annotated_model()
    graph = model.subgraphs[0]
    tensors = (Tensor(shape=ABSENT, shape_signature=()), Tensor(shape=(), shape_signature=ABSENT))
    model = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),))
    read = parse_model(write_model(model)).subgraphs[0].tensors
    assert [t.shape is ABSENT for t in read] == [True, False]
    assert [t.shape_signature is ABSENT for t in read] == [False, True]
    assert [t.shape for t in read] == [(), ()]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda vector: pickle.loads(pickle.dumps(vector))]
)
def test_a_copied_model_still_knows_what_is_absent(duplicate: Callable[[Tensor], Tensor]) -> None:
    assert duplicate(Tensor()).shape is ABSENT
    assert duplicate(Tensor(shape=())).shape is not ABSENT


def test_a_records_field_is_given_once() -> None:
    with pytest.raises(TypeError, match="then_subgraph_index"):
        IfOptions(1, then_subgraph_index=2)  # type: ignore[misc]
    assert IfOptions(1, else_subgraph_index=2) == IfOptions(1, 2)


@pytest.mark.parametrize("sizes", [(1,), (16, 1, 3), (5, 0, 31, 2, 100), (7,) * 20])
def test_constants_start_on_16_byte_boundaries(sizes: tuple[int, ...]) -> None:
    buffers = (Buffer(), *(Buffer(bytes(range(size))) for size in sizes))
    data = write_model(dataclasses.replace(annotated_model(), buffers=buffers))
    positions = [buffer.position for buffer in parse_model(data).buffers[1:]]
    assert len(positions) == len(sizes)
    for position, size in zip(positions, sizes, strict=True):
        assert position is not None
        assert position % 16 == 0
        assert data[position : position + size] == bytes(range(size))
    raw_positions = [table.target(0) + 4 for table in raw.root(data).tables(4)[1:]]
    assert raw_positions == positions


# Data behind the flatbuffer


def model_with_external_data(*data: bytes) -> Model:
    """A model whose buffers are meant to lie outside; the offsets only say so."""
    buffers = tuple(Buffer(piece, offset=2, size=len(piece)) for piece in data)
    return dataclasses.replace(annotated_model(), buffers=(Buffer(), *buffers))


def test_external_data_lie_behind_the_flatbuffer_aligned() -> None:
    pieces = [b"first" * 9, b"second" * 7, bytes(64)]
    data = write_model(model_with_external_data(*pieces))
    for table, piece in zip(raw.root(data).tables(4)[1:], pieces, strict=True):
        assert not table.position(0), "no data inside"
        offset, size = table.scalar(1, "Q"), table.scalar(2, "Q")
        assert isinstance(offset, int)
        assert isinstance(size, int)
        assert offset % 16 == 0
        assert data[offset : offset + size] == piece
        assert b"TFL3" not in data[offset:]


def test_external_data_survive_reading_and_rewriting() -> None:
    model = parse_model(write_model(model_with_external_data(b"weights" * 5, b"more")))
    assert [bytes(b.data or b"") for b in model.buffers] == [b"", b"weights" * 5, b"more"]
    assert [b.is_external for b in model.buffers] == [False, True, True]
    assert [b.position for b in model.buffers] == [None, *(b.offset for b in model.buffers[1:])]
    assert_round_trip(model)
    # Taking data out and putting it back must not touch what is not there.
    without_operators = dataclasses.replace(model, subgraphs=(SubGraph(),))
    assert_round_trip(parse_model(write_model(without_operators)))
    assert parse_model(write_model(without_operators)).subgraphs[0].operators is ABSENT


@pytest.mark.parametrize("data", [b"", b"x"])
def test_external_data_too_short_to_be_external_are_not_lost(data: bytes) -> None:
    model = dataclasses.replace(
        annotated_model(), buffers=(Buffer(), Buffer(data, offset=160, size=200))
    )
    read = parse_model(write_model(model)).buffers[1]
    assert bytes(read.data or b"") == data
    assert not read.is_external


def test_large_custom_options_lie_behind_the_flatbuffer() -> None:
    model = custom_operator_model()
    graph = model.subgraphs[0]
    operator = dataclasses.replace(
        graph.operators[0],
        custom_options=b"options" * 10,
        large_custom_options_offset=2,
        large_custom_options_size=2,
    )
    graph = dataclasses.replace(graph, operators=(operator,))
    data = write_model(dataclasses.replace(model, subgraphs=(graph,)))
    table = raw.root(data).tables(2)[0].tables(3)[0]
    assert not table.position(5)
    assert table.scalar(10, "Q") == 70
    read = parse_model(data)
    assert read.subgraphs[0].operators[0].custom_options == b"options" * 10
    assert_round_trip(read)


# What cannot be written


@pytest.mark.parametrize("compact", [False, True], ids=["faithful", "compact"])
def test_a_table_beyond_64_kib_is_refused(compact: bool) -> None:
    fields = tuple(UnknownField(slot, bytes([1] * 8)) for slot in range(20, 8_220))
    model = dataclasses.replace(annotated_model(), unknown_fields=fields)
    with pytest.raises(UnwritableModel, match="64 KiB"):
        write_model(model, compact=compact)


@pytest.mark.parametrize("compact", [False, True], ids=["faithful", "compact"])
def test_two_gibibytes_are_refused(compact: bool) -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return 2**31

    with pytest.raises(UnwritableModel, match="2 GiB"):
        write_model(
            dataclasses.replace(annotated_model(), buffers=(Buffer(Huge()),)), compact=compact
        )


# Real models


def test_shared_models_survive(shared_model: Path) -> None:
    model = read_model(shared_model)
    assert_round_trip(model)
    once = write_model(model)
    assert write_model(parse_model(once)) == once


@pytest.mark.parametrize("compact", [False, True], ids=["faithful", "compact"])
def test_tflite_reads_the_same_from_what_we_wrote(shared_model: Path, compact: bool) -> None:
    tflite = pytest.importorskip("tflite", reason="tflite, the second opinion, is not installed")
    before = shared_model.read_bytes()
    after = write_model(parse_model(before), compact=compact)
    assert tflite.Model.ModelBufferHasIdentifier(after, 0)
    ours = parse_model(before)
    theirs = tflite.Model.GetRootAs(after, 0)
    assert theirs.Version() == ours.version
    assert theirs.SubgraphsLength() == len(ours.subgraphs)
    assert theirs.BuffersLength() == len(ours.buffers)
    for i, buffer in enumerate(ours.buffers):
        data = theirs.Buffers(i).DataAsNumpy()
        assert (b"" if isinstance(data, int) else data.tobytes()) == bytes(buffer.data or b"")
    for i, code in enumerate(ours.operator_codes):
        found = theirs.OperatorCodes(i)
        assert max(found.DeprecatedBuiltinCode(), found.BuiltinCode()) == code.code
        assert found.Version() == code.version
        assert (found.CustomCode() or b"").decode() == (code.custom_code or "")
    for g, graph in enumerate(ours.subgraphs):
        their_graph = theirs.Subgraphs(g)
        assert list(numbers(their_graph.InputsAsNumpy())) == list(graph.inputs)
        assert list(numbers(their_graph.OutputsAsNumpy())) == list(graph.outputs)
        assert their_graph.TensorsLength() == len(graph.tensors)
        for t, tensor in enumerate(graph.tensors):
            their_tensor = their_graph.Tensors(t)
            assert their_tensor.Name().decode() == tensor.name
            assert their_tensor.Type() == tensor.type
            assert their_tensor.Buffer() == tensor.buffer
            assert list(numbers(their_tensor.ShapeAsNumpy())) == list(tensor.shape)
            assert list(numbers(their_tensor.ShapeSignatureAsNumpy())) == list(
                tensor.shape_signature
            )
            quantization = their_tensor.Quantization()
            assert (quantization is None) == (tensor.quantization is None)
            if tensor.quantization is not None:
                assert list(numbers(quantization.ScaleAsNumpy())) == list(tensor.quantization.scale)
                assert list(numbers(quantization.ZeroPointAsNumpy())) == list(
                    tensor.quantization.zero_point
                )
                assert quantization.QuantizedDimension() == tensor.quantization.quantized_dimension
        assert their_graph.OperatorsLength() == len(graph.operators)
        for o, operator in enumerate(graph.operators):
            their_operator = their_graph.Operators(o)
            assert their_operator.OpcodeIndex() == operator.opcode_index
            assert list(numbers(their_operator.InputsAsNumpy())) == list(operator.inputs)
            assert list(numbers(their_operator.OutputsAsNumpy())) == list(operator.outputs)
            options = operator.builtin_options
            code = their_operator.BuiltinOptionsType()
            assert (code == 0) == (options is None)


def numbers(array: object) -> Iterator[int | float]:
    """The elements of what `...AsNumpy()` gives: 0 when the vector is not there."""
    return iter(() if isinstance(array, int) else array.tolist())  # type: ignore[attr-defined]


def test_tensor_types_of_the_future_keep_their_number() -> None:
    model = annotated_model()
    types = [TensorType(number) for number in range(-128, 128)]
    graph = dataclasses.replace(
        model.subgraphs[0], tensors=tuple(Tensor(shape=(1,), type=type) for type in types)
    )
    data = write_model(dataclasses.replace(model, subgraphs=(graph,)))
    read = [tensor.type for tensor in parse_model(data).subgraphs[0].tensors]
    assert [int(type) for type in read] == list(range(-128, 128))
    known = {int(type) for type in TensorType}
    for type in read:
        assert type.name == (TensorType(type).name if type in known else f"UNKNOWN_{int(type)}")
    tables = raw.root(data).tables(2)[0].tables(0)
    assert [t.scalar(1, "b") for t in tables if t.position(1)] == [n for n in range(-128, 128) if n]
