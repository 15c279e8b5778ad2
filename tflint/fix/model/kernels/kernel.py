"""What a kernel for constants is, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType
from tflint.model.types import FORMATS

Array = npt.NDArray[Any]
# The outputs for these inputs; `Unknown` where they cannot be told.
Kernel = Callable[[Node, Sequence[Any]], list[Array]]


class Unknown(Exception):
    """The result cannot be told."""


def dtype_of(type: TensorType) -> np.dtype[Any] | None:
    """How elements of this type lie in a buffer; None for packed types and those of no size."""
    if type is TensorType.FLOAT16:
        return np.dtype("<f2")
    code = FORMATS.get(type)
    return None if code is None else np.dtype("?" if code == "?" else f"<{code}")


def expect(shape: Sequence[int], value: Value) -> None:
    """Raise `Unknown` unless an output has this shape: before its elements are computed."""
    if tuple(int(dimension) for dimension in shape) != value.shape:
        raise Unknown


def integers(array: Array) -> list[int]:
    """The numbers of an argument, which has to be a scalar or a vector."""
    if array.ndim > 1:
        raise Unknown
    return [int(number) for number in array.reshape(-1)]


def axis_of(array: Array | int, rank: int) -> int:
    """A dimension, counted from the front; `Unknown` where there is none."""
    found = array if isinstance(array, int) else int(array.reshape(-1)[0])
    if (not isinstance(array, int) and array.size != 1) or not -rank <= found < rank:
        raise Unknown
    return found % rank


def axes_of(array: Array, rank: int) -> tuple[int, ...]:
    """The dimensions of an argument, each once, in order."""
    return tuple(sorted({axis_of(number, rank) for number in integers(array)}))
