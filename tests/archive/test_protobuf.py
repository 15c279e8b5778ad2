"""The wire format: fields are found, and what is no message is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.messages import field, varint
from tflint.archive.protobuf import Message
from tflint.errors import MalformedArchive


@given(st.integers(0, 2**64 - 1))
def test_numbers_are_signed(number: int) -> None:
    signed = number - 2**64 if number >= 2**63 else number

    assert Message(field(3, number)).integer(3) == signed


def test_fields_are_found_by_their_path() -> None:
    data = field(1, field(2, b"one")) + field(7, 5) + field(1, field(2, b"two"))

    assert [each.content(99) for each in Message(data).messages(1, 2)] == [b"one", b"two"]
    assert [Message(field(1, b"abc")).text(1, 2), Message(data).text(9)] == ["ab", ""]


def test_numbers_of_fixed_size_are_passed_over() -> None:
    data = varint(1 << 3 | 1) + bytes(8) + varint(2 << 3 | 5) + bytes(4) + field(3, b"x")

    assert Message(data).text(3) == "x"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff" * 20, "does not end"),
        (b"\x0a\x05ab", "longer than it"),
        (b"\x0b", "unknown kind 3"),
        (b"\x09abc", "longer than it"),
        (b"\x80", "does not end"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(MalformedArchive, match=says):
        list(Message(data).fields(range(100)))


def test_fields_are_counted() -> None:
    message = Message(field(1, 0) * 100, budget=[50])

    with pytest.raises(MalformedArchive, match="more fields"):
        list(message.fields(()))


@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_one_error(data: bytes) -> None:
    try:
        for _, value in Message(data).fields(range(20)):
            if isinstance(value, Message):
                list(value.messages(1, 2))
    except MalformedArchive:
        return
