"""Weights for a network that a source builds."""

from __future__ import annotations

import contextlib
import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

from tflint.convert.out_of_memory import is_out_of_memory
from tflint.convert.tensorflow.keras_archive import is_zip, named
from tflint.convert.tensorflow.loaded import CannotLoad, said_by
from tflint.lint.discover import shown_path
from tflint.printable import counted

_HDF5 = b"\x89HDF\r\n\x1a\n"
# The numbers in a variable say nothing.
_VALUES = re.compile(r" Target variable: .*|, (?:value|numpy)=.*")
_OF_TRAINING = ("optimizer", "_optimizer", "metrics", "compile")
_MAX_REASON = 400


def load_weights(model: Any, path: Path) -> tuple[str, ...]:
    """Load a `.keras`, `.h5`, `.weights.h5` file or a checkpoint of TensorFlow into a model.

    Gives what a user has to know of it. Raises `CannotLoad` where they do not belong together.
    """
    shown = f"the weights `{shown_path(path)}`"
    checkpoint = _checkpoint(path)
    try:
        if checkpoint is not None:
            _restore(model, checkpoint)
            stored = None
        elif is_zip(path):
            with named(path, ".keras") as name:
                model.load_weights(name)
            with zipfile.ZipFile(path) as archive:
                stored = _stored(io.BytesIO(archive.read("model.weights.h5")))
        elif _is_hdf5(path):
            suffix = ".h5" if _is_old(path) else ".weights.h5"
            with named(path, suffix) as name:
                model.load_weights(name)
            stored = _stored(path) if suffix == ".weights.h5" else None
        else:
            raise CannotLoad(f"{shown} are no HDF5, no .keras archive and no checkpoint")
    except CannotLoad:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise CannotLoad(f"{shown} do not fit the network: {_reason(error)}") from error
    # Keras takes what it finds a place for.
    left = 0 if stored is None else stored - _taken(model)
    if left <= 0:
        return ()
    return (f"{shown} hold {counted(left, 'number')} for which the network has no place",)


def _stored(file: Any) -> int:
    """The reals in weights as Keras 3 writes them, but for those of training."""
    import h5py  # type: ignore[import-untyped,unused-ignore]

    found = 0

    def count(name: str, item: Any) -> None:
        nonlocal found
        if isinstance(item, h5py.Dataset) and not name.startswith(_OF_TRAINING):
            found += item.size if item.dtype.kind == "f" else 0

    with h5py.File(file, "r") as content:
        content.visititems(count)
    return found


def _taken(model: Any) -> int:
    return sum(weight.size for weight in model.get_weights() if weight.dtype.kind == "f")


def _checkpoint(path: Path) -> str | None:
    """The prefix of a checkpoint: itself, that of a SavedModel, or the last one of a folder."""
    if os.path.isfile(f"{path}.index"):
        return str(path)
    if path.name.endswith(".index"):
        return str(path).removesuffix(".index")
    if path.is_dir():
        if (path / "variables" / "variables.index").is_file():
            return str(path / "variables" / "variables")
        import tensorflow as tf

        found: str | None = tf.train.latest_checkpoint(str(path))
        return found
    return None


def _restore(model: Any, prefix: str) -> None:
    """As `save_weights` and `tf.train.Checkpoint(model)` write them, or with a name for it."""
    import tensorflow as tf

    first: Exception | None = None
    for checkpoint in (tf.train.Checkpoint(model), tf.train.Checkpoint(model=model)):
        try:
            status = checkpoint.read(prefix)
            # All of the model must be in it; an optimiser beside it may be left.
            status.assert_existing_objects_matched()
        except Exception as error:
            first = first or error
            continue
        with contextlib.suppress(AttributeError):
            status.expect_partial()
        return
    if first is not None:
        raise first


def _is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(512 + len(_HDF5))
    except OSError as error:
        raise CannotLoad(f"the weights cannot be read: {error.strerror or error}") from error
    return start.startswith(_HDF5) or start[512:].startswith(_HDF5)


def _is_old(path: Path) -> bool:
    """Whether HDF5 is as Keras 1 and 2 write weights, alone or with the network."""
    import h5py

    with h5py.File(path, "r") as file:
        return "layer_names" in file.attrs or "model_weights" in file


def _reason(error: Exception) -> str:
    return _VALUES.sub("", said_by(error))[:_MAX_REASON] or type(error).__name__
