"""What a model takes of a target: the arena as that target's build of TFLM fills it, RAM, flash."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tflint.errors import UsageError
from tflint.memory.abi import CORTEX_M, ILP32, Abi
from tflint.memory.arena import Arena, plan_arena
from tflint.memory.requests import Build, Library
from tflint.model.graph import Graph
from tflint.model.tables import Model
from tflint.target.target import Target

# Only budgets ask for these, and most checks have none.
if TYPE_CHECKING:
    from tflint.memory.flash import CodeSize
    from tflint.memory.static_ram import StaticRam

# Offsets and sizes are 32-bit there: nothing is larger, and no microcontroller has as much.
_MOST_BYTES = 2**31 - 1


@dataclass(frozen=True)
class MemoryUse:
    """What one model takes of one target, in bytes."""

    target: Target
    model_bytes: int
    arena: Arena
    operators: tuple[str, ...]

    @cached_property
    def static(self) -> StaticRam:
        """Interpreter, resolver and stack."""
        from tflint.memory.static_ram import static_ram

        return static_ram(self.operators, self.target.runtime_name, self.arena.build.abi.name)

    @cached_property
    def code(self) -> CodeSize:
        """The runtime's code for the model's kernels, an estimate."""
        from tflint.memory.flash import runtime_code

        return runtime_code(self.operators, self.target.runtime_name, self.target.core)

    @property
    def ram_bytes(self) -> int:
        """What is held against a budget of RAM: the smallest arena, static data, stack."""
        return self.arena.min_arena_bytes + self.static.total

    @property
    def flash_bytes(self) -> int:
        """What is held against a budget of flash: the file and the runtime's code."""
        return self.model_bytes + self.code.bytes

    @property
    def fault(self) -> str | None:
        """Why no 32-bit TFLM can plan this model, whatever its kernels say; None if it can."""
        if self.arena.fault:
            return self.arena.fault
        if self.arena.arena_bytes > _MOST_BYTES:
            return f"its arena of {self.arena.arena_bytes:,} bytes is beyond what 32 bits address"
        return None


def build_for(target: Target) -> Build:
    """How TFLM is built for a target. Raises `UsageError` for runtimes that are not TFLM."""
    if not target.runtime.is_mcu:
        raise UsageError(f"{target.runtime.title} has no arena; choose a target with TFLM")
    return Build(_abi(target), _library(target))


def with_runtime(target: Target, runtime_name: str) -> Target:
    """The target with another runtime on it."""
    return dataclasses.replace(target, runtime_name=runtime_name)


def memory_use(model: Model, graphs: Sequence[Graph], target: Target) -> MemoryUse:
    """What a model whose indices are all in range takes; raises as `build_for` does."""
    operators = dict.fromkeys(node.name for graph in graphs for node in graph.nodes)
    arena = plan_arena(model, graphs, build_for(target))
    return MemoryUse(target, model.file_bytes, arena, tuple(operators))


def _abi(target: Target) -> Abi:
    """Arm's bare-metal compilers pack enumerations, those for Xtensa and RISC-V do not."""
    return CORTEX_M if (target.core or "cortex-m").startswith("cortex-m") else ILP32


def _library(target: Target) -> Library:
    if target.runtime_name != "tflm-cmsis-nn":
        return Library.REFERENCE
    if target.mve:
        return Library.CMSIS_NN_MVE
    return Library.CMSIS_NN_DSP if target.dsp else Library.CMSIS_NN
