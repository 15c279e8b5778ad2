"""From a path to an `Archive`."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tflint.archive.archive import Archive, ExecutableContent
from tflint.archive.bounded_json import parse_json
from tflint.archive.config import facts_from_config, parse_version
from tflint.archive.executable import executable_content
from tflint.archive.zip_archive import SIGNATURES as ZIP
from tflint.archive.zip_archive import read_zip
from tflint.errors import MalformedArchive
from tflint.printable import printable

_HDF5 = b"\x89HDF\r\n\x1a\n"
_USER_BLOCK = 512
_LFS_POINTER = b"version https://git-lfs"


def read_archive(path: Path) -> Archive:
    """Read a `.keras` or `.h5` file or the folder of a SavedModel.

    What a file is, its first bytes say: before TensorFlow 2.12 `.keras` files were HDF5. Raises
    `MalformedArchive`, and `OSError` where the operating system refuses.
    """
    if path.is_dir():
        from tflint.archive.saved_model import read_saved_model

        return read_saved_model(path)
    with path.open("rb") as file:
        return read_file(file)


def may_hold_network(path: Path) -> bool:
    """Whether an HDF5 file that was found has a network, or is damaged where that would stand.

    False for weights, for data, and for what is no HDF5 at all. Raises `OSError`.
    """
    from tflint.archive.h5 import holds_network

    with path.open("rb") as file:
        start = file.read(32)
        if start.startswith(_LFS_POINTER):
            return True
        if not start.startswith((_HDF5, *ZIP)):
            return False
        try:
            return start.startswith(ZIP) or holds_network(file)
        except MalformedArchive:
            return True


def read_file(file: IO[bytes]) -> Archive:
    """Read a `.keras` or `.h5` file that is open."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(32)
    if start.startswith(ZIP):
        return _keras(file, size)
    if start.startswith(_LFS_POINTER):
        raise MalformedArchive("this is a Git LFS pointer, not the file itself: run `git lfs pull`")
    # HDF5 may have something else in front.
    if start.startswith(_HDF5) or size > _USER_BLOCK:
        from tflint.archive.h5 import read_h5

        return read_h5(file, size)
    raise MalformedArchive("this is neither a zip archive nor HDF5")


def _keras(file: IO[bytes], size: int) -> Archive:
    content = read_zip(file)
    config = parse_json(content.config, "`config.json`")
    metadata = parse_json(content.metadata or b"{}", "`metadata.json`")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    facts = facts_from_config(config, parse_version(version))
    pickles = (
        ExecutableContent(f"the pickle `{printable(name, 60)}`", "code that unpickles it")
        for name in content.pickles
    )
    return Archive(facts, (*executable_content(config), *pickles), size)


def read_bytes(data: bytes) -> Archive:
    """Read a `.keras` or `.h5` file that is in memory; raises `MalformedArchive`."""
    return read_file(io.BytesIO(data))


def zip_of_config(config: Mapping[str, object]) -> bytes:
    """The `.keras` file that has this `config.json`, and no weights."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", json.dumps(config))
    return data.getvalue()
