"""How far the numbers in constants reach, read once whatever refers to them."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.types import packed_bytes

_FLOATS = {TensorType.FLOAT32: "f", TensorType.FLOAT16: "e"}
_INTEGERS = {TensorType.INT8: "b", TensorType.UINT8: "B", TensorType.INT16: "h"}


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the greatest of some reals, and how near they come to 0."""

    low: float
    high: float
    nearest: float

    @property
    def magnitude(self) -> float:
        """How far they get from 0."""
        return max(abs(self.low), abs(self.high))


class ConstantRanges:
    """The ranges of a model's constants, each of which is read once at most."""

    def __init__(self) -> None:
        self._floats: dict[tuple[int, TensorType], Range | None] = {}
        self._integers: dict[tuple[int, TensorType], frozenset[int]] = {}

    def of(self, constant: Value) -> Range | None:
        """The range of the reals that a stored constant stands for.

        None for data that are not what the shape says, numbers that are not finite, integers
        that are not quantised per tensor, types of other kinds, and sparse tensors.
        """
        data, type = constant.data, constant.type
        if not data or constant.tensor.sparsity is not None:
            return None
        if packed_bytes(constant.shape, type) != len(data):
            return None
        key = constant.tensor.buffer, type
        if type in _FLOATS:
            if key not in self._floats:
                self._floats[key] = _float_range(data, _FLOATS[type])
            return self._floats[key]
        found = constant.quantization
        if type not in _INTEGERS or found is None or len(found.scale) != 1:
            return None
        scale, zero_point = found.scale[0], (found.zero_point or (0,))[0]
        if not (math.isfinite(scale) and scale > 0):
            return None
        if key not in self._integers:
            code = _INTEGERS[type]
            count = len(data) // struct.calcsize(code)
            self._integers[key] = frozenset(struct.unpack(f"<{count}{code}", data))
        stored = self._integers[key]
        return Range(
            scale * (min(stored) - zero_point),
            scale * (max(stored) - zero_point),
            scale * min(abs(number - zero_point) for number in stored),
        )


def _float_range(data: memoryview, code: str) -> Range | None:
    numbers = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
    # One that is not finite stays so in the sum, and what fits 32 bits cannot leave 64.
    if not math.isfinite(sum(numbers)):
        return None
    return Range(min(numbers), max(numbers), min(map(abs, numbers)))
