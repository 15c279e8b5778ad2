"""From `tables.Model` to the bytes of a `.tflite`, the inverse of the reader.

`parse_model(write_model(m)) == m` for every model the reader gives, fields of newer schemas
included; only positions in the file differ. Constant data start on 16-byte boundaries, as
the schema demands and some writers forget.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from typing import TypeVar

import flatbuffers

from tflint.errors import UnwritableModel
from tflint.model.compact_writer import MAX_TABLE_BYTES, compact_flatbuffer, has_loose_parts
from tflint.model.packing import DATA_ALIGNMENT, MAX_BYTES
from tflint.model.reader import IDENTIFIER
from tflint.model.record import ABSENT, UnknownField, UnknownTable
from tflint.model.schema import UNIONS
from tflint.model.tables import Buffer, Model, Operator, SubGraph
from tflint.model.wire import Field, Shape, layout

T = TypeVar("T")


def write_model(model: Model, *, compact: bool = False) -> bytes:
    """The model as a flatbuffer, followed by the data that it keeps outside.

    With `compact` the flatbuffer shares what is equal, which the format allows and readers do not
    notice; models with parts that only a newer schema knows are not written so.

    Raises `UnwritableModel` when the flatbuffer would pass 2 GiB, or a table 64 KiB.
    """
    flatbuffer = compact_flatbuffer if compact and not has_loose_parts(model) else _flatbuffer
    _check_size(model)
    external = _external_data(model)
    if not external:
        return flatbuffer(_with_offsets(model, {}))
    # The offsets' values do not change the length, so a first draft tells where data begin. Each
    # is another: equal ones would be shared.
    draft = {key: place for place, key in enumerate(external, 2)}
    position = len(flatbuffer(_with_offsets(model, draft)))
    offsets: dict[int, int] = {}
    tail = []
    for key, data in external.items():
        padding = -position % DATA_ALIGNMENT
        offsets[key] = position + padding
        tail += [bytes(padding), data]
        position = offsets[key] + len(data)
    return b"".join([flatbuffer(_with_offsets(model, offsets)), *tail])


def _external_data(model: Model) -> dict[int, memoryview | bytes]:
    """What lies behind the flatbuffer, by the identity of the table that owns it.

    A single byte cannot: sizes of 0 and 1 are a writer's placeholders.
    """
    external: dict[int, memoryview | bytes] = {}
    for buffer in model.buffers:
        if buffer.is_external and buffer.data is not None and len(buffer.data) > 1:
            external[id(buffer)] = buffer.data
    for subgraph in model.subgraphs:
        for operator in subgraph.operators:
            options = operator.custom_options
            if operator.is_external and options is not None and len(options) > 1:
                external[id(operator)] = options
    return external


def _with_offsets(model: Model, offsets: dict[int, int]) -> Model:
    """The model with its external data taken out and these offsets in their place."""

    def buffer(old: Buffer) -> Buffer:
        if not old.is_external or old.data is None:
            return old
        if id(old) not in offsets:
            return dataclasses.replace(old, offset=0, size=0)
        return dataclasses.replace(old, data=None, offset=offsets[id(old)], size=len(old.data))

    def operator(old: Operator) -> Operator:
        if not old.is_external or old.custom_options is None:
            return old
        if id(old) not in offsets:
            return dataclasses.replace(
                old, large_custom_options_offset=0, large_custom_options_size=0
            )
        return dataclasses.replace(
            old,
            custom_options=None,
            large_custom_options_offset=offsets[id(old)],
            large_custom_options_size=len(old.custom_options),
        )

    def graph(old: SubGraph) -> SubGraph:
        return dataclasses.replace(old, operators=_each(operator, old.operators))

    return dataclasses.replace(
        model, buffers=_each(buffer, model.buffers), subgraphs=_each(graph, model.subgraphs)
    )


def _each(change: Callable[[T], T], records: tuple[T, ...]) -> tuple[T, ...]:
    """The records changed; none stay `ABSENT` or empty, whichever they are."""
    return tuple(map(change, records)) if records else records


def _check_size(model: Model) -> None:
    """Raise for constants that do not fit, before they are copied."""
    total = sum(len(b.data) for b in model.buffers if b.data and not b.is_external)
    if total > MAX_BYTES:
        raise UnwritableModel(f"{total:,} bytes of constants do not fit a flatbuffer (2 GiB)")


def _flatbuffer(model: Model) -> bytes:
    writer = _Writer(sum(len(buffer.data or b"") for buffer in model.buffers) + 1024)
    writer.out.Finish(writer.table("Model", model), file_identifier=IDENTIFIER)
    return bytes(writer.out.Output())


class _Writer:
    """Writes tables by their layout, children before parents, as flatbuffers are built."""

    def __init__(self, initial_bytes: int) -> None:
        self.out = flatbuffers.Builder(initial_bytes)

    def table(self, name: str, record: object) -> int:
        """Write a table and what it refers to; returns its offset in the builder."""
        shape = layout(name)
        unknown: tuple[UnknownField, ...] = getattr(record, "unknown_fields", ())
        values = {field: getattr(record, field.name) for field in shape.fields}
        children = {
            field.slot: self._child(name, field, value)
            for field, value in values.items()
            if field.shape is not Shape.SCALAR and value is not None and value is not ABSENT
        }
        blobs = self._blobs(unknown)
        self.out.StartObject(max([shape.slot_count, *(field.slot + 1 for field in unknown)]))
        # Widest first leaves the least padding.
        for field, value in sorted(values.items(), key=lambda item: -item[0].inline_bytes):
            if field.slot in children:
                self.out.PrependUOffsetTRelativeSlot(field.slot, children[field.slot], 0)
                if field.shape is Shape.UNION:
                    self._inline(field.slot - 1, "<B", _type_code(field, value))
            elif field.shape is Shape.SCALAR and value != field.default:
                self._inline(field.slot, field.format, value)
        self._unknown(unknown, blobs)
        return self._end_table()

    def _end_table(self) -> int:
        if self.out.Offset() + 4 - self.out.objectEnd > MAX_TABLE_BYTES:
            raise UnwritableModel("a table's fields take more than 64 KiB")
        offset: int = self.out.EndObject()
        return offset

    def _child(self, table: str, field: Field, value: object) -> int:
        """Write what a field refers to; returns its offset in the builder."""
        if field.shape is Shape.STRING:
            return self._string(value)
        if field.shape is Shape.BYTES:
            assert isinstance(value, bytes | bytearray | memoryview)
            alignment = DATA_ALIGNMENT if table == "Buffer" else 4
            return self._vector(bytes(value), 1, len(value), alignment)
        if field.shape is Shape.TABLE:
            return self.table(field.refers_to, value)
        if field.shape is Shape.UNION:
            if isinstance(value, UnknownTable):
                return self._unknown_table(value)
            return self.table(type(value).__name__, value)
        assert isinstance(value, tuple)
        if field.shape is Shape.SCALARS:
            raw = struct.pack(f"<{len(value)}{field.format[1]}", *value)
            return self._vector(raw, field.width, len(value), max(4, field.width))
        if field.shape is Shape.STRINGS:
            return self._offsets([self._string(text) for text in value])
        return self._offsets([self.table(field.refers_to, child) for child in value])

    def _string(self, text: object) -> int:
        assert isinstance(text, str)
        offset: int = self.out.CreateString(text.encode("utf-8", "surrogateescape"))
        return offset

    def _vector(self, raw: bytes, width: int, count: int, alignment: int) -> int:
        self.out.StartVector(width, count, alignment)
        self._place(raw)
        offset: int = self.out.EndVector()
        return offset

    def _offsets(self, offsets: list[int]) -> int:
        self.out.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.out.PrependUOffsetTRelative(offset)
        end: int = self.out.EndVector()
        return end

    def _place(self, raw: bytes) -> None:
        """Copy bytes in front of what is written; the builder has made room already."""
        self.out.head -= len(raw)
        self.out.Bytes[self.out.head : self.out.head + len(raw)] = raw

    def _inline(self, slot: int, code: str, value: object) -> None:
        """Write a scalar into the table under construction."""
        raw = struct.pack(code, value)
        self.out.Prep(len(raw), 0)
        self._place(raw)
        self.out.Slot(slot)

    def _unknown_table(self, table: UnknownTable) -> int:
        blobs = self._blobs(table.unknown_fields)
        self.out.StartObject(max((f.slot + 1 for f in table.unknown_fields), default=0))
        self._unknown(table.unknown_fields, blobs)
        return self._end_table()

    def _unknown(self, fields: tuple[UnknownField, ...], blobs: dict[int, int]) -> None:
        for field in sorted(fields, key=lambda field: -len(field.data)):
            if field.slot in blobs:
                self.out.PrependUOffsetTRelativeSlot(field.slot, blobs[field.slot], 0)
            else:
                self._inline(field.slot, f"{len(field.data)}s", field.data)

    def _blobs(self, fields: tuple[UnknownField, ...]) -> dict[int, int]:
        """Write what unknown fields refer to, at the alignment it had; offsets by slot."""
        blobs = {}
        for field in fields:
            if field.child is None:
                continue
            # The start must keep its distance from a 16-byte boundary: whatever is in there
            # was aligned relative to that.
            self.out.Prep(16, len(field.child) + field.child_phase)
            self._place(field.child)
            blobs[field.slot] = self.out.Offset()
        return blobs


def _type_code(field: Field, value: object) -> int:
    if isinstance(value, UnknownTable):
        return value.type_code
    return UNIONS[field.refers_to].index(type(value).__name__)
