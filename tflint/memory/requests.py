"""What one operator's kernel asks of TFLM's allocator, in the order in which it asks.

A kernel is described by a function that makes the requests its `Init` and `Prepare` make:

    def transpose_conv(ask: Requests) -> None:
        ask.init(OP_DATA)
        ask.temporary(ask.output(0), *ask.node.inputs)
        ask.persistent(4 * channels)
        ask.scratch(4 * ask.output(0).elements)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tflint.memory.abi import X86_64, Abi, Struct
from tflint.memory.resource_variables import Variable
from tflint.model.graph import Node, Value


class Library(Enum):
    """Which kernels a runtime was built with.

    `CMSIS_NN` is its plain C code (Cortex-M0+, M3), `CMSIS_NN_DSP` that for the DSP extension
    (M4, M7, M33), `CMSIS_NN_MVE` that for the vector extension (M55, M85).
    """

    REFERENCE = "reference"
    CMSIS_NN = "cmsis-nn"
    CMSIS_NN_DSP = "cmsis-nn-dsp"
    CMSIS_NN_MVE = "cmsis-nn-mve"

    @property
    def is_cmsis_nn(self) -> bool:
        """Whether kernels come from CMSIS-NN where it has them."""
        return self is not Library.REFERENCE


@dataclass(frozen=True, slots=True)
class Temporary:
    """A `TfLiteTensor` for the time of `Prepare` (`AllocateTempTfLiteTensor`)."""

    value: Value


@dataclass(frozen=True, slots=True)
class Persistent:
    """Bytes that stay for good, at a multiple of 16 (`AllocatePersistentBuffer`).

    `is_filled` tells whether `Prepare` writes to them, or only `Invoke`.
    """

    bytes: int
    is_filled: bool = True


@dataclass(frozen=True, slots=True)
class Scratch:
    """Bytes for the time of the operator's own run (`RequestScratchBufferInArena`)."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Resource:
    """Bytes of a resource variable: persistent, unless it has been allocated before."""

    variable: Variable
    bytes: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is not known about a kernel's requests, and the bytes by which it may be off.

    `bytes` is None where not even that is known.
    """

    reason: str
    bytes: int | None = None


Request = Temporary | Persistent | Scratch | Resource


@dataclass(frozen=True, slots=True)
class Build:
    """How TFLM was compiled: for which ABI, with which kernels, and whether it is the wheel.

    The PyPI wheel is built with the recording allocator and with support for compressed
    tensors (USE_TFLM_COMPRESSION), which makes some structs larger.
    """

    abi: Abi
    library: Library = Library.REFERENCE
    is_wheel: bool = False


WHEEL = Build(X86_64, Library.REFERENCE, is_wheel=True)


class Requests:
    """Collects the requests of one operator."""

    def __init__(self, node: Node, build: Build) -> None:
        self.node = node
        self.build = build
        self.at_init: list[Persistent] = []
        self.at_prepare: list[Request] = []
        self.doubts: list[Doubt] = []

    # What the kernel looks at

    def input(self, position: int) -> Value | None:
        """The input in this position, None when it is left out or not there."""
        return self.node.input(position)

    def output(self, position: int) -> Value | None:
        """The output in this position, None when it is not there."""
        outputs = self.node.outputs
        return outputs[position] if position < len(outputs) else None

    # What it asks for

    def init(self, size: int | Struct) -> None:
        """A persistent buffer in `Init`."""
        self.at_init.append(Persistent(self._bytes(size)))

    def temporary(self, *values: Value | None) -> None:
        """A temporary tensor for each value in `Prepare`; nothing for those left out."""
        self.at_prepare += [Temporary(value) for value in values if value is not None]

    def persistent(self, size: int | Struct, *, is_filled: bool = True) -> None:
        """A persistent buffer in `Prepare`, which writes to it or leaves that to `Invoke`."""
        self.at_prepare.append(Persistent(self._bytes(size), is_filled))

    def own_shape(self, value: Value | None) -> None:
        """A copy of a shape that can be written to (`CreateWritableTensorDimsWithCopy`)."""
        if value is not None:
            self.persistent(4 + 4 * len(value.shape))

    def scratch(self, size: int) -> None:
        """A scratch buffer."""
        self.at_prepare.append(Scratch(size))

    def resource(self, variable: Variable, size: int) -> None:
        """Memory for a resource variable."""
        self.at_prepare.append(Resource(variable, size))

    def doubt(self, reason: str, bytes: int | None = None) -> None:
        """Say what is not known, and by how many bytes it may be off at most."""
        self.doubts.append(Doubt(reason, bytes))

    def _bytes(self, size: int | Struct) -> int:
        return size if isinstance(size, int) else size.size(self.build.abi)

    # What came of it

    @property
    def scratch_sizes(self) -> tuple[int, ...]:
        """The scratch requests in order, in bytes."""
        return tuple(r.bytes for r in self.at_prepare if isinstance(r, Scratch))

    @property
    def persistent_sizes(self) -> tuple[int, ...]:
        """The persistent requests of `Prepare` in order, in bytes."""
        return tuple(r.bytes for r in self.at_prepare if isinstance(r, Persistent))


Kernel = Callable[[Requests], None]
