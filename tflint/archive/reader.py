"""From a path to an `Archive`."""

from __future__ import annotations

from pathlib import Path

from tflint.archive.archive import Archive
from tflint.errors import MalformedArchive


def read_archive(path: Path) -> Archive:
    """Read a `.keras` or `.h5` file or the folder of a SavedModel.

    Raises `MalformedArchive`, and `OSError` where the operating system refuses.
    """
    raise MalformedArchive("Keras archives are not read yet")
