"""Attributes of objects: texts and lists of texts; shapes of data sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tflint.archive.hdf5.heaps import read_fractal_heap, read_global, tree_records
from tflint.archive.hdf5.objects import Message, MessageType
from tflint.archive.hdf5.storage import Fields, Storage
from tflint.errors import MalformedArchive

MAX_TEXT = 32 * 1024 * 1024
_MAX_ITEMS = 100_000
_MAX_RANK = 32
_STRING, _VARIABLE = 3, 9


def text_attributes(
    storage: Storage, messages: Sequence[Message], wanted: Iterable[str]
) -> dict[str, list[str]]:
    """The attributes of these names that hold texts, as the lists of them; one where scalar.

    Raises `MalformedArchive`.
    """
    names = frozenset(wanted)
    found: dict[str, list[str]] = {}
    for data in _attributes(storage, messages):
        attribute = _attribute(data, storage, names)
        if attribute is not None:
            found.setdefault(*attribute)
    return found


def _attributes(storage: Storage, messages: Sequence[Message]) -> Iterator[bytes]:
    for message in messages:
        if message.type == MessageType.ATTRIBUTE:
            yield message.data
        elif message.type == MessageType.ATTRIBUTE_INFO:
            fields = Fields(message.data, storage)
            fields.take(1)
            flags = fields.number(1)
            if flags & 0x01:
                fields.take(2)
            heap, index = fields.offset(), fields.offset()
            if storage.is_undefined(heap):
                continue
            objects = read_fractal_heap(storage, heap)
            for record in tree_records(storage, index):
                # An identifier of 8 bytes comes first, whether by name or by order; then flags.
                if len(record) > 8 and not record[8] & 0x02:
                    yield objects.get(record[: min(objects.id_size, 8)])


def _attribute(
    data: bytes, storage: Storage, wanted: frozenset[str]
) -> tuple[str, list[str]] | None:
    """The name and texts of an attribute, if it is a wanted one that holds texts."""
    fields = Fields(data, storage)
    version, flags = fields.number(1), fields.number(1)
    name_size, type_size, space_size = fields.number(2), fields.number(2), fields.number(2)
    if version not in (1, 2, 3):
        raise MalformedArchive(f"the HDF5 file has an attribute of version {version}")
    if version == 3:
        fields.take(1)
    padding = 8 if version == 1 else 1
    name = fields.take(name_size).split(b"\0", 1)[0].decode("utf-8", "replace")
    fields.align(padding)
    if name not in wanted or (version > 1 and flags & 0x03):
        return None
    datatype = Fields(fields.take(type_size), storage)
    fields.align(padding)
    shape = dataspace(Fields(fields.take(space_size), storage))
    fields.align(padding)
    count = element_count(shape)
    if count > _MAX_ITEMS:
        raise MalformedArchive(f"the HDF5 file has an attribute of {count:,} texts")
    kind, bits = datatype.number(1) & 0x0F, datatype.number(1)
    datatype.take(2)
    size = datatype.number(4)
    if kind == _STRING:
        if size * count > MAX_TEXT:
            raise MalformedArchive("the HDF5 file has an attribute that is too large")
        return name, [_text(fields.take(size).split(b"\0", 1)[0]) for _ in range(count)]
    if kind == _VARIABLE and bits & 0x0F == 1:
        return name, [_variable(fields, storage) for _ in range(count)]
    return None


def _variable(fields: Fields, storage: Storage) -> str:
    size, address, index = fields.number(4), fields.offset(), fields.number(4)
    if size > MAX_TEXT:
        raise MalformedArchive(f"the HDF5 file has a text of {size:,} bytes")
    if not size or not address:
        return ""
    return _text(read_global(storage, address, index, size).split(b"\0", 1)[0])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def dataspace(fields: Fields) -> tuple[int, ...] | None:
    """The shape in a dataspace message; None for one that holds nothing."""
    version, rank, _ = fields.number(1), fields.number(1), fields.number(1)
    if version not in (1, 2) or rank > _MAX_RANK:
        raise MalformedArchive("the HDF5 file has a shape of an unknown kind")
    if version == 1:
        fields.take(5)
    elif fields.number(1) == 2:
        return None
    return tuple(fields.length() for _ in range(rank))


def element_count(shape: tuple[int, ...] | None) -> int:
    """How many elements a shape has; one where it has no dimensions."""
    if shape is None:
        return 0
    count = 1
    for dim in shape:
        count *= dim
    return count
