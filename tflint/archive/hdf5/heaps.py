"""Heaps, where HDF5 keeps what does not fit into object headers, and the trees that index them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.archive.hdf5.storage import Fields, Storage, encoded_size
from tflint.errors import MalformedArchive

_MAX_NODES = 20_000
_MAX_DEPTH = 16
# Rows of an indirect block: each doubles the size of the blocks, and sizes have 64 bits.
_MAX_ROWS = 128


def read_global(storage: Storage, address: int, index: int, size: int) -> bytes:
    """An object of a global heap collection, cut at `size` bytes."""
    head = storage.block(address, b"GCOL", 8 + storage.length_size)
    head.take(4)
    fields = storage.fields(address, head.length())
    fields.take(8 + storage.length_size)
    while fields.left >= 8 + storage.length_size:
        found = fields.number(2)
        fields.take(6)
        length = fields.length()
        if found == index and index != 0:
            if length < size:
                break
            return fields.take(size)
        if found == 0:
            break
        fields.take(length)
        fields.align(8)
    raise MalformedArchive("the HDF5 file has a text that is not in the heap it should be in")


def read_local(storage: Storage, address: int) -> Fields:
    """The data of the local heap of a group: its names."""
    head = storage.block(address, b"HEAP", 8 + 2 * storage.length_size + storage.offset_size)
    head.take(4)
    size = head.length()
    head.length()
    return storage.fields(head.offset(), size)


@dataclass(frozen=True, slots=True)
class FractalHeap:
    """A fractal heap, as its header describes it (section III.G)."""

    storage: Storage
    id_size: int
    huge_tree: int
    width: int
    start_size: int
    max_direct_size: int
    address_size: int
    length_bytes: int
    root: int
    root_rows: int

    def get(self, heap_id: bytes) -> bytes:
        """The object that an identifier stands for; raises `MalformedArchive`."""
        fields = Fields(heap_id, self.storage)
        first = fields.number(1)
        kind = first >> 4 & 0x03
        if kind == 0:
            return self._managed(fields.number(self.address_size), fields.number(self.length_bytes))
        if kind == 1:
            return self._huge(fields)
        if kind == 2:
            # Identifiers above 17 bytes, which HDF5 does not make, have a longer length.
            return fields.take((first & 0x0F) + 1)
        raise MalformedArchive("the HDF5 file has an object in a heap of an unknown kind")

    def _huge(self, fields: Fields) -> bytes:
        direct = self.storage.offset_size + self.storage.length_size
        if self.id_size > direct:
            return self.storage.read(fields.offset(), fields.length())
        wanted = fields.number(min(self.id_size - 1, self.storage.length_size))
        for record in tree_records(self.storage, self.huge_tree):
            entry = Fields(record, self.storage)
            address, length = entry.offset(), entry.length()
            if entry.length() == wanted:
                return self.storage.read(address, length)
        raise MalformedArchive("the HDF5 file has a large object that is nowhere")

    def _managed(self, offset: int, length: int) -> bytes:
        if self.root_rows == 0:
            return self._direct(self.root, 0, self.start_size, offset, length)
        block, begin, rows = self.root, 0, self.root_rows
        direct_rows = self.max_direct_size.bit_length() - self.start_size.bit_length() + 2
        for _ in range(_MAX_DEPTH):
            row, column, begin = self._cell(begin, rows, offset)
            size = self._row_size(row)
            child = self._child(block, row, column)
            if self.storage.is_undefined(child):
                break
            if row < direct_rows:
                return self._direct(child, begin, size, offset, length)
            block = child
            rows = size.bit_length() - (self.start_size * self.width).bit_length() + 1
        raise MalformedArchive("the HDF5 file has an object in a heap that is nowhere in it")

    def _cell(self, begin: int, rows: int, offset: int) -> tuple[int, int, int]:
        """The row and column of the block that has an offset, and where that block begins."""
        for row in range(min(rows, _MAX_ROWS)):
            size = self._row_size(row)
            if begin <= offset < begin + size * self.width:
                column = (offset - begin) // size
                return row, column, begin + column * size
            begin += size * self.width
        raise MalformedArchive("the HDF5 file has an object outside of its heap")

    def _row_size(self, row: int) -> int:
        return self.start_size << max(row - 1, 0)

    def _child(self, block: int, row: int, column: int) -> int:
        """The address in one cell of the table of an indirect block."""
        storage = self.storage
        storage.block(block, b"FHIB", 4)
        prefix = 5 + storage.offset_size + self.address_size
        cell = prefix + (row * self.width + column) * storage.offset_size
        return storage.fields(block + cell, storage.offset_size).offset()

    def _direct(self, block: int, begin: int, size: int, offset: int, length: int) -> bytes:
        self.storage.block(block, b"FHDB", 4)
        if offset < begin or offset + length > begin + size:
            raise MalformedArchive("the HDF5 file has an object that does not fit into its heap")
        return self.storage.read(block + offset - begin, length)


def read_fractal_heap(storage: Storage, address: int) -> FractalHeap:
    """The fractal heap at an address; raises `MalformedArchive` for what is not supported."""
    size = 22 + 3 * storage.offset_size + 12 * storage.length_size
    fields = storage.block(address, b"FRHP", size)
    fields.take(1)
    id_size, filters, _ = fields.number(2), fields.number(2), fields.number(1)
    if filters:
        raise MalformedArchive("the HDF5 file has a compressed heap, which Keras never writes")
    max_managed = fields.number(4)
    fields.length()
    huge_tree = fields.offset()
    fields.length()
    fields.offset()
    for _ in range(8):
        fields.length()
    width, start, most = fields.number(2), fields.length(), fields.length()
    bits, _, root, rows = fields.number(2), fields.number(2), fields.offset(), fields.number(2)
    if not width or not start or start & (start - 1) or width & (width - 1) or not most:
        raise MalformedArchive("the HDF5 file has a heap of impossible dimensions")
    return FractalHeap(
        storage,
        id_size,
        huge_tree,
        width,
        start,
        most,
        -(-bits // 8),
        encoded_size(min(most, max_managed)),
        root,
        rows,
    )


def tree_records(storage: Storage, address: int) -> Iterator[bytes]:
    """All records of a version 2 B-tree (section III.A.2), not in order."""
    if storage.is_undefined(address):
        return
    head = storage.block(address, b"BTHD", 22 + storage.offset_size + storage.length_size)
    head.take(2)
    node_size, record_size, depth = head.number(4), head.number(2), head.number(2)
    head.take(2)
    root, count = head.offset(), head.number(2)
    if not record_size or depth > _MAX_DEPTH or storage.is_undefined(root):
        return
    per_node = [max(node_size - 10, 0) // record_size]
    below = [per_node[0]]
    counts = encoded_size(per_node[0])
    totals = [0]
    for level in range(1, depth + 1):
        pointer = storage.offset_size + counts + totals[level - 1]
        per_node.append(max(node_size - 10 - pointer, 0) // (record_size + pointer))
        below.append((per_node[level] + 1) * below[level - 1] + per_node[level])
        totals.append(encoded_size(below[level]))
    nodes = [(root, count, depth)]
    seen = 0
    while nodes:
        at, records, level = nodes.pop()
        seen += 1
        if seen > _MAX_NODES or records > per_node[level]:
            raise MalformedArchive("the HDF5 file has an index that is larger than it says")
        fields = storage.block(at, b"BTIN" if level else b"BTLF", node_size)
        fields.take(2)
        for _ in range(records):
            yield fields.take(record_size)
        if level:
            for _ in range(records + 1):
                child, held = fields.offset(), fields.number(counts)
                fields.take(totals[level - 1])
                nodes.append((child, held, level - 1))
