"""FlexBuffers against the reference encoder, and against bytes that are none."""

from __future__ import annotations

import contextlib
import math
import time
import tracemalloc
from typing import Any

import pytest
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st

from tflint.model.flexbuffer import MAX_DEPTH, MAX_VALUES, NotFlexBuffer, decode

integers = st.integers(-(2**63), 2**63 - 1)
# Beyond float32 the encoder fails on its own attempt to save space.
floats = st.floats(-1e38, 1e38)
# The encoder takes ASCII keys only, and ends them with a zero.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
keys = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)
scalars = st.none() | st.booleans() | integers | floats | texts | st.binary(max_size=40)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


@settings(deadline=None)
@given(documents)
def test_documents_of_the_reference_encoder_come_back(document: Any) -> None:
    assert decode(flexbuffers.Dumps(document)) == document


@given(st.integers(0, 2**64 - 1))
def test_unsigned_integers(number: int) -> None:
    builder = flexbuffers.Builder()
    builder.UInt(number)
    assert decode(builder.Finish()) == number


@pytest.mark.parametrize(
    ("indirect", "width"),
    [
        *(("IndirectInt", width) for width in (1, 2, 4, 8)),
        *(("IndirectUInt", width) for width in (1, 2, 4, 8)),
        *(("IndirectFloat", width) for width in (4, 8)),
    ],
)
def test_indirect_scalars(indirect: str, width: int) -> None:
    builder = flexbuffers.Builder()
    with builder.Vector():
        getattr(builder, indirect)(100, width)
    assert decode(builder.Finish()) == [100]


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=20))
def test_typed_vectors_of_integers(numbers: list[int]) -> None:
    builder = flexbuffers.Builder()
    builder.TypedVectorFromElements(numbers)
    assert decode(builder.Finish()) == numbers


@pytest.mark.parametrize("numbers", [[1, 2], [1, -2, 300], [1, 2, 3, 70_000], [1.5, 2.5]])
def test_fixed_typed_vectors(numbers: list[float]) -> None:
    builder = flexbuffers.Builder()
    builder.FixedTypedVectorFromElements(numbers)
    assert decode(builder.Finish()) == numbers


def test_vectors_of_keys() -> None:
    builder = flexbuffers.Builder()
    with builder.TypedVector():
        builder.Key("first")
        builder.Key("second")
    assert decode(builder.Finish()) == ["first", "second"]


def test_vectors_of_booleans() -> None:
    # Three booleans, then the root: a typed vector of them (36), inline in one byte.
    assert decode(bytes([3, 1, 0, 1, 3, 36 << 2, 1])) == [True, False, True]


def test_half_floats_and_nan() -> None:
    # Root: a float (3) in two bytes, 1.5 as IEEE half.
    assert decode(b"\x00\x3e" + bytes([3 << 2 | 1, 2])) == 1.5
    found = decode(flexbuffers.Dumps(math.nan))
    assert isinstance(found, float)
    assert math.isnan(found)


def test_binary_data_in_a_string_is_kept() -> None:
    data = bytes(range(256))
    # Length, the bytes, a zero; then the root: a string (5) 257 bytes back, in two bytes.
    encoded = (256).to_bytes(2, "little") + data + b"\0\0" + (258).to_bytes(2, "little")
    found = decode(encoded + bytes([5 << 2 | 1, 2]))
    assert isinstance(found, str)
    assert found.encode("utf-8", "surrogateescape") == data


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_decode_or_are_no_flexbuffer(data: bytes) -> None:
    with contextlib.suppress(NotFlexBuffer):
        decode(data)


@settings(deadline=None)
@given(documents, st.data())
def test_damaged_documents_decode_or_are_no_flexbuffer(document: Any, data: st.DataObject) -> None:
    encoded = bytearray(flexbuffers.Dumps(document))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        encoded[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 2))
    with contextlib.suppress(NotFlexBuffer):
        decode(bytes(encoded[: len(encoded) - cut]))


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"\0\0\0", bytes(3) + b"\xff\x01"])
def test_no_flexbuffer(data: bytes) -> None:
    with pytest.raises(NotFlexBuffer):
        decode(data)


def nested(depth: int) -> list[Any]:
    document: list[Any] = []
    for _ in range(depth - 1):
        document = [document]
    return document


def test_nesting_is_bounded() -> None:
    assert decode(flexbuffers.Dumps(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(NotFlexBuffer, match="nested"):
        decode(flexbuffers.Dumps(nested(MAX_DEPTH + 1)))


def test_the_number_of_values_is_bounded() -> None:
    assert decode(flexbuffers.Dumps([None] * (MAX_VALUES - 1))) == [None] * (MAX_VALUES - 1)
    with pytest.raises(NotFlexBuffer, match="too many values"):
        decode(flexbuffers.Dumps([None] * MAX_VALUES))


def references(packed_type: int, content: bytes, at: int, count: int) -> bytes:
    """A vector of `count` values of a type that all lie at byte `at` of `content`."""
    data = bytearray(content) + bytes(-len(content) % 4) + count.to_bytes(4, "little")
    vector = len(data)
    for _ in range(count):
        data += (len(data) - at).to_bytes(4, "little")
    data += bytes([packed_type]) * count
    data += (len(data) - vector).to_bytes(4, "little")
    return bytes(data + bytes([10 << 2 | 2, 4]))


SIZE = 1 << 20
LONG_STRING = SIZE.to_bytes(4, "little") + b"\xff" * SIZE + b"\0"


@pytest.mark.parametrize("kind", [5, 25], ids=["string", "blob"])
def test_one_long_text_in_many_places_is_refused_before_it_fills_the_memory(kind: int) -> None:
    bomb = references(kind << 2 | 2, LONG_STRING, 4, count=2000)

    tracemalloc.start()
    try:
        with pytest.raises(NotFlexBuffer, match="too much"):
            decode(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 * len(bomb)


def test_a_text_in_two_places_is_no_bomb() -> None:
    text = b"\x05\0\0\0hello\0"
    assert decode(references(5 << 2 | 2, text, 4, count=3)) == ["hello"] * 3


def test_a_key_is_not_searched_for_its_end_through_the_whole_file() -> None:
    """4,000 keys at the beginning of megabytes without a zero byte."""
    bomb = references(4 << 2 | 2, b"k" * 16 * SIZE + b"\0", 0, count=4000)

    began = time.perf_counter()
    with pytest.raises(NotFlexBuffer, match="key"):
        decode(bomb)
    assert time.perf_counter() - began < 0.5
