"""TFL506."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.memory.arena import Arena
from tflint.memory.profile import largest_operator
from tflint.model.builder import ModelBuilder
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# Steps of the search for an order while checking, a tenth of a second; `tflint memory` and
# `tflint fix` search longer.
_STEPS = 400_000
# From which saving, in bytes and as a share of the arena, the finding is a warning.
_WORTH, _SHARE = 1024, 0.02


def _branches(*, depth_first: bool) -> Model:
    """Two branches that widen and narrow again, whose ends are added."""
    model = ModelBuilder()
    x = model.input((1, 16), TensorType.INT8)
    wide = [model.tensor((1, 4096), TensorType.INT8) for _ in range(2)]
    ends = [model.tensor((1, 16), TensorType.INT8) for _ in range(2)]
    steps = [(x, wide[0]), (wide[0], ends[0]), (x, wide[1]), (wide[1], ends[1])]
    for source, result in steps if depth_first else (steps[0], steps[2], steps[1], steps[3]):
        weights = model.constant((model.shape(result)[1], model.shape(source)[1]), TensorType.INT8)
        model.operator("FULLY_CONNECTED", [source, weights, -1], [result], version=4)
    y = model.tensor((1, 16), TensorType.INT8)
    model.operator("ADD", ends, [y], AddOptions())
    model.output(y)
    return model.build()


def _gaps() -> Model:
    """Tensors whose sizes and lifetimes leave a gap in the greedy planner's arena."""
    model = ModelBuilder()
    x = model.input((1, 4096), TensorType.INT8)
    for size in (2048, 3072, 4096, 1024, 4096):
        y = model.tensor((1, size), TensorType.INT8)
        model.operator("ABS", [x], [y])
        x = y
    model.output(x)
    return model.build()


class PlanAboveBound(Rule):
    """The arena could be smaller for the same tensors: by another order, or another placement.

    ## What it does
    Searches for the order of the operators with which the fewest bytes are alive at once, and
    plans it as TFLM would. Where no order helps, compares what TFLM's planner takes with what
    is alive at most, and looks for a placement without the gaps. The search is exact for
    chains and for most graphs of up to a few hundred operators; where it is not, the finding
    says how much another order may save beyond.

    ## Why it matters on a device
    TFLM runs the operators in the order of the file, which is the one the converter happened
    to write, and its planner places the largest tensors first without ever looking back.

    ## Repair
    Write the operators in the better order: results stay the same, bit for bit. A placement
    goes into the file as metadata (`OfflineMemoryAllocation`), which TFLM follows.
    """

    meta = Metadata("TFL506", "plan-above-bound", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad(
            "Both branches are begun before one is done",
            lambda: _branches(depth_first=False),
            says="another order of the operators",
        ),
        Bad("Sizes that do not stack up", _gaps, says="gaps of 2.0 KiB"),
        Good("One branch after the other", lambda: _branches(depth_first=True)),
        Good("A runtime without an arena", lambda: _branches(depth_first=False), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        use = context.memory
        if use is None or use.fault or use.arena.is_planned_offline:
            return
        arena = use.arena
        if arena.nonpersistent_bytes <= largest_operator(arena):
            return  # what one operator needs is all there is
        # The search is only loaded where it may find something.
        from tflint.memory.reordering import reorder

        fix = Fix(FixSafety.SAFE, "tflint fix {path}")
        better = reorder(context.model, context.graphs, arena, _STEPS)
        if better is not None and better.arena.min_arena_bytes < arena.min_arena_bytes:
            saved = arena.min_arena_bytes - better.arena.min_arena_bytes
            found = better.found
            rest = (
                "no order needs less"
                if found.is_optimal
                else f"another may save up to {size_text(found.gap)} more"
            )
            yield self.finding(
                f"another order of the operators takes an arena of "
                f"{changed(better.arena.min_arena_bytes, arena.min_arena_bytes)} ({rest})",
                node=arena.peak_node,
                severity=_severity(saved, arena),
                help=f"write the operators in that order: saves {size_text(saved)} of RAM, "
                f"results stay the same",
                fix=fix,
            )
            return
        yield from self._gaps(context, arena)

    def _gaps(self, context: ModelContext, arena: Arena) -> Iterator[Finding]:
        gap = arena.nonpersistent_bytes - arena.lower_bound_bytes
        # Where the bookkeeping of planning is the most there ever is, gaps cost nothing.
        if gap <= 0 or arena.saving(gap) <= 0:
            return
        from tflint.memory.placement import better_offsets

        offsets = better_offsets(arena.buffers, arena.nonpersistent_bytes)
        saved = arena.saving(gap)
        text = "no placement without them was found"
        if offsets is not None:
            head = max(o + b.reserved for o, b in zip(offsets, arena.buffers, strict=True))
            saved = arena.saving(arena.nonpersistent_bytes - head)
            text = f"place the tensors by an offline plan: saves {size_text(saved)} of RAM"
        if saved <= 0:
            return
        yield self.finding(
            f"TFLM's plan takes {size_text(arena.nonpersistent_bytes)} for tensors of which "
            f"{size_text(arena.lower_bound_bytes)} are alive at most: gaps of {size_text(gap)}",
            node=arena.peak_node,
            severity=_severity(saved, arena) if offsets is not None else Severity.INFO,
            help=text,
        )


def changed(now: int, before: int) -> str:
    """Both sizes, in bytes where they would read the same."""
    texts = size_text(now), size_text(before)
    if texts[0] == texts[1]:
        texts = f"{now:,} B", f"{before:,} B"
    return " in place of ".join(texts)


def _severity(saved: int, arena: Arena) -> Severity:
    worth = saved >= _WORTH and saved >= _SHARE * arena.min_arena_bytes
    return Severity.WARNING if worth else Severity.INFO
