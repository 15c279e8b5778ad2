"""Reading arrays of NumPy from files that nobody vouches for: no pickles, no more than there is."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tflint.errors import UsageError
from tflint.printable import counted, printable, size_text

Array = NDArray[Any]

# More takes longer to run than anyone waits for a proof, and memory several times over.
MAX_BYTES = 1 << 30
MAX_ENTRIES = 10_000


def read_npy(path: Path) -> Array:
    """The array of a `.npy` file. Raises `UsageError`."""
    shown = printable(str(path), 400)
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            return _array(stream, size, f"`{shown}`")
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be read: {error.strerror or error}") from error


def read_npz(path: Path, *, takes_texts: bool = False) -> dict[str, Array]:
    """The arrays of a `.npz` file, by name: numbers and, where it `takes_texts`, texts of NumPy's
    types U and S, of which any element may be no valid text. Raises `UsageError`.
    """
    shown = printable(str(path), 400)
    found: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise UsageError(f"`{shown}` holds {counted(len(entries), 'array')}")
            if sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise UsageError(f"`{shown}` holds more than {size_text(MAX_BYTES)}")
            for entry in entries:
                if not entry.filename.endswith(".npy"):
                    raise UsageError(
                        f"`{shown}` is no .npz file: it holds `{printable(entry.filename)}`"
                    )
                name = entry.filename.removesuffix(".npy")
                # The sizes that a directory claims need not be true.
                with archive.open(entry) as stream:
                    data = stream.read(entry.file_size + 1)
                title = f"`{printable(name)}` in `{shown}`"
                found[name] = _array(io.BytesIO(data), len(data), title, takes_texts=takes_texts)
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise UsageError(f"`{shown}` is no .npz file: {printable(str(error))}") from error
    return found


def _array(stream: IO[bytes], size: int, title: str, *, takes_texts: bool = False) -> Array:
    """The array in this many bytes of .npy. Raises `UsageError`."""
    if size > MAX_BYTES:
        raise UsageError(f"{title} holds more than {size_text(MAX_BYTES)}")
    try:
        major, _ = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0
        if major == 2:
            read = np.lib.format.read_array_header_2_0
        elif major != 1:
            raise ValueError(f"version {major}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, is_fortran, dtype = read(stream)
    except Exception as error:
        # NumPy parses the header as Python literals, and raises what its tokeniser does as well.
        raise UsageError(f"{title} is no .npy array: {printable(str(error), 200)}") from error
    is_text = takes_texts and dtype.kind in "US" and dtype.itemsize > 0
    if not is_text and (dtype.kind not in "biuf" or dtype.itemsize > 8):
        raise UsageError(f"{title} holds {_kind(dtype)}, not numbers")
    if any(d < 0 for d in shape) or len(shape) > 32:
        raise UsageError(f"{title} has an impossible shape")
    needed = math.prod(shape) * dtype.itemsize
    if needed != size - stream.tell():
        raise UsageError(
            f"{title} is damaged: its shape takes {needed:,} bytes, it has {size - stream.tell():,}"
        )
    values = np.frombuffer(stream.read(needed), dtype)
    try:
        return values.reshape(shape, order="F" if is_fortran else "C")
    except (ValueError, OverflowError) as error:  # No elements, but dimensions beyond all bounds.
        raise UsageError(f"{title} has an impossible shape") from error


def _kind(dtype: np.dtype[Any]) -> str:
    if dtype.hasobject:
        return "Python objects"
    return "text" if dtype.kind in "US" else f"values of type {printable(str(dtype), 60)}"
