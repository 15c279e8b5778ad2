"""FlexBuffers, the schema-less format of custom operators' options, decoded with bounds.

Format: https://flatbuffers.dev/flatbuffers_internals.html#flexbuffers. A value is found
from the end of the buffer; containers hold relative offsets backwards, so nothing can
recurse forever, but a few bytes can claim a lot: depth, number of values and their bytes,
which any number of offsets may lead to, are capped.
"""

from __future__ import annotations

import struct
from typing import Union

FlexValue = Union[None, bool, int, float, str, bytes, "list[FlexValue]", "dict[str, FlexValue]"]

MAX_DEPTH = 16
MAX_VALUES = 4096
# A writer stores equal strings once; so far may what they come to exceed the buffer.
MAX_SHARING = 8
MAX_KEY = 256

_NULL, _INT, _UINT, _FLOAT, _KEY, _STRING = range(6)
_INDIRECT_INT, _INDIRECT_UINT, _INDIRECT_FLOAT = 6, 7, 8
_MAP, _VECTOR = 9, 10
_VECTOR_INT, _VECTOR_KEY, _VECTOR_STRING = 11, 14, 15
_VECTOR_INT2, _VECTOR_FLOAT4 = 16, 24
_BLOB, _BOOL, _VECTOR_BOOL = 25, 26, 36
# Indirect scalars and typed vectors hold the plain type of this code.
_DIRECT = {_INDIRECT_INT: _INT, _INDIRECT_UINT: _UINT, _INDIRECT_FLOAT: _FLOAT}
_SIGNED, _UNSIGNED = "bhiq", "BHIQ"


class NotFlexBuffer(ValueError):
    """The bytes are not a FlexBuffer, or one that claims too much."""


def decode(data: bytes | memoryview) -> FlexValue:
    """The value of a FlexBuffer; raises `NotFlexBuffer`."""
    decoder = _Decoder(bytes(data))
    try:
        return decoder.root()
    except (struct.error, IndexError, RecursionError) as error:
        raise NotFlexBuffer("an offset leads outside the buffer") from error


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.values_left = MAX_VALUES
        self.bytes_left = MAX_SHARING * len(data)

    def root(self) -> FlexValue:
        if len(self.data) < 3:
            raise NotFlexBuffer("shorter than any FlexBuffer")
        packed_type, width = self.data[-2], self.data[-1]
        if width not in (1, 2, 4, 8):
            raise NotFlexBuffer(f"byte width {width}")
        return self.value(len(self.data) - 2 - width, width, packed_type, MAX_DEPTH)

    def value(self, at: int, parent_width: int, packed_type: int, depth: int) -> FlexValue:
        """The value whose inline part of `parent_width` bytes is at `at`."""
        self.values_left -= 1
        if self.values_left < 0 or depth == 0:
            raise NotFlexBuffer("nested too deep or too many values")
        kind, width = packed_type >> 2, 1 << (packed_type & 3)
        if kind in (_NULL, _INT, _UINT, _FLOAT, _BOOL):
            return self.scalar(at, parent_width, kind)
        target = self.follow(at, parent_width)
        if kind in _DIRECT:
            return self.scalar(target, width, _DIRECT[kind])
        if kind == _KEY:
            return self.key(target)
        if kind in (_STRING, _BLOB):
            data = self.text(target, self.unsigned(target - width, width))
            # Some writers keep binary data in strings: `surrogateescape` gives them back.
            return data.decode("utf-8", "surrogateescape") if kind == _STRING else data
        if kind == _MAP:
            return self.map(target, width, depth)
        if kind == _VECTOR:
            return list(self.elements(target, width, depth))
        if _VECTOR_INT <= kind <= _VECTOR_STRING or kind == _VECTOR_BOOL:
            element = _BOOL if kind == _VECTOR_BOOL else kind - _VECTOR_INT + _INT
            count = self.count(target, width)
            return self.typed(target, width, element, count, depth)
        if _VECTOR_INT2 <= kind <= _VECTOR_FLOAT4:
            count, element = divmod(kind - _VECTOR_INT2, 3)
            return self.typed(target, width, element + _INT, count + 2, depth)
        raise NotFlexBuffer(f"unknown type {kind}")

    def scalar(self, at: int, width: int, kind: int) -> bool | int | float | None:
        if kind == _NULL:
            return None
        if kind == _FLOAT:
            code = {2: "e", 4: "f", 8: "d"}.get(width)
            if code is None:
                raise NotFlexBuffer(f"a float of {width} bytes")
            number: float = struct.unpack("<" + code, self.slice(at, width))[0]
            return number
        if kind == _INT:
            codes = _SIGNED
        else:
            codes = _UNSIGNED
        integer: int = struct.unpack("<" + codes[width.bit_length() - 1], self.slice(at, width))[0]
        return bool(integer) if kind == _BOOL else integer

    def elements(self, at: int, width: int, depth: int) -> list[FlexValue]:
        """A vector whose elements each have a type, in a row behind them."""
        count = self.count(at, width)
        types = self.slice(at + count * width, count)
        return [
            self.value(at + i * width, width, packed_type, depth - 1)
            for i, packed_type in enumerate(types)
        ]

    def typed(self, at: int, width: int, kind: int, count: int, depth: int) -> list[FlexValue]:
        """A vector whose elements share a type."""
        packed_type = kind << 2 | (width.bit_length() - 1)
        if kind == _STRING:
            # Deprecated: the lengths' width is not recorded, readers take one byte.
            packed_type = kind << 2
        return [self.value(at + i * width, width, packed_type, depth - 1) for i in range(count)]

    def map(self, at: int, width: int, depth: int) -> dict[str, FlexValue]:
        """A vector of values, preceded by where its keys are and how wide their offsets."""
        keys_at = self.follow(at - 3 * width, width)
        keys_width = self.unsigned(at - 2 * width, width)
        if keys_width not in (1, 2, 4, 8):
            raise NotFlexBuffer(f"byte width {keys_width}")
        values = self.elements(at, width, depth)
        keys = [
            self.key(self.follow(keys_at + i * keys_width, keys_width)) for i in range(len(values))
        ]
        return dict(zip(keys, values, strict=True))

    def key(self, at: int) -> str:
        end = self.data.find(b"\0", at, at + MAX_KEY + 1)
        if not 0 <= at <= end:
            raise NotFlexBuffer(f"a key is longer than {MAX_KEY} bytes or does not end")
        return self.data[at:end].decode("utf-8", "replace")

    def text(self, at: int, size: int) -> bytes:
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise NotFlexBuffer("strings come to too much")
        return self.slice(at, size)

    def count(self, at: int, width: int) -> int:
        count = self.unsigned(at - width, width)
        if count > self.values_left:
            raise NotFlexBuffer("too many values")
        return count

    def follow(self, at: int, width: int) -> int:
        target = at - self.unsigned(at, width)
        if target < 0:
            raise NotFlexBuffer("an offset leads outside the buffer")
        return target

    def unsigned(self, at: int, width: int) -> int:
        return int.from_bytes(self.slice(at, width), "little")

    def slice(self, at: int, size: int) -> bytes:
        if at < 0 or at + size > len(self.data):
            raise NotFlexBuffer("an offset leads outside the buffer")
        return self.data[at : at + size]
