"""Bytes of a file at an address, and the numbers in them; every read is checked and counted."""

from __future__ import annotations

from typing import IO

from tflint.errors import MalformedArchive

# What is read in all, and how often: a file of 5,000 layers takes 10 MB in 60,000 reads.
MAX_TOTAL = 128 * 1024 * 1024
MAX_READS = 400_000


class Storage:
    """An HDF5 file: what its addresses and lengths take, and what is at them.

    `base` is where the addresses are counted from.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size
        self._left = MAX_TOTAL
        self._reads = MAX_READS
        self.base = 0
        self.offset_size = 8
        self.length_size = 8

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address; raises `MalformedArchive` where the file has none."""
        start = self.base + address
        if address < 0 or size < 0 or start + size > self._size:
            raise MalformedArchive(
                f"the HDF5 file refers to {size:,} bytes at {start:,}, past its end"
            )
        self._left -= size
        self._reads -= 1
        if self._left < 0 or self._reads < 0:
            raise MalformedArchive("the HDF5 file takes more reading than a Keras model can")
        self._file.seek(start)
        data = self._file.read(size)
        if len(data) != size:
            raise MalformedArchive("the HDF5 file ended while it was read")
        return data

    def fields(self, address: int, size: int) -> Fields:
        """The fields in the bytes at an address."""
        return Fields(self.read(address, size), self)

    def block(self, address: int, signature: bytes, size: int) -> Fields:
        """The fields behind the signature that a block has to begin with."""
        fields = self.fields(address, size)
        if fields.take(len(signature)) != signature:
            name = signature.decode("ascii")
            raise MalformedArchive(
                f"the HDF5 file has no {name} block at {self.base + address:,}, where one should be"
            )
        return fields

    def is_undefined(self, address: int) -> bool:
        """Whether it is the address that stands for none."""
        return address == (1 << (8 * self.offset_size)) - 1


class Fields:
    """Reads one field after the other from some bytes, little-endian."""

    def __init__(self, data: bytes, storage: Storage) -> None:
        self._data = data
        self._storage = storage
        self.position = 0

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self.position

    def take(self, size: int) -> bytes:
        """The next bytes; raises `MalformedArchive` at the end."""
        if size < 0 or size > self.left:
            raise MalformedArchive("the HDF5 file has a block that is shorter than what is in it")
        start = self.position
        self.position = start + size
        return self._data[start : start + size]

    def number(self, size: int) -> int:
        """An unsigned number of this many bytes."""
        return int.from_bytes(self.take(size), "little")

    def offset(self) -> int:
        """An address."""
        return self.number(self._storage.offset_size)

    def length(self) -> int:
        """A length."""
        return self.number(self._storage.length_size)

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)

    def align(self, boundary: int) -> None:
        """Skip to the next multiple, or to the end where that comes first."""
        self.position = min(-(-self.position // boundary) * boundary, len(self._data))


def encoded_size(limit: int) -> int:
    """How many bytes a number up to `limit` is stored in."""
    return max(limit.bit_length() - 1, 0) // 8 + 1
