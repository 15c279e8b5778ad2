"""Object headers: the messages that say what a group or a data set is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from tflint.archive.hdf5.storage import Fields, Storage
from tflint.errors import MalformedArchive

# Blocks of one header, and messages in them.
_MAX_BLOCKS = 1000
_MAX_MESSAGES = 20_000
_SHARED = 0x02


class MessageType(IntEnum):
    """The messages that are looked at (section IV.A.2)."""

    DATASPACE = 0x0001
    LINK_INFO = 0x0002
    DATATYPE = 0x0003
    LINK = 0x0006
    ATTRIBUTE = 0x000C
    CONTINUATION = 0x0010
    SYMBOL_TABLE = 0x0011
    ATTRIBUTE_INFO = 0x0015


@dataclass(frozen=True, slots=True)
class Message:
    """A message of an object header, whose data is in the header and not shared."""

    type: int
    data: bytes


def read_messages(storage: Storage, address: int) -> list[Message]:
    """All messages of the object header at an address, those of its continuations included.

    Raises `MalformedArchive`.
    """
    if storage.read(address, 4) == b"OHDR":
        return _Header2(storage).read(address)
    return _read_header_1(storage, address)


def _read_header_1(storage: Storage, address: int) -> list[Message]:
    prefix = storage.fields(address, 12)
    version = prefix.number(1)
    if version != 1:
        raise MalformedArchive(f"the HDF5 file has an object header of version {version}")
    prefix.take(1)
    most = prefix.number(2)
    prefix.take(4)
    blocks = deque([(address + 16, prefix.number(4))])
    messages: list[Message] = []
    seen: set[int] = set()
    while blocks:
        start, size = blocks.popleft()
        _check_block(start, seen)
        fields = storage.fields(start, size)
        while fields.left >= 8 and len(messages) < most:
            kind, length, flags = fields.number(2), fields.number(2), fields.number(1)
            fields.take(3)
            data = fields.take(length)
            if kind == MessageType.CONTINUATION:
                blocks.append(_continuation(data, storage))
            messages.append(Message(-1 if flags & _SHARED else kind, data))
    return messages


class _Header2:
    """Reads a header of version 2 and its continuations."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._has_order = False

    def read(self, address: int) -> list[Message]:
        prefix = self._storage.block(address, b"OHDR", 6)
        version, flags = prefix.number(1), prefix.number(1)
        if version != 2:
            raise MalformedArchive(f"the HDF5 file has an object header of version {version}")
        self._has_order = bool(flags & 0x04)
        start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 0x03)
        size = self._storage.fields(start, width).number(width)
        blocks = deque([(start + width, size)])
        messages: list[Message] = []
        seen: set[int] = set()
        while blocks:
            begin, length = blocks.popleft()
            _check_block(begin, seen)
            for message in self._messages(self._storage.fields(begin, length)):
                if message.type == MessageType.CONTINUATION:
                    at, whole = _continuation(message.data, self._storage)
                    self._storage.block(at, b"OCHK", 4)
                    # Behind the signature, before the checksum.
                    blocks.append((at + 4, whole - 8))
                messages.append(message)
                if len(messages) > _MAX_MESSAGES:
                    raise MalformedArchive("the HDF5 file has an object header without an end")
        return messages

    def _messages(self, fields: Fields) -> list[Message]:
        found: list[Message] = []
        head = 6 if self._has_order else 4
        while fields.left >= head:
            kind, size, flags = fields.number(1), fields.number(2), fields.number(1)
            if self._has_order:
                fields.take(2)
            data = fields.take(size)
            found.append(Message(-1 if flags & _SHARED else kind, data))
        return found


def _continuation(data: bytes, storage: Storage) -> tuple[int, int]:
    fields = Fields(data, storage)
    return fields.offset(), fields.length()


def _check_block(start: int, seen: set[int]) -> None:
    if start in seen or len(seen) >= _MAX_BLOCKS:
        raise MalformedArchive("the HDF5 file has an object header that goes round in circles")
    seen.add(start)
