"""Dimensions of tensors, for kernels that compute sizes from them."""

from __future__ import annotations

from tflint.model.graph import Value
from tflint.model.types import MAX_ELEMENTS


def dimension(value: Value | None, axis: int) -> int:
    """The size along an axis, which may count from the end, as `Dims(axis)` in TFLM.

    0 where there is no such axis or tensor, or the file claims a negative size; no more than
    an int of the runtime holds.
    """
    if value is None or not -len(value.shape) <= axis < len(value.shape):
        return 0
    return min(max(value.shape[axis], 0), MAX_ELEMENTS)
