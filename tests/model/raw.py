"""A second way to read a flatbuffer: the `flatbuffers` package, by slot, without our code."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import flatbuffers
from flatbuffers.table import Table

Write = Callable[[flatbuffers.Builder], int]


@dataclass(frozen=True)
class RawTable:
    """A table at a position of `data`; slots are numbered as in the schema, from 0."""

    data: bytes
    at: int

    def position(self, slot: int) -> int:
        """Where the field is, or 0 if it is not there."""
        offset: int = Table(self.data, self.at).Offset(4 + 2 * slot)
        return self.at + offset if offset else 0

    def scalar(self, slot: int, format: str) -> int | float | bool:
        """The number in this slot."""
        value: int | float | bool
        at = self.position(slot)
        assert at, f"slot {slot} is not in the file"
        (value,) = struct.unpack_from(f"<{format}", self.data, at)
        return value

    def target(self, slot: int) -> int:
        """Where the offset in this slot leads."""
        at = self.position(slot)
        assert at, f"slot {slot} is not in the file"
        return follow(self.data, at)

    def table(self, slot: int) -> RawTable:
        """The table that this slot refers to."""
        return RawTable(self.data, self.target(slot))

    def string(self, slot: int) -> bytes:
        """The string that this slot refers to, which ends with a zero."""
        return string_at(self.data, self.target(slot))

    def vector(self, slot: int, format: str) -> tuple[int | float | bool, ...]:
        """The numbers that this slot refers to."""
        start = self.target(slot)
        (count,) = struct.unpack_from("<I", self.data, start)
        return struct.unpack_from(f"<{count}{format}", self.data, start + 4)

    def targets(self, slot: int) -> list[int]:
        """Where the offsets of this slot's vector lead."""
        start = self.target(slot)
        (count,) = struct.unpack_from("<I", self.data, start)
        return [follow(self.data, start + 4 + 4 * i) for i in range(count)]

    def tables(self, slot: int) -> list[RawTable]:
        """The tables that this slot's vector refers to."""
        return [RawTable(self.data, at) for at in self.targets(slot)]

    def strings(self, slot: int) -> list[bytes]:
        """The strings that this slot's vector refers to."""
        return [string_at(self.data, at) for at in self.targets(slot)]


def root(data: bytes) -> RawTable:
    """The root table."""
    return RawTable(data, follow(data, 0))


def follow(data: bytes, at: int) -> int:
    """Where the offset at this position leads."""
    (offset,) = struct.unpack_from("<I", data, at)
    assert offset, f"the offset at {at} is null"
    return at + int(offset)


def string_at(data: bytes, start: int) -> bytes:
    """The string at this position."""
    (count,) = struct.unpack_from("<I", data, start)
    assert data[start + 4 + count] == 0, "the string is not terminated"
    return data[start + 4 : start + 4 + count]


# Writing


def scalar(format: str, value: float | bool) -> Write:
    """A field that holds a number itself."""
    raw = struct.pack(f"<{format}", value)

    def inline(builder: flatbuffers.Builder) -> int:
        builder.Prep(len(raw), 0)
        place(builder, raw)
        return 0

    return inline


def place(builder: flatbuffers.Builder, raw: bytes) -> None:
    """Put bytes in front of what the builder holds, where `Prep` has made room."""
    builder.head -= len(raw)
    builder.Bytes[builder.head : builder.head + len(raw)] = raw


def write_table(builder: flatbuffers.Builder, fields: dict[int, Write | int]) -> int:
    """A table: numbers by `scalar(...)`, everything else by its offset in the builder."""
    builder.StartObject(max(fields, default=-1) + 1)
    for slot, field in fields.items():
        if isinstance(field, int):
            builder.PrependUOffsetTRelativeSlot(slot, field, 0)
        else:
            field(builder)
            builder.Slot(slot)
    offset: int = builder.EndObject()
    return offset


def write_vector(
    builder: flatbuffers.Builder, format: str, values: list[int] | list[float] | bytes
) -> int:
    """A vector of numbers; returns its offset in the builder."""
    width = struct.calcsize(format)
    builder.StartVector(width, len(values), max(width, 4))
    place(builder, struct.pack(f"<{len(values)}{format}", *values))
    offset: int = builder.EndVector()
    return offset


def write_offsets(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    """A vector of offsets to tables or strings; returns its own."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    end: int = builder.EndVector()
    return end
