"""Keras' own archives: `.keras` and HDF5, by the Keras that they are of."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tflint.convert.request import Origin
from tflint.convert.tensorflow.loaded import (
    CannotLoad,
    Loaded,
    framework,
    import_keras,
    reason,
)
from tflint.convert.tensorflow.places import layers

_ZIP = b"PK\x03\x04"


def load_archive(origin: Origin, custom: Mapping[str, Any]) -> Loaded:
    """A `.keras` file or HDF5, by the Keras that it is of. Raises `CannotLoad`."""
    suffix = ".keras" if is_zip(origin.path) else ".h5"
    reasons = []
    for name in _kerases(origin):
        keras = import_keras(name)
        keywords: dict[str, Any] = {"compile": False, "custom_objects": dict(custom)}
        keywords["safe_mode"] = not origin.is_trusted
        try:
            with named(origin.path, suffix) as path:
                model = keras.models.load_model(path, **keywords)
        except MemoryError:
            raise
        except Exception as error:
            reasons.append(f"{framework(keras)} cannot load it: {reason(error)}")
            continue
        return Loaded(model, keras, framework(keras), layers(model))
    raise CannotLoad(reasons[0])


def _kerases(origin: Origin) -> tuple[str, ...]:
    """The Kerases that may load an archive, the one that it was written by first."""
    if origin.is_legacy is not None:
        return ("tf_keras",) if origin.is_legacy else ("keras",)
    from tflint.archive.reader import read_archive
    from tflint.errors import UnreadableModel

    try:
        version = read_archive(origin.path).keras.keras_version
    except (UnreadableModel, OSError) as error:
        raise CannotLoad(str(error)) from error
    is_new = version is not None and version[0] >= 3
    return ("keras", "tf_keras") if is_new else ("tf_keras", "keras")


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
