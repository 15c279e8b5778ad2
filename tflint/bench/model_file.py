"""The bytes of a model, which go to the processes that run it."""

from __future__ import annotations

from pathlib import Path

from tflint.errors import UnreadableModel


def bytes_of(path: Path, most: int) -> bytes:
    """The file, unless it has more than `most` bytes: no worker could hold it then.

    Raises `UnreadableModel` for those, and `OSError`.
    """
    with path.open("rb") as file:
        if file.seek(0, 2) > most:
            raise UnreadableModel(f"it is larger than the {most:,} bytes that a worker may take")
        file.seek(0)
        return file.read()
