"""What each runtime for microcontrollers takes for a model, and whether it runs there at all."""

from __future__ import annotations

from tflint.lint.context import LintedModel
from tflint.lint.runnable import refusal
from tflint.memory.usage import with_runtime
from tflint.model.tables import Model
from tflint.report.bench_result import RuntimeUse
from tflint.target.target import Target

RUNTIMES = ("tflm", "tflm-cmsis-nn")


def runtimes_of(model: Model, target: Target) -> tuple[RuntimeUse, ...]:
    """The use of each runtime, for this target's core. The graph must be sound."""
    return tuple(_use(model, with_runtime(target, runtime)) for runtime in RUNTIMES)


def _use(model: Model, target: Target) -> RuntimeUse:
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
    )
