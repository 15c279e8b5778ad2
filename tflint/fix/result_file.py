"""Where the result of a repair goes: `NAME.fixed.tflite` beside a model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tflint.errors import UsageError
from tflint.lint.discover import Artifact
from tflint.model.reader import IDENTIFIER
from tflint.printable import printable
from tflint.rule import Kind

SUFFIX = ".fixed.tflite"
MODEL_SUFFIX = ".tflite"
_HDF5 = b"\x89HDF\r\n\x1a\n"
# Of what networks are converted from.
_ORIGINS = frozenset((".h5", ".hdf5", ".keras", ".py"))


def fixed_path(path: Path) -> Path:
    """`NAME.fixed.tflite` for `NAME.tflite`; what has another suffix keeps it."""
    name = path.name
    if name.lower().endswith(MODEL_SUFFIX) and len(name) > len(MODEL_SUFFIX):
        name = name[: -len(MODEL_SUFFIX)]
    return path.with_name(name + SUFFIX)


def converted_path(path: Path) -> Path:
    """`NAME.fixed.tflite` beside what a network is converted from, for its name without suffix.

    That of a folder has none.
    """
    is_file = path.suffix.lower() in _ORIGINS and not path.is_dir()
    return path.with_name((path.stem if is_file else path.name) + SUFFIX)


def weights_path(path: Path) -> Path:
    """`NAME.fixed.weights.h5` beside a file of weights, or a model with weights."""
    name = path.name
    for suffix in (".weights.h5", ".h5", ".hdf5", ".keras"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
            break
    return path.with_name(f"{name}.fixed.weights.h5")


def without_results(found: Iterable[Artifact], paths: Iterable[str]) -> list[Artifact]:
    """The files without the results of earlier runs, unless a path names them."""
    named = {os.path.abspath(path) for path in paths}
    return [
        artifact
        for artifact in found
        if artifact.kind is not Kind.TFLITE
        or not artifact.path.name.lower().endswith(SUFFIX)
        or os.path.abspath(artifact.path) in named
    ]


def refuse_others(target: Path) -> None:
    """Raise `UsageError` where `target`, a name nobody asked for, may be someone else's file.

    Only a model is replaced, as an earlier run may have left it, and no link is followed: it
    could lead to the original.
    """
    shown = printable(target.as_posix(), 400)
    if target.is_symlink():
        raise UsageError(f"`{shown}` is a link: -o or --in-place has to say where to write")
    if not target.exists():
        return
    if not target.is_file():
        raise UsageError(f"`{shown}` is no file: -o has to say where to write")
    try:
        with target.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be written: {error.strerror or error}") from error
    if start[4:] != IDENTIFIER:
        raise UsageError(f"`{shown}` is there and is no model: -o has to say where to write")


def refuse_other_weights(target: Path) -> None:
    """Raise `UsageError` where `target` is anything but a file of weights, as `refuse_others`."""
    shown = printable(target.as_posix(), 400)
    if not target.exists() and not target.is_symlink():
        return
    try:
        is_ours = target.is_file() and not target.is_symlink()
        if is_ours:
            with target.open("rb") as file:
                is_ours = file.read(8) == _HDF5
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be written: {error.strerror or error}") from error
    if not is_ours:
        raise UsageError(f"`{shown}` is there and holds no weights: it is not written over")
