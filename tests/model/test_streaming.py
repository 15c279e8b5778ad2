"""Statistics of constants are those that NumPy gives, and take no more memory than a chunk."""

from __future__ import annotations

import dataclasses
import hashlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tflint.model import streaming
from tflint.model.builder import ModelBuilder
from tflint.model.constants import Constants, channel_layout
from tflint.model.graph import Graph, Value
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import SparsityParameters, TensorType
from tflint.model.streaming import Elements, Layout
from tflint.model.tables import QuantizationParameters
from tflint.model.types import packed_bytes

INT8, UINT8, INT4 = TensorType.INT8, TensorType.UINT8, TensorType.INT4
BYTE_TYPES = {INT8: np.int8, UINT8: np.uint8}
WIDE_TYPES = {
    TensorType.FLOAT16: np.uint16,
    TensorType.FLOAT32: np.uint32,
    TensorType.FLOAT64: np.uint64,
    TensorType.INT16: np.int16,
    TensorType.INT32: np.int32,
    TensorType.INT64: np.int64,
}


def constants(
    shape: tuple[int, ...],
    type: TensorType,
    data: bytes,
    quantization: QuantizationParameters | None = None,
) -> tuple[Constants, Value]:
    model = ModelBuilder()
    model.constant(shape, type, data, quantization or per_tensor(0.1))
    built = model.build()
    return Constants(built), Graph(built, 0).values[0]


def by_channel(array: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)


shapes = st.one_of(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 20)),
    st.tuples(st.just(1), st.integers(1, 3), st.integers(1, 3), st.integers(1, 300)),
    st.tuples(st.integers(1, 3), st.integers(1000, 5000)),
    st.tuples(st.integers(1000, 5000), st.integers(1, 3)),
)


def sparse_bytes(random: np.random.Generator, count: int) -> np.ndarray:
    """Bytes of which most are zero, in one of several ways."""
    raw = random.integers(0, 256, count, dtype=np.uint8)
    return raw * (random.random(count) < random.choice((0.001, 0.05, 0.5, 1.0)))


@pytest.fixture(params=[1 << 20, 4096, 64], ids=lambda chunk: f"chunks of {chunk}")
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    monkeypatch.setattr(streaming, "CHUNK", size)
    return size


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    shape=shapes,
    last=st.booleans(),
    type=st.sampled_from(list(BYTE_TYPES)),
    zero_point=st.integers(-128, 127),
    enough=st.sampled_from((1, 5, 64, 127)),
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from((64, 4096, 1 << 20)),
)
def test_peaks(
    shape: tuple[int, ...],
    last: bool,
    type: TensorType,
    zero_point: int,
    enough: int,
    seed: int,
    size: int,
) -> None:
    zero_point += 128 if type is UINT8 else 0
    raw = sparse_bytes(np.random.default_rng(seed), int(np.prod(shape))).view(BYTE_TYPES[type])
    # Zero is where the zero point is.
    array = (raw.astype(int) + zero_point).astype(BYTE_TYPES[type]).reshape(shape)
    axis = len(shape) - 1 if last else 0
    facts, value = constants(shape, type, array.tobytes(), per_tensor(0.1, zero_point))
    distances = np.minimum(abs(array.astype(int) - zero_point), enough)
    before, streaming.CHUNK = streaming.CHUNK, size
    try:
        found = facts.peaks(value, channel_layout(shape, axis), enough)
    finally:
        streaming.CHUNK = before

    assert found is not None
    assert list(found) == by_channel(distances, axis).max(axis=1).tolist()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(3, 7), (8, 33), (5, 4001), (4001, 5)])
