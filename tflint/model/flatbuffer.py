"""Bounds-checked access to a flatbuffer: every offset, length and string before it is used.

Python's `flatbuffers` verifies nothing. This does what the C++ `Verifier` does (bounds,
alignment, string terminators) and one thing more: it meters the bytes that are reached,
counting what is reached twice twice. In an honest file nearly every byte is reached once,
so a small multiple of the file's size is plenty, and a file that folds onto itself to look
a thousand times larger than it is runs out before it costs anything.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass

from tflint.errors import MalformedModel

Slots = tuple[int, ...]

# How many times over, plus how many bytes, a file may be read. Writers share strings and
# vtables, but nothing that would double the size of a model.
REACH_FACTOR = 2
REACH_SLACK = 64 * 1024

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_VTABLE = struct.Struct("<HH")


@dataclass(frozen=True, slots=True)
class Table:
    """A verified table: where it starts, its inline length and its fields' offsets by slot."""

    at: int
    inline_bytes: int
    slots: Slots

    def field(self, slot: int) -> int:
        """The position of the field in this slot, or 0 when it is not in the file."""
        offset = self.slots[slot] if slot < len(self.slots) else 0
        return self.at + offset if offset else 0


class FlatBuffer:
    """One flatbuffer in `data`.

    All positions are bytes from its beginning. Every method raises `MalformedModel` instead
    of reading outside.
    """

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.size = len(data)
        self.reach_left = REACH_FACTOR * self.size + REACH_SLACK
        self.vtables: dict[int, tuple[int, Slots]] = {}
        # Start and end of everything that was reached, in turn; vtables are kept apart.
        self._extents = array("Q", (0, 8))

    def charge(self, size: int) -> None:
        """Count `size` bytes as reached."""
        self.reach_left -= size
        if self.reach_left < 0:
            raise MalformedModel("the file's structures overlap: it refers to more than it holds")

    def reach(self, start: int, end: int) -> None:
        """Count these bytes as reached, and remember which they are."""
        self.charge(end - start)
        self._extents.extend((start, end))

    def root(self) -> int:
        """The position of the root table."""
        return self.follow(0)

    def follow(self, at: int) -> int:
        """The position that the unsigned offset at `at` points to."""
        (offset,) = _U32.unpack_from(self.data, at)
        target: int = at + offset
        if offset == 0 or target > self.size - 4 or target & 3:
            raise MalformedModel("an offset points outside the file or off its alignment", at)
        return target

    def table(self, at: int) -> Table:
        """Verify the table at this position and its vtable."""
        (back,) = _I32.unpack_from(self.data, at)
        vtable = at - back
        known = self.vtables.get(vtable)
        if known is None:
            known = self.vtables[vtable] = self._vtable(vtable, at)
        inline_bytes, slots = known
        if inline_bytes < 4 or at + inline_bytes > self.size:
            raise MalformedModel("a table reaches past the end of the file", at)
        self.reach(at, at + inline_bytes)
        return Table(at, inline_bytes, slots)

    def _vtable(self, vtable: int, table: int) -> tuple[int, Slots]:
        if vtable < 0 or vtable & 1 or vtable > self.size - 4:
            raise MalformedModel("a table's vtable lies outside the file", table)
        size, inline_bytes = _VTABLE.unpack_from(self.data, vtable)
        if size < 4 or size & 1 or vtable + size > self.size:
            raise MalformedModel("a vtable's size is impossible", vtable)
        self.charge(size)
        slots = struct.unpack_from(f"<{size // 2 - 2}H", self.data, vtable + 4)
        if slots and max(slots) >= max(inline_bytes, 1):
            raise MalformedModel("a vtable places a field outside its table", vtable)
        return inline_bytes, slots

    def check_inline(self, table: Table, at: int, width: int) -> None:
        """Verify that a field of `width` bytes at `at` is inside its table and aligned."""
        if at + width > table.at + table.inline_bytes:
            raise MalformedModel("a field reaches past the end of its table", at)
        if at & (width - 1):
            raise MalformedModel("a field is off its alignment", at)

    def vector(self, at: int, width: int) -> tuple[int, int]:
        """Verify the vector that the offset at `at` points to: position of its data, length."""
        start = self.follow(at)
        (count,) = _U32.unpack_from(self.data, start)
        if count * width > self.size - start - 4:
            raise MalformedModel("a vector reaches past the end of the file", start)
        self.reach(start, start + 4 + count * width)
        return start + 4, count

    def string(self, at: int) -> str:
        """The string that the offset at `at` points to; bytes that are not UTF-8 survive."""
        start, count = self.vector(at, 1)
        end = start + count
        if end >= self.size or self.data[end]:
            raise MalformedModel("a string is not terminated", start)
        self.reach(end, end + 1)
        return str(self.data[start:end], "utf-8", "surrogateescape")

    def unreached(self, *, vtables: bool = True) -> list[tuple[int, int]]:
        """The parts of the file that nothing read so far lies in, in order.

        Without `vtables`, parts that only vtables lie between count as one.
        """
        reached = list(zip(self._extents[::2], self._extents[1::2], strict=True))
        if vtables:
            reached += [(at, at + 4 + 2 * len(slots)) for at, (_, slots) in self.vtables.items()]
        gaps = []
        end_so_far = 0
        for start, end in sorted([*reached, (self.size, self.size)]):
            if start > end_so_far:
                gaps.append((end_so_far, start))
            end_so_far = max(end_so_far, end)
        return gaps
