"""A part of a network with weights, whichever operators hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Key = tuple[str, tuple[int, ...]]

# The kind of a unit without a kernel.
VECTOR = "vector"


@dataclass(frozen=True, slots=True)
class Unit:
    """A linear map with what follows it: `kernel` applied, times `scale`, plus `offset`.

    `kernel` has the order of dimensions that Keras gives it, channels last, the sizes of one of
    its window left out: `convolution` (..., in, out), `depthwise` (..., out), `transposed`
    (..., out, in), `dense` (in, out), `table` (rows, columns). It is None of a `vector`, which
    multiplies and adds only. `scale` and `offset` are (channels,), None where they do nothing.
    `flattened` is the shape, without the batch, of the map whose elements the first dimension
    of a dense kernel counts, or those of a vector.
    """

    kind: str
    kernel: Array | None
    scale: Array | None
    offset: Array | None
    flattened: tuple[int, ...] | None
    operator: str

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the kernel, or of a vector."""
        held = self.kernel
        if held is None:
            held = self.scale if self.scale is not None else self.offset
        return () if held is None else held.shape

    @property
    def key(self) -> Key:
        """What two units have to agree in to be the same layer's."""
        return self.kind, self.shape

    @property
    def output_axis(self) -> int:
        """The dimension of the kernel that `scale` and `offset` belong to."""
        return -2 if self.kind == "transposed" else -1

    @property
    def whole(self) -> Array | None:
        """The kernel with the scale in it."""
        if self.kernel is None or self.scale is None:
            return self.kernel
        along = [1] * self.kernel.ndim
        along[self.output_axis] = -1
        product: Array = self.kernel * self.scale.reshape(along)
        return product

    @property
    def title(self) -> str:
        """How messages call it."""
        sizes = "x".join(map(str, self.shape))
        return f"{self.operator} ({self.kind} {sizes})"
