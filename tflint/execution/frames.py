"""What passes between tflint and a worker: a line of JSON, then the bytes of its arrays.

The line is like `{"run": 0, "arrays": [["<f4", [1, 10]]]}`, with a layout for each array. Pipes
need no file that could be left over or find no room, and nothing of a frame is executed.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
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
    head = _head(stream.readline())
    if head is None:
        return None
    arrays: list[Array] = []
    for dtype, shape in head[1]:
        data = stream.read(math.prod(shape) * dtype.itemsize)
        if len(data) < math.prod(shape) * dtype.itemsize:
            return None
        arrays.append(np.frombuffer(data, dtype).reshape(shape))
    return head[0], arrays


class FrameParser:
    """Frames out of bytes that come piece by piece; behind what is no frame there are none."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0
        self._needed: int | None = None
        self._is_broken = False

    def feed(self, part: bytes) -> Iterator[tuple[Json, list[Array]]]:
        """The frames that are complete with these bytes."""
        if not self._is_broken:
            self._data += part
        while self._is_next_complete():
            size = self._needed or 0
            frame = read_frame(io.BytesIO(memoryview(self._data)[:size]))
            del self._data[:size]
            self._searched, self._needed = 0, None
            if frame is not None:
                yield frame

    def _is_next_complete(self) -> bool:
        if self._needed is None:
            end = self._data.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(self._data)
                return False
            head = _head(bytes(self._data[: end + 1]))
            if head is None:
                self._is_broken = True
                self._data.clear()
                return False
            sizes = (math.prod(shape) * dtype.itemsize for dtype, shape in head[1])
            self._needed = end + 1 + sum(sizes)
        return len(self._data) >= self._needed


def _head(line: bytes) -> tuple[Json, list[tuple[np.dtype[Any], tuple[int, ...]]]] | None:
    """The line that begins a frame, and the types and shapes of its arrays."""
    if not line.endswith(b"\n"):
        return None
    try:
        head = json.loads(line)
        layouts = [(np.dtype(kind), tuple(shape)) for kind, shape in head.pop("arrays")]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    for dtype, shape in layouts:
        if dtype.kind not in _KINDS or not all(isinstance(d, int) and d >= 0 for d in shape):
            return None
    return head, layouts
