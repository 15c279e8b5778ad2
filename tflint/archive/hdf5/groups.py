"""Groups: the names of what is in them, and where it is, in both ways that HDF5 stores links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.archive.hdf5.heaps import read_fractal_heap, read_local, tree_records
from tflint.archive.hdf5.objects import Message, MessageType
from tflint.archive.hdf5.storage import Fields, Storage
from tflint.errors import MalformedArchive

_MAX_NODES = 20_000
_MAX_DEPTH = 16
_MAX_NAME = 4096


def links(storage: Storage, messages: Sequence[Message]) -> Iterator[tuple[str, int]]:
    """Names and addresses of the objects in a group; raises `MalformedArchive`.

    Soft and external links lead nowhere here.
    """
    for message in messages:
        fields = Fields(message.data, storage)
        if message.type == MessageType.SYMBOL_TABLE:
            tree, heap = fields.offset(), fields.offset()
            yield from _symbols(storage, tree, heap)
        elif message.type == MessageType.LINK:
            yield from _link(fields)
        elif message.type == MessageType.LINK_INFO:
            fields.take(1)
            if fields.number(1) & 0x01:
                fields.take(8)
            heap, index = fields.offset(), fields.offset()
            if storage.is_undefined(heap):
                continue
            objects = read_fractal_heap(storage, heap)
            for record in tree_records(storage, index):
                # A hash of the name comes first.
                yield from _link(Fields(objects.get(record[4:]), storage))


def _link(fields: Fields) -> Iterator[tuple[str, int]]:
    fields.take(1)
    flags = fields.number(1)
    kind = fields.number(1) if flags & 0x08 else 0
    if flags & 0x04:
        fields.take(8)
    if flags & 0x10:
        fields.take(1)
    name = fields.take(fields.number(1 << (flags & 0x03))).decode("utf-8", "replace")
    if kind == 0:
        yield name, fields.offset()


def _symbols(storage: Storage, tree: int, heap: int) -> Iterator[tuple[str, int]]:
    """The entries of a version 1 B-tree of symbol table nodes."""
    names = read_local(storage, heap).rest()
    nodes = [(tree, 0)]
    seen: set[int] = set()
    while nodes:
        address, depth = nodes.pop()
        if address in seen or len(seen) > _MAX_NODES or depth > _MAX_DEPTH:
            raise MalformedArchive("the HDF5 file has a group that goes round in circles")
        seen.add(address)
        if storage.read(address, 4) == b"SNOD":
            yield from _symbol_node(storage, address, names)
            continue
        head = storage.block(address, b"TREE", 8 + 2 * storage.offset_size)
        head.take(2)
        entries = head.number(2)
        pair = storage.offset_size + storage.length_size
        table = storage.fields(address + 8 + 2 * storage.offset_size, entries * pair)
        children = []
        for _ in range(entries):
            table.length()
            children.append((table.offset(), depth + 1))
        nodes.extend(reversed(children))


def _symbol_node(storage: Storage, address: int, names: bytes) -> Iterator[tuple[str, int]]:
    head = storage.block(address, b"SNOD", 8)
    head.take(2)
    count = head.number(2)
    entry = 2 * storage.offset_size + 24
    fields = storage.fields(address + 8, count * entry)
    for _ in range(count):
        name, target = fields.offset(), fields.offset()
        kind = fields.number(4)
        fields.take(20)
        # A cached soft link has no object.
        if kind != 2:
            end = names.find(b"\0", name, name + _MAX_NAME)
            text = names[name : end if end >= 0 else name + _MAX_NAME]
            yield text.decode("utf-8", "replace"), target
