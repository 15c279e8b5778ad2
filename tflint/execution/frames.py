"""What passes between tflint and a worker: a line of JSON, then the bytes of its arrays.

The line is like `{"run": 0, "arrays": [["<f4", [1, 10]]]}`, with a layout for each array. Pipes
need no file that could be left over or find no room, and nothing of a frame is executed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# What JSON holds.
Json = dict[str, Any]

_KINDS = "biufc"  # Booleans, integers, reals and complex numbers: what has bytes of its own.


def write_frame(stream: IO[bytes], head: Mapping[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Send one frame. Raises `TypeError` for arrays of anything but numbers."""
    packed = [np.asarray(array, order="C") for array in arrays]
    for array in packed:
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"arrays of {array.dtype} cannot be sent")
    layouts = [[array.dtype.str, list(array.shape)] for array in packed]
    stream.write(json.dumps({**head, "arrays": layouts}).encode() + b"\n")
    for array in packed:
        if array.size:
            stream.write(array.reshape(-1).view(np.uint8).data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[Json, list[Array]] | None:
    """Receive one frame; None at the end, in the middle of a frame, and behind what is none."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    try:
        head = json.loads(line)
        layouts = [(np.dtype(kind), tuple(shape)) for kind, shape in head.pop("arrays")]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    arrays: list[Array] = []
    for dtype, shape in layouts:
        if dtype.kind not in _KINDS or not all(isinstance(d, int) and d >= 0 for d in shape):
            return None
        data = stream.read(math.prod(shape) * dtype.itemsize)
        if len(data) < math.prod(shape) * dtype.itemsize:
            return None
        arrays.append(np.frombuffer(data, dtype).reshape(shape))
    return head, arrays
