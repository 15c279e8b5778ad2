"""Keras' own archives: `.keras` and HDF5, by the Keras that they are of."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tflint.archive.archive import Archive
from tflint.archive.reader import read_archive
from tflint.convert.out_of_memory import is_out_of_memory
from tflint.convert.request import Origin
from tflint.convert.tensorflow.loaded import (
    CannotLoad,
    Loaded,
    framework,
    import_keras,
    reason,
)
from tflint.convert.tensorflow.places import layers
from tflint.errors import UnreadableModel

_ZIP = b"PK\x03\x04"
_CLASS = re.compile(r"`(?:[^`]*\.)?([^`.]+)`")


def load_archive(origin: Origin, custom: Mapping[str, Any]) -> Loaded:
    """A `.keras` file or HDF5, by the Keras that it is of. Raises `CannotLoad`."""
    try:
        archive = read_archive(origin.path)
    except (UnreadableModel, OSError) as error:
        raise CannotLoad(str(error)) from error
    version = archive.keras.keras_version or (1,)
    first = ""
    for name in _kerases(origin, version):
        if not (first and importlib.util.find_spec(name) is None):
            keras = import_keras(name)
            if name == "tf_keras" and not origin.is_trusted:
                refuse_foreign_classes(archive, custom)
            try:
                model = _loaded(origin, keras, custom)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                first = first or f"{framework(keras)} cannot load it: {reason(error)}"
            else:
                return Loaded(model, keras, framework(keras), layers(model))
    if version[0] == 1:
        first += (
            " (it is in the form of Keras 1: build the network by a module.py:factory instead,"
            " with this file as --weights)"
        )
    raise CannotLoad(first)


def _loaded(origin: Origin, keras: ModuleType, custom: Mapping[str, Any]) -> Any:
    suffix = ".keras" if is_zip(origin.path) else ".h5"
    with named(origin.path, suffix) as path:
        return keras.models.load_model(
            path, compile=False, custom_objects=dict(custom), safe_mode=not origin.is_trusted
        )


def _kerases(origin: Origin, version: Sequence[int]) -> tuple[str, ...]:
    """The Kerases that may load an archive, the one that it was written by first.

    What Keras 3 wrote only Keras 3 reads, and tf-keras imports what an archive names.
    """
    if origin.is_legacy is not None:
        return ("tf_keras",) if origin.is_legacy else ("keras",)
    return ("keras",) if version[0] >= 3 else ("tf_keras", "keras")


def refuse_foreign_classes(archive: Archive, custom: Mapping[str, Any]) -> None:
    """Raise `CannotLoad` for a class that tf-keras would import from where the archive says."""
    for each in archive.executable:
        named_class = _CLASS.search(each.what)
        if not each.is_certain and named_class is not None and named_class[1] not in custom:
            raise CannotLoad(
                f"`{named_class[1]}` is none of Keras' own: give the source that defines it,"
                " --with module.py"
            )


def is_zip(path: Path) -> bool:
    """Whether it is an archive of Keras 3's kind. Raises `CannotLoad`."""
    try:
        with path.open("rb") as file:
            return file.read(4) == _ZIP
    except OSError as error:
        raise CannotLoad(f"it cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def named(path: Path, suffix: str) -> Iterator[str]:
    """A path to the file with the suffix by which Keras tells what it is."""
    if path.name.endswith(suffix) or (suffix == ".h5" and path.name.endswith(".hdf5")):
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="tflint-") as folder:
        link = os.path.join(folder, f"model{suffix}")
        try:
            os.symlink(path, link)
        except OSError:  # Not allowed to everybody on Windows.
            import shutil

            shutil.copyfile(path, link)
        yield link
