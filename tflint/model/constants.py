"""Facts about constant data that several rules want, each computed in one pass and kept.

The only part of tflint that looks at weights. Reading is metered: tensors may share a buffer,
and a file that lays many of them over one block would make a few bytes cost any time.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable
from typing import TypeVar

from tflint.model import streaming
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.streaming import Elements, Layout
from tflint.model.tables import Model
from tflint.model.types import elements, packed_bytes

# How often over, plus how many bytes, the constants of a model are read. No constant has more
# than half as many facts to it.
_READ_FACTOR = 16
_READ_SLACK = 16 << 20
# No layer has as many channels; what is noted of each would take more memory than a chunk.
MAX_CHANNELS = 1 << 20
# Weights of int8 that get this far from zero use every bit there is.
HALF_RANGE = 64

_BYTES = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT4))
_SIGN = {TensorType.INT8: 128, TensorType.INT4: 8, TensorType.UINT8: 0}
_WIDTHS = {
    TensorType.INT8: 1,
    TensorType.UINT8: 1,
    TensorType.BOOL: 1,
    TensorType.INT4: 1,
    TensorType.FLOAT16: 2,
    TensorType.BFLOAT16: 2,
    TensorType.INT16: 2,
    TensorType.FLOAT32: 4,
    TensorType.INT32: 4,
    TensorType.FLOAT64: 8,
    TensorType.INT64: 8,
}
_FLOATS = frozenset(
    (TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.FLOAT32, TensorType.FLOAT64)
)

Fact = TypeVar("Fact")


class Constants:
    """The constant data of a model. A fact is None where it cannot be had.

    That is so for data that are sparse, of another length than the shape says, or of a type
    without a fixed width, and once more was read than any honest model asks for.
    """

    def __init__(self, model: Model) -> None:
        stored = sum(len(buffer.data) for buffer in model.buffers if buffer.data)
        self._left = _READ_FACTOR * stored + _READ_SLACK
        self._facts: dict[tuple[object, ...], object] = {}

    def peaks(self, value: Value, layout: Layout, enough: int = 127) -> bytearray | None:
        """How far each channel's elements get from the zero point, in quantised steps.

        For int8, uint8 and int4. Distances count up to `enough`, at most 127: so -128 is as
        far from 0 as 127.
        """
        zero_point = _zero_point(value)
        found = self._elements(value, layout)
        if found is None or zero_point is None or value.type not in _BYTES:
            return None
        table = _distances(_SIGN[value.type], zero_point, enough)

        def compute() -> bytearray:
            return streaming.channel_peaks(found, layout, table, enough)

        return self._fact(value, ("peaks", layout, zero_point, enough), compute)

    def nonzero(self, value: Value, layout: Layout) -> bytearray | None:
        """0 for each channel whose elements all stand for 0.0, another number for the others."""
        if value.type in _BYTES:
            # Rules that look at ranges want contiguous channels up to here: one pass for both.
            return self.peaks(value, layout, HALF_RANGE if layout.outer == 1 else 1)
        found, zero_point = self._elements(value, layout), _zero_point(value)
        is_float = value.type in _FLOATS
        if found is None or (zero_point != 0 and not is_float):
            return None

        def compute() -> bytearray:
            return streaming.nonzero_channels(found, layout, signed_zero=is_float)

        return self._fact(value, ("nonzero", layout), compute)

    def distinct(self, value: Value, limit: int) -> int | None:
        """How many different values there are, None above `limit`. Not for packed types."""
        return self.distinct_in_channels(value, Layout(1, 1, value.elements), limit)

    def distinct_in_channels(self, value: Value, layout: Layout, limit: int) -> int | None:
        """How many different values a channel has at most, None above `limit`."""
        found = self._elements(value, layout)
        if found is None or found.packed:
            return None

        def compute() -> int | None:
            most = 0
            for c in range(layout.channels):
                if layout.outer == 1:
                    span = slice(c * layout.inner, (c + 1) * layout.inner)
                else:
                    span = slice(c, None, layout.channels)
                count = streaming.distinct_values(found, span, limit)
                if count is None:
                    return None
                most = max(most, count)
            return most

        return self._fact(value, ("distinct", layout, limit), compute)

    def sums(self, value: Value, layout: Layout) -> tuple[tuple[int, int], ...] | None:
        """The sums of what lies above and of what lies below the zero point, a channel each.

        In quantised steps; for int8 whose channels are contiguous.
        """
        found, zero_point = self._elements(value, layout), _zero_point(value)
        if found is None or zero_point is None or value.type is not TensorType.INT8:
            return None
        if layout.outer != 1:
            return None

        def compute() -> tuple[tuple[int, int], ...]:
            depth = layout.inner
            return tuple(
                streaming.signed_sums(found, c * depth, (c + 1) * depth, zero_point)
                for c in range(layout.channels)
            )

        return self._fact(value, ("sums", layout, zero_point), compute)

    def bounds(self, value: Value) -> tuple[float, float] | None:
        """The least and the greatest of float32 numbers; None where one of them is not finite."""
        count = value.elements
        found = self._elements(value, Layout(1, 1, count))
        if found is None or value.type is not TensorType.FLOAT32 or count > MAX_CHANNELS:
            return None

        def compute() -> tuple[float, float] | None:
            numbers = struct.unpack(f"<{count}f", found.data)
            is_finite = math.isfinite(sum(numbers))
            return (min(numbers), max(numbers)) if is_finite else None

        return self._fact(value, ("bounds",), compute)

    def digest(self, data: memoryview) -> bytes | None:
        """A hash of the data; None when too much was read."""
        if not self._may_read(len(data)):
            return None
        return streaming.digest(data)

    def _elements(self, value: Value, layout: Layout) -> Elements | None:
        """The elements of a constant with this layout, if its data are what the shape says."""
        data, width = value.data, _WIDTHS.get(value.type)
        if data is None or width is None or value.tensor.sparsity is not None:
            return None
        if min(value.shape, default=1) < 1 or layout.channels > MAX_CHANNELS:
            return None
        if layout.elements != elements(value.shape) or 1 not in (layout.outer, layout.inner):
            return None
        if packed_bytes(value.shape, value.type) != len(data):
            return None
        return Elements(data, width, packed=value.type is TensorType.INT4)

    def _fact(
        self, value: Value, about: tuple[object, ...], compute: Callable[[], Fact]
    ) -> Fact | None:
        key = (value.tensor.buffer, value.type, value.shape, *about)
        if key not in self._facts:
            self._facts[key] = compute() if self._may_read(value.bytes) else None
        return self._facts[key]  # type: ignore[return-value]

    def _may_read(self, size: int) -> bool:
        self._left -= size
        return self._left >= 0


def channel_layout(shape: tuple[int, ...], axis: int) -> Layout:
    """The layout of the channels along a dimension; 0 elements for what is no shape."""
    if not 0 <= axis < len(shape) or min(shape) < 0:
        return Layout(0, 0, 0)
    return Layout(elements(shape[:axis]), shape[axis], elements(shape[axis + 1 :]))


def _zero_point(value: Value) -> int | None:
    """The one zero point of a constant; None if channels differ in theirs."""
    quantization = value.tensor.quantization
    points = () if quantization is None else quantization.zero_point
    if not points:
        return 0
    return points[0] if points.count(points[0]) == len(points) else None


@functools.lru_cache(maxsize=64)
def _distances(sign: int, zero_point: int, enough: int) -> bytes:
    """For each byte how far the number in it is from the zero point, up to `enough`.

    `sign` is the bit that makes a number negative; of packed elements the lower entries count.
    """
    return bytes(min(abs((byte ^ sign) - sign - zero_point), enough) for byte in range(256))
