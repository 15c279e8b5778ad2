"""An HDF5 file: where its root is, attributes, and how many elements its data sets have."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO

from tflint.archive.hdf5.attributes import dataspace, element_count, text_attributes
from tflint.archive.hdf5.groups import links
from tflint.archive.hdf5.objects import MessageType, read_messages
from tflint.archive.hdf5.storage import Fields, Storage
from tflint.errors import MalformedArchive

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# What comes before the signature has this many bytes, or twice, four times... as many, or none.
_USER_BLOCK = 512
_MAX_OBJECTS = 20_000
# More than any file can hold.
_MAX_ELEMENTS = 1 << 62


class Hdf5File:
    """An open HDF5 file. All its methods raise `MalformedArchive`."""

    def __init__(self, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        self._storage = Storage(file, size)
        self._root = _read_superblock(self._storage, size)

    def attributes(self, wanted: Iterable[str], group: str = "") -> dict[str, list[str]]:
        """The attributes of the root, or of a group in it, that hold texts."""
        address = self._root if not group else self._find(group)
        if address is None:
            return {}
        return text_attributes(self._storage, read_messages(self._storage, address), wanted)

    def names(self) -> list[str]:
        """The names of what is in the root."""
        return [name for name, _ in links(self._storage, read_messages(self._storage, self._root))]

    def count_elements(self, group: str = "") -> int | None:
        """All elements of data sets in the root or a group; None where they are absurdly many."""
        start = self._root if not group else self._find(group)
        if start is None:
            return None
        total = 0
        seen = {start}
        waiting = [start]
        while waiting:
            messages = read_messages(self._storage, waiting.pop())
            shapes = [each for each in messages if each.type == MessageType.DATASPACE]
            if shapes and any(each.type == MessageType.DATATYPE for each in messages):
                total += element_count(dataspace(Fields(shapes[0].data, self._storage)))
                continue
            for _, address in links(self._storage, messages):
                if address not in seen:
                    seen.add(address)
                    waiting.append(address)
            if len(seen) > _MAX_OBJECTS or total > _MAX_ELEMENTS:
                return None
        return total if total <= _MAX_ELEMENTS else None

    def _find(self, group: str) -> int | None:
        found = links(self._storage, read_messages(self._storage, self._root))
        return next((address for name, address in found if name == group), None)


def _read_superblock(storage: Storage, size: int) -> int:
    """Set up the storage; the address of the root's object header."""
    start = 0
    while start + 16 <= size and storage.read(start, 8) != SIGNATURE:
        start = start * 2 or _USER_BLOCK
    if start + 16 > size:
        raise MalformedArchive("this is not an HDF5 file")
    version = storage.fields(start + 8, 1).number(1)
    if version in (0, 1):
        fields = storage.fields(start + 13, 2)
        _set_sizes(storage, fields)
        skipped = 24 if version == 0 else 28
        width = storage.offset_size
        fields = storage.fields(start + skipped, 6 * width)
        base = fields.offset()
        fields.take(3 * width)
        # The root's symbol table entry: the offset of its name, then its object header.
        fields.offset()
        root = fields.offset()
    elif version in (2, 3):
        _set_sizes(storage, storage.fields(start + 9, 2))
        fields = storage.fields(start + 12, 4 * storage.offset_size)
        base = fields.offset()
        fields.take(2 * storage.offset_size)
        root = fields.offset()
    else:
        raise MalformedArchive(f"the HDF5 file has a superblock of version {version}")
    storage.base = base
    return root


def _set_sizes(storage: Storage, fields: Fields) -> None:
    storage.offset_size, storage.length_size = fields.number(1), fields.number(1)
    if storage.offset_size not in (2, 4, 8) or storage.length_size not in (2, 4, 8):
        raise MalformedArchive("the HDF5 file has addresses of an impossible size")
