"""The wire format of protocol buffers, as far as reading a few fields of large messages takes.

Layout: protobuf.dev, "Encoding". Nothing is copied but the fields that are asked for.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from tflint.errors import MalformedArchive

# Fields that are read in all; a graph of 100,000 operators takes 2 million.
MAX_FIELDS = 5_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Message:
    """A message: some bytes of a file. All its methods raise `MalformedArchive`."""

    __slots__ = ("_budget", "_data", "_end", "_start")

    def __init__(
        self,
        data: bytes,
        start: int = 0,
        end: int | None = None,
        budget: list[int] | None = None,
    ) -> None:
        self._data = data
        self._start = start
        self._end = len(data) if end is None else end
        self._budget = [MAX_FIELDS] if budget is None else budget

    def messages(self, *path: int) -> Iterator[Message]:
        """The messages in a field, or in a field of those in a field, and so on."""
        for _, value in self.fields((path[0],)):
            if isinstance(value, Message):
                if len(path) == 1:
                    yield value
                else:
                    yield from value.messages(*path[1:])

    def text(self, number: int, most: int = 4096) -> str:
        """The last text in a field, cut at `most` bytes; empty where there is none."""
        found = b""
        for _, value in self.fields((number,)):
            if isinstance(value, Message):
                found = value.content(most)
        return found.decode("utf-8", "surrogateescape")

    def integer(self, number: int, default: int = 0) -> int:
        """The last number in a field, signed."""
        found = default
        for _, value in self.fields((number,)):
            if isinstance(value, int):
                found = value - (1 << 64) if value >> 63 else value
        return found

    def content(self, most: int) -> bytes:
        """The bytes, cut at `most`."""
        return self._data[self._start : min(self._end, self._start + most)]

    def __len__(self) -> int:
        return self._end - self._start

    def fields(self, wanted: Container[int]) -> Iterator[tuple[int, int | Message]]:
        """Numbers and messages (or texts) of the wanted fields, in order."""
        data, position, end, budget = self._data, self._start, self._end, self._budget
        while position < end:
            budget[0] -= 1
            if budget[0] < 0:
                raise MalformedArchive("the protocol buffer has more fields than a model can")
            key, position = _varint(data, position, end)
            number, kind = key >> 3, key & 0x07
            if kind == _VARINT:
                value, position = _varint(data, position, end)
                if number in wanted:
                    yield number, value
                continue
            if kind == _BYTES:
                size, position = _varint(data, position, end)
            elif kind in (_FIXED64, _FIXED32):
                size = 8 if kind == _FIXED64 else 4
            else:
                raise MalformedArchive(f"the protocol buffer has a field of unknown kind {kind}")
            if size > end - position:
                raise MalformedArchive("the protocol buffer has a field that is longer than it")
            if kind == _BYTES and number in wanted:
                yield number, Message(data, position, position + size, budget)
            position += size


def _varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position
        shift += 7
        if shift > 63:
            break
    raise MalformedArchive("the protocol buffer has a number that does not end")
