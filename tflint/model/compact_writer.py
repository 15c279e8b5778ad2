"""A model as a short flatbuffer: what is equal is stored once.

The format lets tables refer to the same string, vector or table, and have fields that say what
goes without saying. Where all of it goes is up to `packing`.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tflint.errors import UnwritableModel
from tflint.model.flatbuffer import REACH_FACTOR, REACH_SLACK
from tflint.model.packing import DATA_ALIGNMENT, WORD, Node, laid_out
from tflint.model.record import ABSENT, UnknownField, UnknownTable
from tflint.model.schema import UNIONS
from tflint.model.table_forms import Form, form_of, spelled_out
from tflint.model.tables import Model
from tflint.model.wire import Field, Shape, layout

# Within a table, flatbuffers address with 16 bits.
MAX_TABLE_BYTES = 2**16 - 1
# Sharing stops this far from what the reader allows.
_SPARE_REACH = 4096
_U32 = struct.Struct("<I")
_VTABLE = struct.Struct("<HH")


def compact_flatbuffer(model: Model) -> bytes:
    """A model as the bytes of a flatbuffer.

    Raises `UnwritableModel` when it would pass 2 GiB, or a table 64 KiB, and `ValueError` for a
    model with parts of a newer schema that have to stay where they are (`has_loose_parts`).
    """
    writer = _Writer(spelled_out(model))
    return laid_out(writer.table("Model", model), writer.vtables.values())


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
    offsets, end = {}, WORD
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

    def __init__(self, spelled_out: Mapping[Form, tuple[Field, ...]]) -> None:
        self._spelled_out = spelled_out
        self.vtables: dict[bytes, Node] = {}
        self._known: dict[tuple[object, ...], Node] = {}
        self._stored = 0
        self._shared = 0

    def table(self, name: str, record: object) -> Node:
        """A table and what it refers to."""
        inline: list[tuple[int, int, bytes]] = []
        children: list[tuple[int, Node]] = []
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
        if not unknown:
            for field in self._spelled_out.get(form_of(name, record), ()):
                inline.append((field.slot, field.width, struct.pack(field.format, field.default)))
        return self._table(inline + _raw_fields(unknown), children)

    def _table(
        self, inline: list[tuple[int, int, bytes]], children: list[tuple[int, Node]]
    ) -> Node:
        fields = [(slot, width) for slot, width, _ in inline]
        fields += [(slot, WORD) for slot, _ in children]
        shape = _inline(tuple(sorted(fields)))
        raw = bytearray(shape.size)
        for slot, width, value in inline:
            at = shape.offsets[slot]
            raw[at : at + width] = value
        refs = tuple((shape.offsets[slot], child) for slot, child in children)
        vtable = self.vtables.get(shape.vtable)
        if vtable is None:
            vtable = self.vtables[shape.vtable] = Node(shape.vtable, 2)
        alignment, phase = (8, 4) if shape.is_wide else (WORD, 0)
        return self._node(bytes(raw), alignment, phase, refs, vtable)

    def _child(self, table: str, field: Field, value: object) -> Node:
        if field.shape is Shape.STRING:
            return self._string(value)
        if field.shape is Shape.BYTES:
            assert isinstance(value, bytes | bytearray | memoryview)
            alignment = DATA_ALIGNMENT if table == "Buffer" else WORD
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
            return self._vector(raw, len(value), max(WORD, field.width), may_share=may_share)
        if field.shape is Shape.STRINGS:
            return self._offsets([self._string(text) for text in value])
        return self._offsets([self.table(field.refers_to, child) for child in value])

    def _string(self, text: object) -> Node:
        assert isinstance(text, str)
        raw = text.encode("utf-8", "surrogateescape")
        return self._node(_U32.pack(len(raw)) + raw + b"\0")

    def _vector(self, raw: bytes, count: int, alignment: int, *, may_share: bool = True) -> Node:
        phase = -WORD % alignment
        return self._node(_U32.pack(count) + raw, alignment, phase, may_share=may_share)

    def _offsets(self, nodes: Sequence[Node]) -> Node:
        refs = tuple((WORD + WORD * i, node) for i, node in enumerate(nodes))
        return self._node(_U32.pack(len(nodes)) + bytes(WORD * len(nodes)), refs=refs)

    def _node(
        self,
        raw: bytes,
        alignment: int = WORD,
        phase: int = 0,
        refs: tuple[tuple[int, Node], ...] = (),
        vtable: Node | None = None,
        *,
        may_share: bool = True,
    ) -> Node:
        """A node that may be one there is already, or a new one."""
        if not may_share:
            return Node(raw, alignment, phase, refs, vtable)
        key = (raw, alignment, vtable, tuple((at, id(child)) for at, child in refs))
        known = self._known.get(key)
        # What it refers to was met again before it was, and is counted.
        if known is not None and self._shared + known.own_reach <= self._may_share():
            self._shared += known.own_reach
            return known
        node = self._known[key] = Node(raw, alignment, phase, refs, vtable)
        node.is_shared = True
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
