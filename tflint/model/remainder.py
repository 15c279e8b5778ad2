"""What the known structures of a file leave over: where fields of newer schemas lead.

Neither the types of such fields nor the sizes of what they lead to are in the file. A piece
that is cut out for one therefore holds too much rather than too little, all at the distances
it had: what may be a table is taken as one, what may be a vector with elements as wide as
there is room for, and whatever these may refer to as well. So nobody has to know which words
are offsets. One thing is rewritten: a table's way to a vtable that lies elsewhere, because
builders write equal vtables only once in a file.

The same piece, written to another file and cut out again, is the same bytes.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterable, Iterator

from tflint.errors import MalformedModel
from tflint.model.flatbuffer import FlatBuffer, Table

# Vectors of up to this many elements are taken to have the widest. The padding that a writer
# leaves behind a longer one is too short to be taken for elements twice as wide.
SHORT = 16
WIDTHS = (8, 4, 2, 1)
# What a look at a place costs at least, in bytes of the file's reach.
LOOK = 24


class Remainder:
    """The parts of `reached`, a file read up to its unknown fields, that nothing lies in.

    `targets` is where the unknown fields lead if they are offsets. Looking around here is
    metered as reading the file is, by `buffer`.
    """

    def __init__(self, reached: FlatBuffer, targets: Iterable[int]) -> None:
        self.data = reached.data
        self.buffer = FlatBuffer(reached.data)
        self._tables: dict[int, Table] = {}
        self._vtables = reached.vtables.keys()
        self._gaps = reached.unreached()
        self._wide_gaps = reached.unreached(vtables=False)
        self.targets = sorted({at for at in targets if self.count(at) or self.table(at)})

    def cut(self, start: int) -> bytes | None:
        """A copy of all that may belong to what begins here, or None if nothing does.

        An empty vector looks like padding: it counts as nothing.
        """
        if not self.count(start) and self.table(start) is None:
            return None
        return _Piece(self, start, _end_of_gap(self._wide_gaps, start)).copy()

    def room(self, at: int) -> int:
        """The bytes from here to the end of the gap; 0 where nothing can begin."""
        room = _end_of_gap(self._gaps, at) - at
        return room if room >= 4 and not at & 3 else 0

    def count(self, at: int) -> int | None:
        """The length of the vector that may begin here."""
        room = self.room(at)
        count = self.word(at) if room else 0
        return count if room and count <= room - 4 else None

    def table(self, at: int) -> Table | None:
        """The table that may begin here."""
        known = self._tables.get(at)
        room = self.room(at)
        if known is not None or not room:
            return known
        vtable = self.vtable(at)
        if vtable not in self._vtables and _end_of_gap(self._gaps, vtable) == vtable:
            return None
        try:
            table = self.buffer.table(at)
        except MalformedModel:
            return None
        if table.inline_bytes > room:
            return None
        self._tables[at] = table
        return table

    def is_string(self, at: int) -> bool:
        """Whether a terminated string may begin here."""
        count = self.count(at)
        return count is not None and 4 + count < self.room(at) and not self.data[at + 4 + count]

    def vtable(self, table: int) -> int:
        """The position of this table's vtable."""
        (back,) = struct.unpack_from("<i", self.data, table)
        return table - int(back)

    def word(self, at: int) -> int:
        """The number at this position."""
        (number,) = struct.unpack_from("<I", self.data, at)
        return int(number)


class _Piece:
    """The tables and vectors that may be reached from `start` without passing `end`."""

    def __init__(self, rest: Remainder, start: int, end: int) -> None:
        self._rest = rest
        self._start = start
        self._end = end
        self._tables: list[Table] = []
        self._vectors: list[tuple[int, int]] = []
        waiting, seen = [start], {start}
        while waiting:
            for target in self._visit(waiting.pop()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)

    def _visit(self, at: int) -> Iterator[int]:
        """Note what may begin here; gives where it leads."""
        self._rest.buffer.charge(LOOK)
        table = self._rest.table(at)
        if table is not None:
            self._tables.append(table)
            yield from self._fields(table)
        count = self._rest.count(at)
        if count is not None:
            self._vectors.append((at, count))
            yield from self._elements(at, count)

    def _fields(self, table: Table) -> Iterator[int]:
        self._rest.buffer.charge(2 * len(table.slots))
        for slot in dict.fromkeys(table.slots):
            if slot >= 4 and not slot & 3 and slot + 4 <= table.inline_bytes:
                target = self._follow(table.at + slot)
                if target is not None:
                    yield target

    def _elements(self, at: int, count: int) -> list[int]:
        """Where a vector's elements lead, if every one of them leads to a table or string."""
        rest = self._rest
        targets: list[int] = []
        if 4 + 4 * count > rest.room(at):
            return targets
        for i in range(count):
            target = self._follow(at + 4 + 4 * i)
            if target is None or not (rest.is_string(target) or rest.table(target)):
                return []
            targets.append(target)
        return targets

    def _follow(self, at: int) -> int | None:
        """Where the word at this position leads, if something may begin there."""
        self._rest.buffer.charge(LOOK)
        offset = self._rest.word(at)
        target = at + offset
        if offset < 4 or target >= self._end:
            return None
        found = self._rest.count(target) is not None or self._rest.table(target)
        return target if found else None

    def copy(self) -> bytes:
        """The bytes of the piece, zero where something else lies in between."""
        vtables = {self._rest.vtable(table.at): 4 + 2 * len(table.slots) for table in self._tables}
        extents = [(t.at, t.at + t.inline_bytes, t.at + t.inline_bytes) for t in self._tables]
        in_order = sorted(vtables)
        extents += [self._extent(*vector, in_order) for vector in self._vectors]
        end = max(end for _, _, end in extents)
        end += end & 1
        elsewhere: dict[int, int] = {}
        length = end - self._start
        for vtable, size in vtables.items():
            if self._start <= vtable and vtable + size <= end:
                extents.append((vtable, vtable + size, vtable + size))
            else:
                elsewhere[vtable] = length
                length += size
        self._rest.buffer.charge(length)
        piece = bytearray(length)
        for start, stop, _ in extents:
            piece[start - self._start : stop - self._start] = self._rest.data[start:stop]
        for vtable, at in elsewhere.items():
            size = vtables[vtable]
            piece[at : at + size] = self._rest.data[vtable : vtable + size]
        for table in self._tables:
            moved_to = elsewhere.get(self._rest.vtable(table.at))
            if moved_to is not None:
                at = table.at - self._start
                struct.pack_into("<i", piece, at, at - moved_to)
        return bytes(piece)

    def _extent(self, at: int, count: int, vtables: list[int]) -> tuple[int, int, int]:
        """Where a vector begins, where it ends in the file, and where in the piece.

        The latter includes what may be missing of the widest elements or of a terminator.
        """
        data = at + 4
        limit = min(at + self._rest.room(at), _next(self._rest.targets, at), _next(vtables, at))
        if count <= SHORT:
            end = data + (8 * count or 1)
        else:
            width = next((w for w in WIDTHS if count * w <= limit - data), 1)
            end = data + count * width + 1
        return at, min(end, limit), end


def _end_of_gap(gaps: list[tuple[int, int]], at: int) -> int:
    """The end of the gap that this position lies in, or the position itself."""
    i = bisect.bisect_right(gaps, (at, 2**64)) - 1
    return gaps[i][1] if i >= 0 and gaps[i][1] > at else at


def _next(positions: list[int], at: int) -> int:
    """The first of these sorted positions behind this one."""
    i = bisect.bisect_right(positions, at)
    return positions[i] if i < len(positions) else 2**64
