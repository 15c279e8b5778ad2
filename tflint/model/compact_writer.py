"""A model as a short flatbuffer: what is equal is stored once, small things fill the gaps.

The format lets tables refer to the same string, vector or table, and puts what they refer to
anywhere behind them. So all tables come first, and behind them what is left: constants on their
16-byte boundaries, and in the gaps between them strings, short vectors and vtables.

Source: the FlatBuffers internals documentation, and what its C++ verifier demands.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tflint.errors import UnwritableModel
from tflint.model.flatbuffer import REACH_FACTOR, REACH_SLACK
from tflint.model.reader import IDENTIFIER, LEAST_CHARGE
from tflint.model.record import ABSENT, UnknownField, UnknownTable
from tflint.model.schema import UNIONS
from tflint.model.tables import Model
from tflint.model.wire import Field, Shape, layout

# `force_align: 16` of Buffer.data in the schema; runtimes use the data where they lie.
DATA_ALIGNMENT = 16
# Flatbuffers address with 32 bits, signed in places, and within a table with 16.
MAX_BYTES = 2**31 - 1
MAX_TABLE_BYTES = 2**16 - 1
_WORD = 4
# An offset to the root and the identifier.
_HEADER_BYTES = 8
# Sharing stops this far from what the reader allows.
_SPARE_REACH = 4096
_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_VTABLE = struct.Struct("<HH")


class _Node:
    """Something in the file: its bytes, and where in them it refers to others.

    It starts `phase` bytes past a multiple of `alignment`. A table has a vtable. `reach` is what
    reading it and all it refers to counts, see `flatbuffer`.
    """

    __slots__ = ("alignment", "at", "own_reach", "phase", "raw", "reach", "refs", "vtable")

    def __init__(
        self,
        raw: bytes,
        alignment: int = _WORD,
        phase: int = 0,
        refs: Sequence[tuple[int, _Node]] = (),
        vtable: _Node | None = None,
    ) -> None:
        self.raw = raw
        self.alignment = alignment
        self.phase = phase
        self.refs = refs
        self.vtable = vtable
        self.at = 0
        self.own_reach = max(len(raw), LEAST_CHARGE) if vtable else len(raw)
        self.reach: int = self.own_reach + sum(child.reach for _, child in refs)

    @property
    def is_leaf(self) -> bool:
        """Whether it may stand anywhere behind what refers to it."""
        return not self.refs and self.vtable is None

    def start(self, end: int) -> int:
        """The first place for it from `end` on."""
        return end + (self.phase - end) % self.alignment


def compact_flatbuffer(model: Model) -> bytes:
    """A model as the bytes of a flatbuffer.

    Raises `UnwritableModel` when it would pass 2 GiB, or a table 64 KiB, and `ValueError` for a
    model with parts of a newer schema that have to stay where they are (`has_loose_parts`).
    """
    writer = _Writer()
    return _laid_out(writer.table("Model", model), writer.vtables.values())


def has_loose_parts(record: object) -> bool:
    """Whether fields of a newer schema lead to parts of the file that only they know."""
    if isinstance(record, tuple):
        return any(map(has_loose_parts, record))
    unknown: tuple[UnknownField, ...] = getattr(record, "unknown_fields", ())
    if any(field.child is not None for field in unknown):
        return True
    if isinstance(record, UnknownTable) or not hasattr(record, "unknown_fields"):
        return False
    return any(
        has_loose_parts(getattr(record, field.name))
        for field in layout(type(record).__name__).fields
        if field.shape in (Shape.TABLE, Shape.TABLES, Shape.UNION)
    )


@dataclass(frozen=True, slots=True)
class _Inline:
    """How fields lie in a table: its bytes, their offsets, and whether one takes eight bytes."""

    size: int
    offsets: dict[int, int]
    is_wide: bool
    vtable: bytes


@functools.lru_cache(maxsize=4096)
def _inline(fields: tuple[tuple[int, int], ...]) -> _Inline:
    """The layout of fields of these slots and widths: the widest first leaves no padding."""
    offsets, end = {}, _WORD
    for slot, width in sorted(fields, key=lambda field: -field[1]):
        offsets[slot] = end
        end += width
    if end > MAX_TABLE_BYTES:
        raise UnwritableModel("a table's fields take more than 64 KiB")
    count = max(offsets, default=-1) + 1
    vtable = _VTABLE.pack(4 + 2 * count, end)
    vtable += struct.pack(f"<{count}H", *(offsets.get(slot, 0) for slot in range(count)))
    return _Inline(end, offsets, any(width == 8 for _, width in fields), vtable)


class _Writer:
    """Makes nodes of a model's parts, one for what is equal.

    `stored` is the bytes of all nodes, `shared` what a reader counts for those that it meets
    again: a file that seems to fold onto itself is refused by the reader, so it stays below.
    """

    def __init__(self) -> None:
        self.vtables: dict[bytes, _Node] = {}
        self._known: dict[tuple[object, ...], _Node] = {}
        self._stored = 0
        self._shared = 0

    def table(self, name: str, record: object) -> _Node:
        """A table and what it refers to."""
        inline: list[tuple[int, int, bytes]] = []
        children: list[tuple[int, _Node]] = []
        # The constants first: how much may be shared depends on how much there is.
        for field in reversed(layout(name).fields):
            value = getattr(record, field.name)
            if field.shape is Shape.SCALAR:
                if value != field.default:
                    inline.append((field.slot, field.width, struct.pack(field.format, value)))
            elif value is not None and value is not ABSENT:
                children.append((field.slot, self._child(name, field, value)))
                if field.shape is Shape.UNION:
                    code = struct.pack("<B", _type_code(field, value))
                    inline.append((field.slot - 1, 1, code))
        unknown: tuple[UnknownField, ...] = getattr(record, "unknown_fields", ())
        return self._table(inline + _raw_fields(unknown), children)

    def _table(
        self, inline: list[tuple[int, int, bytes]], children: list[tuple[int, _Node]]
    ) -> _Node:
        fields = [(slot, width) for slot, width, _ in inline]
        fields += [(slot, _WORD) for slot, _ in children]
        shape = _inline(tuple(sorted(fields)))
        raw = bytearray(shape.size)
        for slot, width, value in inline:
            at = shape.offsets[slot]
            raw[at : at + width] = value
        refs = tuple((shape.offsets[slot], child) for slot, child in children)
        vtable = self.vtables.get(shape.vtable)
        if vtable is None:
            vtable = self.vtables[shape.vtable] = _Node(shape.vtable, 2)
        alignment, phase = (8, 4) if shape.is_wide else (_WORD, 0)
        return self._node(bytes(raw), alignment, phase, refs, vtable)

    def _child(self, table: str, field: Field, value: object) -> _Node:
        if field.shape is Shape.STRING:
            return self._string(value)
        if field.shape is Shape.BYTES:
            assert isinstance(value, bytes | bytearray | memoryview)
            alignment = DATA_ALIGNMENT if table == "Buffer" else _WORD
            return self._vector(bytes(value), len(value), alignment)
        if field.shape is Shape.TABLE:
            return self.table(field.refers_to, value)
        if field.shape is Shape.UNION:
            if isinstance(value, UnknownTable):
                return self._table(_raw_fields(value.unknown_fields), [])
            return self.table(type(value).__name__, value)
        assert isinstance(value, tuple)
        if field.shape is Shape.SCALARS:
            raw = struct.pack(f"<{len(value)}{field.format[1]}", *value)
            # TFLM's RESHAPE takes a shape of [0] for a scalar's, and writes that over it.
            may_share = (table, field.name, value) != ("Tensor", "shape", (0,))
            return self._vector(raw, len(value), max(_WORD, field.width), may_share=may_share)
        if field.shape is Shape.STRINGS:
            return self._offsets([self._string(text) for text in value])
        return self._offsets([self.table(field.refers_to, child) for child in value])

    def _string(self, text: object) -> _Node:
        assert isinstance(text, str)
        raw = text.encode("utf-8", "surrogateescape")
        return self._node(_U32.pack(len(raw)) + raw + b"\0")

    def _vector(self, raw: bytes, count: int, alignment: int, *, may_share: bool = True) -> _Node:
        phase = -_WORD % alignment
        return self._node(_U32.pack(count) + raw, alignment, phase, may_share=may_share)

    def _offsets(self, nodes: Sequence[_Node]) -> _Node:
        refs = tuple((_WORD + _WORD * i, node) for i, node in enumerate(nodes))
        return self._node(_U32.pack(len(nodes)) + bytes(_WORD * len(nodes)), refs=refs)

    def _node(
        self,
        raw: bytes,
        alignment: int = _WORD,
        phase: int = 0,
        refs: tuple[tuple[int, _Node], ...] = (),
        vtable: _Node | None = None,
        *,
        may_share: bool = True,
    ) -> _Node:
        """A node that may be one there is already, or a new one."""
        if not may_share:
            return _Node(raw, alignment, phase, refs, vtable)
        key = (raw, alignment, vtable, tuple((at, id(child)) for at, child in refs))
        known = self._known.get(key)
        # What it refers to was met again before it was, and is counted.
        if known is not None and self._shared + known.own_reach <= self._may_share():
            self._shared += known.own_reach
            return known
        node = self._known[key] = _Node(raw, alignment, phase, refs, vtable)
        self._stored += len(raw)
        return node

    def _may_share(self) -> int:
        return (REACH_FACTOR - 1) * self._stored + REACH_SLACK - _SPARE_REACH


def _raw_fields(fields: Iterable[UnknownField]) -> list[tuple[int, int, bytes]]:
    found = []
    for field in fields:
        if field.child is not None:
            raise ValueError("parts of a newer schema have to stay where they are")
        found.append((field.slot, len(field.data), field.data))
    return found


def _type_code(field: Field, value: object) -> int:
    if isinstance(value, UnknownTable):
        return value.type_code
    return UNIONS[field.refers_to].index(type(value).__name__)


def _laid_out(root: _Node, vtables: Iterable[_Node]) -> bytes:
    """The file: tables behind what refers to them, then constants with the rest in the gaps."""
    inner, leaves = _in_order(root)
    end = _HEADER_BYTES
    for node in inner:
        node.at = node.start(end)
        end = node.at + len(node.raw)
    small = _Small((*(leaf for leaf in leaves if leaf.alignment < DATA_ALIGNMENT), *vtables))
    constants = [leaf for leaf in leaves if leaf.alignment == DATA_ALIGNMENT]
    for node in constants:
        node.at = node.start(small.fill(end, node))
        end = node.at + len(node.raw)
    for node in small.rest():
        node.at = node.start(end)
        end = node.at + len(node.raw)
    if end > MAX_BYTES:
        raise UnwritableModel(f"{end:,} bytes do not fit a flatbuffer (2 GiB)")
    out = bytearray(end)
    _U32.pack_into(out, 0, root.at)
    out[_WORD:_HEADER_BYTES] = IDENTIFIER
    for node in (*inner, *leaves, *vtables):
        out[node.at : node.at + len(node.raw)] = node.raw
        for offset, child in node.refs:
            _U32.pack_into(out, node.at + offset, child.at - node.at - offset)
        if node.vtable is not None:
            _I32.pack_into(out, node.at, node.at - node.vtable.at)
    return bytes(out)


def _in_order(root: _Node) -> tuple[list[_Node], list[_Node]]:
    """Tables and vectors of offsets, each behind all that refer to it, and the other nodes."""
    done: list[_Node] = []
    leaves: list[_Node] = []
    seen = {id(root)}
    waiting = [(root, iter(root.refs))]
    while waiting:
        node, refs = waiting[-1]
        for _, child in refs:
            if id(child) in seen:
                continue
            seen.add(id(child))
            if child.is_leaf:
                leaves.append(child)
            else:
                waiting.append((child, iter(child.refs)))
                break
        else:
            done.append(node)
            waiting.pop()
    return done[::-1], leaves


# What brings a gap of so many words to where the next constant starts: the lengths, modulo that
# of a line of four words, of one to three things. The first that are at hand are taken.
_FILLINGS = {
    1: ((1,), (2, 3), (3, 3, 3), (2, 2, 1)),
    2: ((2,), (1, 1), (3, 3), (1, 2, 3)),
    3: ((3,), (2, 1), (1, 1, 1), (2, 2, 3)),
}


class _Small:
    """Leaves that are not constants, which stand in the gaps between those."""

    def __init__(self, nodes: Sequence[_Node]) -> None:
        self._nodes = sorted(nodes, key=lambda node: (-node.alignment, -len(node.raw)))
        self._placed: set[int] = set()
        self._by_words: dict[int, list[_Node]] = {1: [], 2: [], 3: []}
        for node in reversed(self._nodes):
            words = -(-len(node.raw) // _WORD) % 4
            if node.alignment <= _WORD and words:
                self._by_words[words].append(node)

    def fill(self, end: int, before: _Node) -> int:
        """Place nodes between `end` and another one; gives where the last of them ends."""
        gap = (before.phase - end) % DATA_ALIGNMENT // _WORD
        for words in _FILLINGS.get(gap, ()):
            if all(len(self._by_words[one]) >= words.count(one) for one in words):
                for one in words:
                    node = self._by_words[one].pop()
                    node.at = -(-end // _WORD) * _WORD
                    end = node.at + len(node.raw)
                    self._placed.add(id(node))
                return end
        return end

    def rest(self) -> list[_Node]:
        """The nodes that are not placed yet, in an order that leaves little padding."""
        return [node for node in self._nodes if id(node) not in self._placed]
