"""`.keras` files: zip archives, of which only the JSON documents are decompressed."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from tflint.archive.bounded_json import MAX_BYTES
from tflint.errors import MalformedArchive
from tflint.printable import counted, printable

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
# The central directory is read at once; one of this size has 90,000 entries.
_MAX_READ = 4 * 1024 * 1024
_CHUNK = 64 * 1024
# Deflate reaches 1,032; repetitive configurations reach 60.
_MAX_RATIO = 400
# Below this no ratio is a danger.
_SMALL = 4 * 1024 * 1024
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Names and first bytes of what Python unpickles, or unpickles something in.
_PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth")
_PICKLE_STARTS = tuple(bytes((0x80, version)) for version in (2, 3, 4, 5))


@dataclass(frozen=True, slots=True)
class ZipContent:
    """The documents of an archive, and the names of the members that hold pickles."""

    config: bytes
    metadata: bytes | None
    pickles: tuple[str, ...]
    names: tuple[str, ...]


def read_zip(file: IO[bytes]) -> ZipContent:
    """The documents of a `.keras` file; raises `MalformedArchive` where it is not one."""
    try:
        with zipfile.ZipFile(_Bounded(file)) as archive:
            entries = archive.infolist()
            _check(entries)
            names = {entry.filename: entry for entry in entries}
            if "config.json" not in names:
                raise MalformedArchive("the zip archive has no `config.json`")
            metadata = names.get("metadata.json")
            return ZipContent(
                _read(archive, names["config.json"]),
                None if metadata is None else _read(archive, metadata),
                tuple(entry.filename for entry in entries if _is_pickle(archive, entry)),
                tuple(names),
            )
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
        ValueError,
    ) as error:
        raise MalformedArchive(f"the zip archive is damaged: {printable(str(error))}") from error


class _Bounded:
    """A file of which no more is read at once than any sound archive needs."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, _MAX_READ + 1) if size >= 0 else _MAX_READ + 1)
        if len(data) > _MAX_READ:
            raise MalformedArchive(
                f"the zip archive has a directory of more than {_MAX_READ:,} bytes"
            )
        return data

    def close(self) -> None:
        """Whoever opened the file closes it."""


def _check(entries: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse archives that another program could be tricked with."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        shown = printable(name, 60)
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
            raise MalformedArchive(f"the zip archive has an entry outside of it: `{shown}`")
        if "\\" in name or "\0" in name:
            raise MalformedArchive(f"the zip archive has an entry with an odd name: `{shown}`")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise MalformedArchive(f"the zip archive has a symbolic link: `{shown}`")
        if entry.flag_bits & _ENCRYPTED:
            raise MalformedArchive(f"the zip archive has an encrypted entry: `{shown}`")
        if name in seen:
            raise MalformedArchive(f"the zip archive has two entries called `{shown}`")
        seen.add(name)
        if entry.file_size > _SMALL and entry.file_size > _MAX_RATIO * entry.compress_size:
            raise MalformedArchive(
                f"`{shown}` in the zip archive claims {entry.file_size:,} bytes, packed into "
                f"{counted(entry.compress_size, 'byte')}: a zip bomb"
            )


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A document, as long as it says it is, within limits."""
    shown = printable(entry.filename, 60)
    if entry.compress_type not in _METHODS:
        raise MalformedArchive(
            f"`{shown}` in the zip archive is packed in a way Keras does not use"
        )
    if entry.file_size > MAX_BYTES:
        raise MalformedArchive(f"`{shown}` in the zip archive is larger than {MAX_BYTES:,} bytes")
    parts: list[bytes] = []
    size = 0
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > entry.file_size:
                raise MalformedArchive(f"`{shown}` in the zip archive is longer than it says")
    if size != entry.file_size:
        raise MalformedArchive(f"`{shown}` in the zip archive is shorter than it says")
    return b"".join(parts)


def _is_pickle(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    if entry.filename.lower().endswith(_PICKLE_SUFFIXES):
        return True
    if entry.compress_type not in _METHODS or entry.file_size < 2 or entry.filename[-5:] == ".json":
        return False
    with archive.open(entry) as file:
        return file.read(2) in _PICKLE_STARTS
