"""What `tflint memory` comes to for one model; every format is rendered from it."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.memory.advice import Saving
from tflint.memory.arena import Arena
from tflint.memory.usage import MemoryUse
from tflint.memory.wheel import Measurement
from tflint.model.graph import Graph
from tflint.target.target import DEFAULT_TARGET, Target


@dataclass(frozen=True, slots=True)
class OnHost:
    """The arena of this machine's build of TFLM, the PyPI wheel: computed, and measured."""

    computed: Arena
    measured: Measurement

    @property
    def agrees(self) -> bool | None:
        """Whether both say the same; None when TFLM did not run it."""
        if not self.measured.ran:
            return None
        computed, measured = self.computed, self.measured
        return (
            computed.nonpersistent_bytes == measured.nonpersistent_bytes
            and computed.persistent_bytes == measured.persistent_bytes
            and measured.min_arena_bytes in (None, computed.min_arena_bytes)
        )


@dataclass(frozen=True)
class MemoryReport:
    """A model's use of memory, why the runtime does not take it, and what would lower it."""

    path: str
    use: MemoryUse
    graphs: tuple[Graph, ...]
    reason: str | None = None
    savings: tuple[Saving, ...] = ()
    host: OnHost | None = None

    @property
    def arena(self) -> Arena:
        """The arena on the target."""
        return self.use.arena

    @property
    def target(self) -> Target:
        """What it was computed for."""
        return self.use.target

    @property
    def target_name(self) -> str:
        """The target as it was given; for the default, which names a runtime, its core."""
        target = self.target
        return target.core or target.name if target.name == DEFAULT_TARGET else target.name

    @property
    def runnable(self) -> bool:
        """Whether nothing is known that keeps the runtime from running the model."""
        return self.reason is None

    @property
    def fits_ram(self) -> bool | None:
        """Whether it fits the target's RAM, None where there is no limit."""
        limit = self.target.ram_bytes
        return None if limit is None else self.use.ram_bytes <= limit

    @property
    def fits_flash(self) -> bool | None:
        """Whether it fits the target's flash, None where there is no limit."""
        limit = self.target.flash_bytes
        return None if limit is None else self.use.flash_bytes <= limit

    @property
    def fits(self) -> bool | None:
        """Whether it fits both, None where there is no limit."""
        known = [fits for fits in (self.fits_ram, self.fits_flash) if fits is not None]
        return all(known) if known else None

    @property
    def is_multiple(self) -> bool:
        """Whether operators and tensors need the subgraph to be told apart."""
        return len(self.graphs) > 1
