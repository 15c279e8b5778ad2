"""Sizes and ranges of tensor types, and what shapes come to in elements and bytes."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.model.schema import TensorType

# Bits of one element in a constant buffer; types not here have no fixed size.
BITS = {
    TensorType.FLOAT32: 32,
    TensorType.FLOAT16: 16,
    TensorType.INT32: 32,
    TensorType.UINT8: 8,
    TensorType.INT64: 64,
    TensorType.BOOL: 8,
    TensorType.INT16: 16,
    TensorType.COMPLEX64: 64,
    TensorType.INT8: 8,
    TensorType.FLOAT64: 64,
    TensorType.COMPLEX128: 128,
    TensorType.UINT64: 64,
    TensorType.RESOURCE: 32,
    TensorType.UINT32: 32,
    TensorType.UINT16: 16,
    TensorType.INT4: 4,
    TensorType.BFLOAT16: 16,
    TensorType.INT2: 2,
    TensorType.UINT4: 4,
    TensorType.FLOAT8_E4M3FN: 8,
    TensorType.FLOAT8_E5M2: 8,
}

# `struct`/`memoryview` codes of the types that Python can read in place.
FORMATS = {
    TensorType.FLOAT32: "f",
    TensorType.INT32: "i",
    TensorType.UINT8: "B",
    TensorType.INT64: "q",
    TensorType.BOOL: "?",
    TensorType.INT16: "h",
    TensorType.INT8: "b",
    TensorType.FLOAT64: "d",
    TensorType.UINT64: "Q",
    TensorType.UINT32: "I",
    TensorType.UINT16: "H",
}

# Types whose values stand for reals by scale and zero point, with the range of the latter.
QUANTIZED_RANGES = {
    TensorType.INT8: (-128, 127),
    TensorType.UINT8: (0, 255),
    TensorType.INT16: (-32768, 32767),
    TensorType.UINT16: (0, 65535),
    TensorType.INT4: (-8, 7),
    TensorType.UINT4: (0, 15),
    TensorType.INT2: (-2, 1),
    TensorType.INT32: (-(2**31), 2**31 - 1),
    TensorType.INT64: (-(2**63), 2**63 - 1),
}

# A runtime on a 32-bit core counts elements and bytes in an int.
MAX_ELEMENTS = 2**31 - 1
# No runtime takes tensors of a rank near this; beyond it, a file is not worth analysing.
MAX_RANK = 32
_SATURATED = 2**62


def elements(shape: Sequence[int]) -> int:
    """How many elements a tensor of this shape has; 1 for a scalar's empty shape.

    Shapes come from files: past 2**62 the count stops growing, so that no shape makes it
    a number that is slow to compute with.
    """
    if 0 in shape:
        return 0
    total = 1
    for dimension in shape:
        total *= dimension
        if not -_SATURATED < total < _SATURATED:
            return _SATURATED
    return total


def packed_bytes(shape: Sequence[int], type: TensorType) -> int | None:
    """Bytes of a constant of this shape in the file, sub-byte types packed; None if not fixed."""
    bits = BITS.get(type)
    return None if bits is None else (elements(shape) * bits + 7) // 8


def unpacked_bytes(shape: Sequence[int], type: TensorType) -> int | None:
    """Bytes of an activation of this shape: sub-byte elements take a byte each."""
    bits = BITS.get(type)
    return None if bits is None else elements(shape) * max(bits // 8, 1)
