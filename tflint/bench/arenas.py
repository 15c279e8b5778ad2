"""What each runtime for microcontrollers takes for a model, and whether it runs there at all."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.lint.context import LintedModel
from tflint.lint.memory_report import report_on
from tflint.lint.runnable import refusal
from tflint.memory.usage import with_runtime
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.report.bench_result import RuntimeUse
from tflint.report.memory_result import MemoryReport
from tflint.target.runtime import RUNTIMES, load_runtime
from tflint.target.target import Target

# Kernels that are written for one family of cores, by how the names of these begin.
_WRITTEN_FOR = {"tflm-cmsis-nn": ("cortex-m", "Arm's Cortex-M")}


def mcu_runtimes() -> tuple[str, ...]:
    """The names of the runtimes for microcontrollers that there are facts about, in order."""
    return tuple(name for name, (_, is_mcu) in RUNTIMES.items() if is_mcu)


def runtimes_of(model: Model, target: Target) -> tuple[RuntimeUse, ...]:
    """The use of each runtime, for this target's core. The graph must be sound."""
    return tuple(_use(model, with_runtime(target, runtime)) for runtime in mcu_runtimes())


def memory_of(model: Model, target: Target, path: str) -> MemoryReport:
    """The plan of the arena on the target's runtime, or if it plans none, on the first that does.

    Raises `MalformedModel` for a broken graph.
    """
    if not target.runtime.is_mcu:
        target = with_runtime(target, mcu_runtimes()[0])
    return report_on(model, target, path)


def _use(model: Model, target: Target) -> RuntimeUse:
    elsewhere = _not_for(target)
    if elsewhere is not None:
        return RuntimeUse(
            target.runtime_name, target.name, False, elsewhere, None, None, None, None
        )
    context = LintedModel(target, model)
    use, reason = context.memory, refusal(context)
    assert use is not None, "only runtimes with an arena are asked"
    return RuntimeUse(
        runtime=target.runtime_name,
        target=target.name,
        runnable=reason is None,
        reason=reason,
        arena_bytes=use.arena.arena_bytes,
        min_arena_bytes=use.arena.min_arena_bytes,
        ram_bytes=use.ram_bytes,
        flash_bytes=use.flash_bytes,
        fits=_fits(use.ram_bytes, use.flash_bytes, target),
    )


def budget_notes(uses: Sequence[RuntimeUse], target: Target) -> tuple[str, ...]:
    """What is too large for the target of a model that would run there."""
    return tuple(
        f"{load_runtime(use.runtime).title} takes {size:,} bytes of {memory}, more than the "
        f"{budget:,} of {printable(target.name)}"
        for use in uses
        if use.runnable and use.fits is False
        for memory, size, budget in (
            ("RAM", use.ram_bytes, target.ram_bytes),
            ("flash", use.flash_bytes, target.flash_bytes),
        )
        if size is not None and budget is not None and size > budget
    )


def _fits(ram_bytes: int, flash_bytes: int, target: Target) -> bool | None:
    """Whether a use is within the target's budget, as far as it has one."""
    pairs = ((ram_bytes, target.ram_bytes), (flash_bytes, target.flash_bytes))
    held = [size <= budget for size, budget in pairs if budget is not None]
    return all(held) if held else None


def _not_for(target: Target) -> str | None:
    """Why there is no such runtime for the target's core, None where there is."""
    family = _WRITTEN_FOR.get(target.runtime_name)
    if family is None or target.core is None or target.core.startswith(family[0]):
        return None
    title = load_runtime(target.runtime_name).title
    return f"{title} is written for {family[1]}, not for {target.core}"
