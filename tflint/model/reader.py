"""From the bytes of a `.tflite` to `tables.Model`, verified on the way.

Reading is driven by the schema's layouts, so each table, each operator's options and each
field of a schema newer than ours go the same way. Constant data stay views into the file.
"""

from __future__ import annotations

import bisect
import mmap
import struct
from collections.abc import Callable
from os import PathLike
from typing import Any, cast

from tflint.errors import MalformedModel, NotAModel
from tflint.model.flatbuffer import FlatBuffer, Table
from tflint.model.garbage import uncollected
from tflint.model.record import UnknownField, UnknownTable
from tflint.model.remainder import Remainder
from tflint.model.schema import UNIONS
from tflint.model.tables import Model, is_external
from tflint.model.wire import Field, Shape, class_of, layout
from tflint.printable import printable

IDENTIFIER = b"TFL3"

# What else people hand to a tool for models, by their first bytes.
_OTHER_FORMATS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the model: run `git lfs pull`"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as a Keras `.h5` model: convert it first"),
    (b"PK\x03\x04", "a ZIP archive, such as a Keras `.keras` model: convert it first"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"<!DOCTYPE", "an HTML page: the download probably failed"),
    (b"<html", "an HTML page: the download probably failed"),
)

# What a table is charged at least. It keeps the number of objects proportional to the file's
# size even where tables of no fields lie on top of each other. The smallest table is four
# bytes, and four for the offset to it: twice that is allowed, and so is any file that is tight.
LEAST_CHARGE = 12
# A field of a newer schema is far more work than a known one.
_UNKNOWN_CHARGE = 24


