"""Where recordings are, and reading them: clear words for what is missing or broken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tflint.errors import UsageError
from tflint.fix.proof.npy import read_npz
from tflint.printable import printable

VARIABLE = "TFLITE_LINT_DATA"


@dataclass(frozen=True, slots=True)
class Source:
    """Public recordings: what they are, whose, under which terms, and how to get them."""

    title: str
    author: str
    licence: str
    how: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The arrays of a file, and its SHA-256."""

    name: str
    arrays: Mapping[str, NDArray[Any]]
    sha256: str


def data_folder(named: str | os.PathLike[str] | None) -> Path:
    """The folder of the recordings, which an option or a setting names.

    Raises `UsageError` where none is named, or it is none.
    """
    if not named:
        raise UsageError(
            f"no folder with recordings: name one with --data, in {VARIABLE}, or as `data` in the"
            " configuration"
        )
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise UsageError(f"`{printable(str(folder), 400)}` is no folder with recordings")
    return folder


def read_recorded(
    folder: Path, name: str, needed: Mapping[str, Sequence[int | None]], source: Source
) -> Recorded:
    """A `.npz` file of the folder with the arrays that are `needed`, by their shapes.

    None stands for any size. Raises `UsageError` for a file that is not there, with how to get
    it, for one that cannot be read, and for arrays that are missing or of another shape.
    """
    path = folder / name
    shown = f"`{printable(str(path), 400)}`"
    if not path.exists():
        raise UsageError(f"there is no {shown}: {source.title}. {source.how}")
    held = read_npz(path, takes_texts=True)
    for key, shape in needed.items():
        if key not in held:
            raise UsageError(f"{shown} holds no array `{key}`")
        have = held[key].shape
        fits = len(have) == len(shape) and all(
            size is None or size == there for size, there in zip(shape, have, strict=True)
        )
        if not fits:
            raise UsageError(f"`{key}` in {shown} has the shape {have}, not {tuple(shape)}")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror or error}") from error
    return Recorded(name, {key: held[key] for key in needed}, digest)
