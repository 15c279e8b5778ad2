"""What a model takes and gives: its ports, and real values in the types that they have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.errors import UsageError
from tflint.model.schema import TensorType
from tflint.model.tables import Model, SignatureDef, SubGraph, Tensor
from tflint.model.types import elements
from tflint.printable import printable

Array = NDArray[Any]

# Larger inputs and outputs are no microcontroller's, and would take the memory of this host.
MAX_ELEMENTS = 1 << 26
# More dimensions than any kernel takes.
MAX_RANK = 16
# A model with more ways into it is not run by each of them.
MAX_SIGNATURES = 16

DTYPES: dict[TensorType, type[np.generic]] = {
    TensorType.FLOAT32: np.float32,
    TensorType.FLOAT16: np.float16,
    TensorType.FLOAT64: np.float64,
    TensorType.INT8: np.int8,
    TensorType.INT16: np.int16,
    TensorType.INT32: np.int32,
    TensorType.INT64: np.int64,
    TensorType.UINT8: np.uint8,
    TensorType.UINT16: np.uint16,
    TensorType.UINT32: np.uint32,
    TensorType.UINT64: np.uint64,
    TensorType.BOOL: np.bool_,
    TensorType.COMPLEX64: np.complex64,
}
# Types of activations whose integers stand for reals.
_QUANTISED = frozenset(
    (TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.UINT16, TensorType.INT32)
)


class NotComparable(UsageError):
    """The model takes or gives what cannot be made up or compared."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output: `key` is the signature's name for it, `shape` has None where a
    dimension is not known. `scale` is None unless its integers stand for reals.
    """

    tensor: int
    name: str
    key: str | None
    shape: tuple[int | None, ...]
    type: TensorType
    scale: float | None = None
    zero_point: int = 0

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"`{printable(self.key or self.name or f'tensor {self.tensor}')}`"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its values. Raises `NotComparable` for types that NumPy cannot hold."""
        found = DTYPES.get(self.type)
        if found is None:
            raise NotComparable(
                f"{self.title} is of type {self.type.name}, which cannot be compared"
            )
        return np.dtype(found)

    @property
    def is_real(self) -> bool:
        """Whether its values are or stand for real numbers."""
        return self.scale is not None or self.dtype.kind == "f"

    @property
    def default_shape(self) -> tuple[int, ...]:
        """The shape with 1 for what is not known, as runtimes take it."""
        return tuple(1 if size is None else size for size in self.shape)

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether values of this shape are one sample."""
        return len(shape) == len(self.shape) and all(
            known is None or known == size for known, size in zip(self.shape, shape, strict=True)
        )

    def quantised(self, values: Array) -> Array:
        """Values as the model takes them. Rounds halves away from zero and saturates, as the
        operator QUANTIZE does (tensorflow/lite/kernels/internal/reference/quantize.h).
        """
        if self.scale is None:
            return values.astype(self.dtype)
        steps = (values.astype(np.float32) / np.float32(self.scale)).astype(np.float64)
        rounded = np.trunc(steps + np.copysign(0.5, steps)) + self.zero_point
        bounds = np.iinfo(self.dtype)
        whole: Array = np.clip(rounded, bounds.min, bounds.max).astype(self.dtype)
        return whole

    def real(self, values: Array) -> Array:
        """Values of the model as reals, in float64; what stands for no reals as it is."""
        if self.scale is None:
            return values.astype(np.float64) if self.dtype.kind == "f" else values
        steps = values.astype(np.float64) - self.zero_point
        product: Array = steps * np.float64(np.float32(self.scale))
        return product.astype(np.float32).astype(np.float64)

    @property
    def real_range(self) -> tuple[float, float]:
        """The least and greatest real that its integers stand for. Only where it has a scale."""
        bounds, scale = np.iinfo(self.dtype), self.scale or 1.0
        return (bounds.min - self.zero_point) * scale, (bounds.max - self.zero_point) * scale


@dataclass(frozen=True, slots=True)
class Entry:
    """A way into a model: the first subgraph, or (with its key) a signature of another one."""

    signature: str | None
    subgraph: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def first_entry(model: Model) -> Entry:
    """The first subgraph. Raises `NotComparable` for a model without one."""
    if not model.subgraphs:
        raise NotComparable("the model has no subgraph")
    graph = model.subgraphs[0]
    named = next((s for s in model.signature_defs if s.subgraph_index == 0), None)
    return Entry(
        None,
        0,
        tuple(_port(graph, i, _key(named, i, is_input=True)) for i in graph.inputs),
        tuple(_port(graph, i, _key(named, i, is_input=False)) for i in graph.outputs),
    )


def entries(model: Model) -> tuple[Entry, ...]:
    """The first subgraph, and every signature that leads to another one.

    Raises `NotComparable` for what is too large, or of a type that NumPy cannot hold.
    """
    found = [first_entry(model)]
    for signature in model.signature_defs:
        if signature.subgraph_index == 0 or signature.signature_key is None:
            continue
        if len(found) > MAX_SIGNATURES:
            break
        graph = model.subgraphs[signature.subgraph_index]
        found.append(
            Entry(
                signature.signature_key,
                signature.subgraph_index,
                tuple(_port(graph, m.tensor_index, m.name) for m in signature.inputs),
                tuple(_port(graph, m.tensor_index, m.name) for m in signature.outputs),
            )
        )
    for entry in found:
        for port in (*entry.inputs, *entry.outputs):
            if elements(port.default_shape) > MAX_ELEMENTS or len(port.shape) > MAX_RANK:
                raise NotComparable(f"{port.title} is too large to be run here")
            _ = port.dtype
    return tuple(found)


def matched(old: Sequence[Port], new: Sequence[Port]) -> list[int] | None:
    """For each new port the position of the old one: by the signatures' names where both have
    them, else by position. None where there are not as many.
    """
    if len(old) != len(new):
        return None
    places = {port.key: place for place, port in enumerate(old)}
    if None not in places and len(places) == len(old) and {p.key for p in new} == set(places):
        return [places[port.key] for port in new]
    return list(range(len(old)))


def _key(signature: SignatureDef | None, tensor: int, *, is_input: bool) -> str | None:
    if signature is None:
        return None
    maps = signature.inputs if is_input else signature.outputs
    return next((entry.name for entry in maps if entry.tensor_index == tensor), None)


def _port(graph: SubGraph, index: int, key: str | None) -> Port:
    tensor = graph.tensors[index]
    scale, zero_point = _scale(tensor)
    return Port(index, tensor.name or "", key, _shape(tensor), tensor.type, scale, zero_point)


def _shape(tensor: Tensor) -> tuple[int | None, ...]:
    known = tensor.shape_signature
    if len(known) != len(tensor.shape):
        known = tensor.shape
    return tuple(None if size < 0 else size for size in known)


def _scale(tensor: Tensor) -> tuple[float | None, int]:
    found = tensor.quantization
    if found is None or len(found.scale) != 1 or tensor.type not in _QUANTISED:
        return None, 0
    scale = found.scale[0]
    if not (math.isfinite(scale) and scale > 0):
        return None, 0
    zero_point = found.zero_point[0] if len(found.zero_point) == 1 else 0
    return scale, zero_point if abs(zero_point) < 2**31 else 0
