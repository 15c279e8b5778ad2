"""Where in the file constants begin, and which are off the boundaries that the format demands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.model.tables import Model, Tensor
from tflint.model.types import BITS
from tflint.target.target import Target

# `force_align: 16` of Buffer.data in the schema.
ALIGNMENT = 16
# The widest load that faults off its alignment on a 32-bit core: LDRD, LDM and VLDR are made of
# words, and so are the vector loads of MVE.
_WORD = 4


@dataclass(frozen=True, slots=True)
class StoredConstant:
    """Constant data that tensors use, the first of them with its address in the model.

    `position` is in bytes from the beginning of the file.
    """

    subgraph: int
    index: int
    tensor: Tensor
    position: int
    size: int

    @property
    def alignment(self) -> int:
        """The largest power of two, up to 16, that its position is a multiple of."""
        return min(self.position & -self.position, ALIGNMENT)

    @property
    def may_fault(self) -> bool:
        """Whether a core that insists on alignment cannot load its elements."""
        width = min(BITS.get(self.tensor.type, 8) // 8, _WORD)
        return self.alignment < width


def placed_constants(model: Model, target: Target) -> Iterator[StoredConstant]:
    """The constants that tensors use, each once, and where in the file they are."""
    buffers, seen = model.buffers, set()
    for g, subgraph in enumerate(model.subgraphs):
        for t, tensor in enumerate(subgraph.tensors):
            if tensor.buffer >= len(buffers) or tensor.buffer in seen:
                continue
            seen.add(tensor.buffer)
            buffer = buffers[tensor.buffer]
            # That a runtime takes external data for zeros is TFL212's to say.
            if buffer.is_external and target.runtime.ignores_external_data:
                continue
            if buffer.data and buffer.position is not None:
                yield StoredConstant(g, t, tensor, buffer.position, len(buffer.data))


def misaligned_constants(model: Model, target: Target) -> list[StoredConstant]:
    """The constants that do not start on 16-byte boundaries of the file."""
    return [found for found in placed_constants(model, target) if found.alignment < ALIGNMENT]
