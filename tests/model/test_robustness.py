"""Whatever the bytes, reading ends soon: with a model, or with a refusal."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.fuzz_reader import built_seeds, check_bytes, mutations
from tests.model import hostile
from tflint.errors import MalformedModel, UnreadableModel, UnwritableModel
from tflint.model.builder import ModelBuilder
from tflint.model.flatbuffer import REACH_FACTOR, REACH_SLACK
from tflint.model.reader import parse_model
from tflint.model.record import Record, UnknownField
from tflint.model.tables import Buffer, Model
from tflint.model.writer import write_model

MAX_BYTES = 1024 * 1024


def objects(record: object) -> Iterator[object]:
    """Every record of a model as one who walks it meets them, shared ones again each time."""
    if isinstance(record, tuple):
        for item in record:
            yield from objects(item)
    elif isinstance(record, Record):
        yield record
        for name in (*record._fields, "unknown_fields"):
            yield from objects(getattr(record, name))
    elif dataclasses.is_dataclass(record):
        yield record
        for field in dataclasses.fields(record):
            yield from objects(getattr(record, field.name))


def calls(function: Callable[[], object]) -> int:
    """How many calls, of Python functions and builtin ones, this takes."""
    counted = itertools.count()

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            next(counted)

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return next(counted)


def read_or_refuse(data: bytes) -> Model | None:
    try:
        return parse_model(data)
    except UnreadableModel:
        return None


def hostile_file(layout: Callable[[int], bytes], share: float, size: int) -> bytes:
    """A file of this size, of which this layout uses about that share.

    The rest lies idle, which lets the layout overlap so much the more.
    """
    data = layout(int(share * size))
    assert len(data) <= size
    return data + bytes(size - len(data))


every_layout = pytest.mark.parametrize("layout", hostile.HOSTILE)
SIZE = 200_000
REACH = REACH_FACTOR * SIZE + REACH_SLACK


@every_layout
@pytest.mark.parametrize("share", [0.6, 0.95])
def test_work_is_bounded_by_the_files_size(layout: Callable[[int], bytes], share: float) -> None:
    data = hostile_file(layout, share, SIZE)
    assert calls(lambda: read_or_refuse(data)) < 3 * REACH


@every_layout
@pytest.mark.parametrize("share", [0.6, 0.95])
def test_a_model_is_never_larger_than_its_file_allows(
    layout: Callable[[int], bytes], share: float
) -> None:
    model = read_or_refuse(hostile_file(layout, share, SIZE))
    if model is not None:
        # Tables are charged twelve bytes at least, whoever else refers to them.
        assert sum(1 for _ in objects(model)) < REACH / 12
        assert len(write_model(model)) < 3 * SIZE


@every_layout
def test_memory_is_bounded_by_the_files_size(layout: Callable[[int], bytes]) -> None:
    """150 MB for a megabyte."""
    data = hostile_file(layout, 0.9, SIZE)
    tracemalloc.start()
    try:
        read_or_refuse(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150 * SIZE


OVERLAPPING = [
    hostile.one_operator_many_times,
    hostile.one_subgraph_many_times,
    hostile.everything_is_the_same_vector,
    hostile.one_huge_vtable,
    hostile.one_huge_empty_vtable,
    hostile.one_shape_for_all,
    hostile.shapes_on_top_of_each_other,
    hostile.one_name_for_all,
    hostile.one_quantization_for_all,
    hostile.unknown_fields_of_one_target,
    hostile.unknown_chain,
    hostile.options_of_unknown_types,
]


@pytest.mark.parametrize("layout", OVERLAPPING)
def test_a_file_that_folds_onto_itself_is_refused(layout: Callable[[int], bytes]) -> None:
    with pytest.raises(MalformedModel, match="overlap"):
        parse_model(layout(MAX_BYTES // 2))


@every_layout
def test_the_layouts_have_no_other_fault(layout: Callable[[int], bytes]) -> None:
    """What the tests above measure is the meter: with enough idle bytes, all are models."""
    assert parse_model(hostile_file(layout, 0.001, MAX_BYTES)).subgraphs


# What is large and honest


def test_sixty_thousand_tiny_buffers() -> None:
    model = ModelBuilder().build()
    buffers = (Buffer(), *(Buffer(bytes([i % 251])) for i in range(60_000)))
    model = dataclasses.replace(model, buffers=buffers)
    assert parse_model(write_model(model)) == model


def test_sixty_thousand_empty_buffers() -> None:
    model = dataclasses.replace(ModelBuilder().build(), buffers=(Buffer(),) * 60_000)
    assert parse_model(write_model(model)) == model


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
def test_a_long_chain_of_operators(named: bool) -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    for _ in range(5_000):
        x = model.unary("RELU", x)
    model.output(x)
    if not named:
        model.tensors = [dataclasses.replace(tensor, name=None) for tensor in model.tensors]
    built = model.build()
    assert parse_model(write_model(built)) == built


def test_many_tensors_with_fields_of_a_newer_schema() -> None:
    model = ModelBuilder()
    fields = (
        UnknownField(20, b"\x07\0\0\0"),
        UnknownField(21, bytes(4), child=b"\3\0\0\0abc" + bytes(21)),
    )
    for _ in range(3_000):
        model.tensor((1, 4))
    model.tensors = [dataclasses.replace(t, unknown_fields=fields) for t in model.tensors]
    read = parse_model(write_model(model.build()))
    assert len(read.subgraphs[0].tensors) == 3_000
    for tensor in read.subgraphs[0].tensors:
        number, name = tensor.unknown_fields
        assert number.data == b"\x07\0\0\0"
        assert name.child is not None
        assert name.child.startswith(b"\3\0\0\0abc\0")


# Bytes of any kind

SEEDS = built_seeds()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    check_bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32 - 1), st.binary(max_size=400))
def test_any_bytes_behind_a_models_head(root: int, data: bytes) -> None:
    check_bytes((root % (len(data) + 16) & ~3).to_bytes(4, "little") + b"TFL3" + data)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_any_bytes_of_a_model_changed(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[name])
    for at, byte in changes:
        data[at % len(data)] = byte
    check_bytes(bytes(data))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**64))
def test_any_structured_damage(seed: int) -> None:
    for data in itertools.islice(mutations(SEEDS.values(), seed), 5):
        check_bytes(data)


@every_layout
def test_what_is_read_of_hostile_files_can_be_written(layout: Callable[[int], bytes]) -> None:
    data = hostile_file(layout, 0.001, MAX_BYTES)
    if "unknown" in layout.__name__ or layout is hostile.one_huge_vtable:
        # A file of hardly anything else than unknown fields is refused when it is tight.
        with contextlib.suppress(UnwritableModel):
            assert write_model(parse_model(data))
    else:
        check_bytes(data)
