"""The results of operators on constants, to the bit as LiteRT's and TFLM's kernels give them.

Which operators, `tflint/analysis/evaluable.py` says. Elements are moved, integers computed
without overflow, floats rounded once for each operation, as IEEE 754 has it; where a number is
not finite, or so small that some cores take it for zero, nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tflint.analysis.evaluable import is_evaluable
from tflint.fix.model.kernels import arithmetic, moving
from tflint.fix.model.kernels.kernel import Array, Kernel, Unknown, dtype_of
from tflint.model.graph import Node, Value
from tflint.model.types import packed_bytes

# NumPy has a bound of its own, which differs between its releases.
_MAX_RANK = 16
_KERNELS: dict[str, Kernel] = {**moving.KERNELS, **arithmetic.KERNELS}


def stored_array(value: Value) -> Array | None:
    """A constant's elements in its shape; None where the data are not what type and shape say."""
    dtype = dtype_of(value.type)
    if value.data is None or dtype is None or value.tensor.sparsity is not None:
        return None
    if min(value.shape, default=1) < 1 or len(value.shape) > _MAX_RANK:
        return None
    if packed_bytes(value.shape, value.type) != len(value.data):
        return None
    return np.frombuffer(value.data, dtype).reshape(value.shape)


def evaluated(node: Node, inputs: Sequence[Array | None]) -> list[Array] | None:
    """An operator's outputs, given its inputs; None where they cannot be told.

    Of SHAPE and RANK the input need not be known. An output is as its tensor is declared, or
    nothing is.
    """
    kernel = _KERNELS.get(node.name)
    if kernel is None or not is_evaluable(node):
        return None
    if any(len(value.shape) > _MAX_RANK for value in (*node.inputs, *node.outputs) if value):
        return None
    if node.name not in ("SHAPE", "RANK") and any(array is None for array in inputs):
        return None
    try:
        with np.errstate(all="ignore"):
            found = kernel(node, inputs)
    except (Unknown, ValueError, IndexError, OverflowError, MemoryError):
        return None
    if len(found) != len(node.outputs):
        return None
    for array, value in zip(found, node.outputs, strict=True):
        if array.shape != value.shape or array.dtype != dtype_of(value.type):
            return None
    return found