def read_model(path: str | PathLike[str]) -> Model:
    """Read and verify the model in a file; the file stays mapped while its data are in use.

    Raises `MalformedModel`, `NotAModel`, or `OSError` when the file cannot be opened.
    """
    with open(path, "rb") as file:
        if not file.seek(0, 2):
            raise MalformedModel("the file is empty")
        return parse_model(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def parse_model(data: memoryview | bytes) -> Model:
    """Verify a model and decode it.

    Takes the bytes of a whole file. Raises `MalformedModel` when they are not a valid
    flatbuffer of TFLite's schema, `NotAModel` when they do not even claim to be.
    """
    view = memoryview(data).cast("B").toreadonly()
    _check_identifier(view)
    with uncollected():
        model = _decode(view)
    if not model.subgraphs:
        raise MalformedModel("the model holds no subgraph")
    return model


def _decode(view: memoryview) -> Model:
    reader = _Reader(view)
    model = reader.model()
    if reader.unknown_targets is None:
        return model
    # Which of the unknown fields are offsets shows only once it is known what the rest of
    # the file is used for.
    rest = Remainder(reader.buffer, reader.unknown_targets)
    del reader, model
    return _Reader(view, rest).model()


def _check_identifier(view: memoryview) -> None:
    head = bytes(view[:64])
    if head[4:8] == IDENTIFIER and len(view) >= 16:
        return
    for start, what in _OTHER_FORMATS:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(start.lower()):
            raise NotAModel(f"this is {what}")
    if len(view) < 16:
        raise MalformedModel(f"the file is {len(view)} bytes long, too short for a model")
    if head[8:12] == IDENTIFIER:
        raise NotAModel("the flatbuffer carries a size prefix, which no TFLite runtime expects")
    found = printable(head[4:8].decode("utf-8", "surrogateescape"))
    raise NotAModel(f"the file identifier is `{found}`, not `{IDENTIFIER.decode()}`")


class _Reader:
    """Decodes tables by their layout, each position once.

    `rest` are the parts of the file that a first reading did not account for.
    """

    def __init__(self, view: memoryview, rest: Remainder | None = None) -> None:
        self.buffer = FlatBuffer(view)
        # Where unknown fields lead if they are offsets; None when there is no such field.
        self.unknown_targets: set[int] | None = None
        self._rest = rest
        self._tables: dict[tuple[str, int], tuple[object, int]] = {}
        self._vectors: dict[tuple[str, int], tuple[object, ...]] = {}

    def model(self) -> Model:
        """The root table."""
        return cast(Model, self.table("Model", self.buffer.root()))

    def table(self, name: str, at: int) -> object:
        """The decoded table of this type at this position."""
        known = self._tables.get((name, at))
        if known is not None:
            self.buffer.charge(known[1])
            return known[0]
        before = self.buffer.reach_left
        table = self.buffer.table(at)
        self.buffer.charge(max(0, LEAST_CHARGE - table.inline_bytes))
        shape = layout(name)
        values: dict[str, Any] = {}
        slots = table.slots
        for field in shape.fields:
            if field.slot < len(slots) and slots[field.slot]:
                position = at + slots[field.slot]
                self.buffer.check_inline(table, position, field.inline_bytes)
                values[field.name] = _DECODERS[field.shape](self, table, field, position)
        if len(slots) > shape.slot_count:
            unknown = self._unknown_fields(table, shape.slot_count)
            if unknown:
                values["unknown_fields"] = unknown
        if name in _FINISH:
            _FINISH[name](self, table, values)
        decoded: object = class_of(name)(**values)
        # Meeting it again costs as much: to everyone who walks the model it is one more.
        self._tables[name, at] = decoded, before - self.buffer.reach_left
        return decoded

    def _scalar(self, table: Table, field: Field, at: int) -> object:
        (value,) = struct.unpack_from(field.format, self.buffer.data, at)
        return value if field.enum is None else field.enum(value)

    def _string(self, table: Table, field: Field, at: int) -> str:
        return self.buffer.string(at)

    def _child(self, table: Table, field: Field, at: int) -> object:
        return self.table(field.refers_to, self.buffer.follow(at))

    def _union(self, table: Table, field: Field, at: int) -> object:
        code_at = table.field(field.slot - 1)
        code = self.buffer.data[code_at] if code_at else 0
        if code == 0:
            return None
        target = self.buffer.follow(at)
        members = UNIONS[field.refers_to]
        if code < len(members):
            return self.table(members[code], target)
        return UnknownTable(code, self._unknown_fields(self.buffer.table(target), 0))

    def _bytes(self, table: Table, field: Field, at: int) -> memoryview:
        start, count = self.buffer.vector(at, 1)
        return self.buffer.data[start : start + count]

    def _scalars(self, table: Table, field: Field, at: int) -> tuple[object, ...]:
        start, count = self.buffer.vector(at, field.width)
        key = (field.format, start)
        values = self._vectors.get(key)
        if values is None:
            values = struct.unpack_from(f"<{count}{field.format[1]}", self.buffer.data, start)
            self._vectors[key] = values
        return values

    def _strings(self, table: Table, field: Field, at: int) -> tuple[str, ...]:
        start, count = self.buffer.vector(at, 4)
        return tuple(self.buffer.string(start + 4 * i) for i in range(count))

    def _children(self, table: Table, field: Field, at: int) -> tuple[object, ...]:
        start, count = self.buffer.vector(at, 4)
        follow, name = self.buffer.follow, field.refers_to
        return tuple(self.table(name, follow(start + 4 * i)) for i in range(count))

    def _unknown_fields(self, table: Table, first: int) -> tuple[UnknownField, ...]:
        """The fields in slots from `first` on, which the schema does not have.

        Their widths are not in the file. A field ends at the latest where the next begins;
        padding read along with it is zero, so the number stays the same.
        """
        self.buffer.charge(2 * len(table.slots))
        found = []
        ends = sorted({*table.slots, table.inline_bytes} - {0})
        for slot, offset in enumerate(table.slots[first:], first):
            if not offset:
                continue
            self.buffer.charge(_UNKNOWN_CHARGE)
            at = table.at + offset
            room = ends[bisect.bisect_right(ends, offset)] - offset
            width = next(w for w in (8, 4, 2, 1) if w <= room and not at & (w - 1))
            data = bytes(self.buffer.data[at : at + width])
            number = int.from_bytes(data, "little")
            piece = self._unknown_target(at + number) if 4 <= number < 2**32 else None
            if piece is None:
                found.append(UnknownField(slot, data))
            else:
                found.append(UnknownField(slot, bytes(4), piece, (at + number) % 16))
        return tuple(found)

    def _unknown_target(self, at: int) -> bytes | None:
        """What an unknown field leads to if it is an offset.

        Whether it is one is not in the file either. It is taken for one if it leads to a
        part of the file that nothing else uses, and something may begin there.
        """
        self.unknown_targets = self.unknown_targets or set()
        self.unknown_targets.add(at)
        return None if self._rest is None else self._rest.cut(at)

    def external(self, offset: int, size: int) -> memoryview:
        """Data that lie behind the flatbuffer."""
        if offset + size > self.buffer.size:
            raise MalformedModel(f"external data of {size:,} bytes reach past the file", offset)
        self.buffer.reach(offset, offset + size)
        return self.buffer.data[offset : offset + size]


def _finish_buffer(reader: _Reader, table: Table, values: dict[str, Any]) -> None:
    offset, size = values.get("offset", 0), values.get("size", 0)
    if "data" in values:
        values["position"] = reader.buffer.follow(table.field(0)) + 4
    elif is_external(offset, size):
        values["data"] = reader.external(offset, size)
        values["position"] = offset


def _finish_operator(reader: _Reader, table: Table, values: dict[str, Any]) -> None:
    offset = values.get("large_custom_options_offset", 0)
    size = values.get("large_custom_options_size", 0)
    if "custom_options" not in values and is_external(offset, size):
        values["custom_options"] = reader.external(offset, size)


def _finish_model(reader: _Reader, table: Table, values: dict[str, Any]) -> None:
    values["file_bytes"] = reader.buffer.size


_FINISH = {"Buffer": _finish_buffer, "Operator": _finish_operator, "Model": _finish_model}

_DECODERS: dict[Shape, Callable[[_Reader, Table, Field, int], object]] = {
    Shape.SCALAR: _Reader._scalar,
    Shape.STRING: _Reader._string,
    Shape.TABLE: _Reader._child,
    Shape.UNION: _Reader._union,
    Shape.BYTES: _Reader._bytes,
    Shape.SCALARS: _Reader._scalars,
    Shape.STRINGS: _Reader._strings,
    Shape.TABLES: _Reader._children,
}