def test_peaks_of_int4(shape: tuple[int, int], axis: int, chunk: int) -> None:
    random = np.random.default_rng(3)
    array = random.integers(-8, 8, shape) * (random.random(shape) < 0.1)
    nibbles = np.append(array.ravel() & 15, 0)[: -(-array.size // 2) * 2].astype(np.uint8)
    packed = (nibbles[0::2] | nibbles[1::2] << 4).tobytes()
    facts, value = constants(shape, INT4, packed)

    found = facts.peaks(value, channel_layout(shape, axis))
    assert found is not None
    assert list(found) == by_channel(abs(array), axis).max(axis=1).tolist()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    shape=shapes,
    last=st.booleans(),
    type=st.sampled_from(list(WIDE_TYPES)),
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from((64, 4096, 1 << 20)),
    only=st.sampled_from((0xFF, 0x80, 0x01)),
)
def test_nonzero(
    shape: tuple[int, ...], last: bool, type: TensorType, seed: int, size: int, only: int
) -> None:
    """Also where the only bits are those of signs, in the highest byte or in another."""
    integer = WIDE_TYPES[type]
    width = np.dtype(integer).itemsize
    random = np.random.default_rng(seed)
    raw = sparse_bytes(random, int(np.prod(shape)) * width) & only
    if random.random() < 0.5:
        raw.reshape(-1, width)[:, :-1] = 0
    array = raw.astype(np.uint8).view(integer).reshape(shape)
    if type.name.startswith("FLOAT"):
        sign = np.array(1, integer) << np.array(8 * width - 1, integer)
        expected = (array & ~sign) != 0
    else:
        expected = array != 0
    axis = len(shape) - 1 if last else 0
    facts, value = constants(shape, type, array.tobytes())
    before, streaming.CHUNK = streaming.CHUNK, size
    try:
        found = facts.nonzero(value, channel_layout(shape, axis))
    finally:
        streaming.CHUNK = before

    assert found is not None
    assert list(found) == by_channel(expected, axis).any(axis=1).astype(int).tolist()


def test_minus_zero_is_zero_and_the_smallest_float_is_not() -> None:
    array = np.array([[0.0, -0.0], [0.0, np.nextafter(np.float32(0), 1)]], np.float32)
    facts, value = constants((2, 2), TensorType.FLOAT32, array.tobytes())

    assert facts.nonzero(value, channel_layout((2, 2), 0)) == bytes((0, 1))
    assert facts.nonzero(value, channel_layout((2, 2), 1)) == bytes((0, 1))


@pytest.mark.parametrize("type", [np.int8, np.int16, np.int32, np.int64, np.float32])
@pytest.mark.parametrize("values", [1, 2, 17, 128, 129])
def test_distinct_values(type: type, values: int, chunk: int) -> None:
    random = np.random.default_rng(values)
    array = (np.arange(values) - 64).astype(type)[random.integers(0, values, 20_000)]
    array[-values:] = (np.arange(values) - 64).astype(type)
    elements = Elements(memoryview(array.tobytes()), array.itemsize)

    found = streaming.distinct_values(elements, slice(0, 20_000), 128)
    assert found == (values if values <= 128 else None)
    every_other = streaming.distinct_values(elements, slice(1, None, 7), 128)
    expected = len(np.unique(array[1::7]))
    assert every_other == (expected if expected <= 128 else None)


@pytest.mark.parametrize("axis", [0, 3])
def test_distinct_values_of_the_channel_that_has_most(axis: int) -> None:
    array = np.random.default_rng(0).integers(-20, 20, (8, 3, 3, 6)).astype(np.int8)
    facts, value = constants(array.shape, INT8, array.tobytes())
    expected = max(len(np.unique(row)) for row in by_channel(array, axis))

    layout = channel_layout(array.shape, axis)
    assert facts.distinct_in_channels(value, layout, 128) == expected
    assert facts.distinct_in_channels(value, layout, expected - 1) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    count=st.integers(1, 5000),
    zero_point=st.integers(-128, 127),
    extreme=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_signed_sums(count: int, zero_point: int, extreme: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    array = random.choice((-128, 127), count) if extreme else random.integers(-128, 128, count)
    data = memoryview(array.astype(np.int8).tobytes())
    above, below = np.maximum(array - zero_point, 0), np.minimum(array - zero_point, 0)

    found = streaming.signed_sums(Elements(data), 0, count, zero_point)
    assert found == (above.sum(), below.sum())


def test_digest_is_that_of_the_whole(chunk: int) -> None:
    data = np.random.default_rng(0).bytes(100_000)

    assert streaming.digest(memoryview(data)) == hashlib.blake2b(data, digest_size=16).digest()


@pytest.mark.parametrize(
    ("shape", "type", "data", "quantization"),
    [
        pytest.param((4, 4), INT8, bytes(15), None, id="too short"),
        pytest.param((4, 4), INT8, bytes(17), None, id="too long"),
        pytest.param((0, 4), INT8, b"1", None, id="no elements"),
        pytest.param((-4, -4), INT8, bytes(16), None, id="negative"),
        pytest.param((4, 4), TensorType.STRING, bytes(16), None, id="no width"),
        pytest.param((2**40, 2**40), INT8, bytes(16), None, id="absurd"),
        pytest.param(
            (4, 4),
            INT8,
            bytes(16),
            QuantizationParameters(scale=(1.0,) * 4, zero_point=(0, 1, 0, 0)),
            id="zero points that differ",
        ),
    ],
)
def test_there_are_no_facts_about_what_is_not_as_it_should_be(
    shape: tuple[int, ...],
    type: TensorType,
    data: bytes,
    quantization: QuantizationParameters | None,
) -> None:
    facts, value = constants(shape, type, data, quantization)

    for axis in (0, 1):
        layout = channel_layout(shape, axis)
        assert facts.peaks(value, layout) is None
        assert facts.nonzero(value, layout) is None
        assert facts.sums(value, layout) is None


def test_sparse_data_are_left_alone() -> None:
    model = ModelBuilder()
    model.constant((4, 4), INT8, bytes(16), per_channel((0.1,), 0))
    built = model.build()
    graph = Graph(built, 0)
    (value,) = graph.values
    value.tensor = dataclasses.replace(value.tensor, sparsity=SparsityParameters())

    assert Constants(built).nonzero(value, channel_layout((4, 4), 0)) is None


def test_facts_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, value = constants((4, 4), INT8, bytes(16))
    layout = channel_layout((4, 4), 0)
    first = facts.peaks(value, layout)
    monkeypatch.setattr(streaming, "channel_peaks", None)

    assert facts.peaks(value, layout) is first


def test_a_block_that_many_tensors_lie_over_is_not_read_for_each() -> None:
    """Tensors of many shapes on one buffer: a megabyte must not cost like a gigabyte."""
    model = ModelBuilder()
    buffer = model.buffer(bytes(1 << 20))
    for zero_point in range(-100, 100):
        model.tensor((1024, 1024), INT8, per_tensor(0.1, zero_point), buffer=buffer)
    built = model.build()
    facts = Constants(built)
    values = Graph(built, 0).values
    found = [facts.peaks(value, channel_layout(value.shape, 1), 1) for value in values]

    read = sum(peaks is not None for peaks in found)
    assert 16 <= read <= 64
    assert found[-1] is None


@pytest.mark.parametrize("type", [INT8, INT4, TensorType.FLOAT32])
@pytest.mark.parametrize("shape", [(1, 1 << 24), (1 << 20, 16), (16, 1 << 20), (4096, 4096)])
def test_no_more_than_a_few_chunks_are_held(type: TensorType, shape: tuple[int, int]) -> None:
    size = packed_bytes(shape, type)
    assert size is not None
    facts, value = constants(shape, type, bytes(size))
    layouts = [
        layout for axis in (0, 1) if (layout := channel_layout(shape, axis)).channels <= 1 << 20
    ]
    tracemalloc.start()
    try:
        for layout in layouts:
            assert facts.nonzero(value, layout) is not None
            facts.peaks(value, layout)
            facts.distinct_in_channels(value, Layout(1, 1, layout.elements), 128)
            assert value.data is not None
            facts.digest(value.data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 24 << 20
