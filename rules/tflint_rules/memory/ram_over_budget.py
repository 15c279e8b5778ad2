"""TFL501."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Severity
from tflint.memory.offline_plan import METADATA_NAME
from tflint.memory.usage import MemoryUse
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.memory.holders import named, uncertain_bytes


def _network(size: int) -> Model:
    model = ModelBuilder()
    x = model.input((1, size, size, 1), TensorType.INT8)
    model.output(model.pool_2d(model.conv_2d(x, filters=8, kernel=3), size=2))
    return model.build()


def _wrongly_planned() -> Model:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 1), TensorType.INT8)
    model.output(model.conv_2d(x, filters=2, kernel=3))
    # A version, a subgraph, the number of offsets, and these.
    model.metadata(METADATA_NAME, struct.pack("<6i", 1, 0, 3, 0, 64, -1))
    return model.build()


class RamOverBudget(Rule):
    """The model needs more RAM than there is.

    ## What it does
    Computes the smallest arena with which TFLM's `AllocateTensors()` succeeds on the target,
    adds the interpreter, the operator resolver and the stack that it takes, and holds the sum
    against the target's RAM. Shown are the tensors that are alive at the peak. An arena that
    cannot be planned at all is reported whatever the budget: one beyond what 32 bits address,
    or a faulty plan of the file's own.

    The application's own data is not counted: set `max-ram` to what is left for the model.

    ## Why it matters on a device
    `AllocateTensors()` fails, at run time, on the device; or the arena does not link.

    ## Repair
    Make the tensors that are named smaller: pool or stride earlier, use fewer channels, a
    smaller input, int8 in place of float32. `tflint memory` shows what holds the arena, and
    what each change would give.
    """

    meta = Metadata("TFL501", "ram-over-budget", Severity.ERROR)
    examples = (
        Bad(
            "Two maps that do not fit at once",
            lambda: _network(32),
            target="cortex-m4:ram=8K",
            says="alive at MAX_POOL_2D",
        ),
        Bad(
            "The maps fit, the interpreter's own data does not",
            lambda: _network(32),
            target="cortex-m4:ram=10K",
            says="interpreter",
        ),
        Bad(
            "An offline plan for another number of tensors",
            _wrongly_planned,
            says="3 offsets for 4 tensors",
        ),
        Good("It fits", lambda: _network(32), target="cortex-m4:ram=64K"),
        Good("No budget", lambda: _network(32)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        use, budget = context.memory, context.target.ram_bytes
        if use is None:
            return
        if use.fault is not None:
            yield self.finding(
                f"{context.runtime.title} cannot allocate its tensors: {use.fault}",
                help="make the tensors smaller"
                if use.arena.fault is None
                else "convert the model again; a plan that the file holds is only good for the "
                "tensors that it was made for",
            )
            return
        if budget is None or use.ram_bytes <= budget:
            return
        over = use.ram_bytes - budget
        provable = over > uncertain_bytes(use.arena)
        yield self.finding(
            f"it takes {size_text(use.ram_bytes)} of RAM ({_parts(use)}), more than the budget "
            f"of {size_text(budget)}{_peak(use)}",
            node=use.arena.peak_node,
            confidence=Confidence.HIGH if provable else Confidence.MEDIUM,
            help=f"take {size_text(over)} or more off: pool or stride earlier, fewer channels, "
            f"a smaller input; `tflint memory` shows what each change gives",
        )


def _parts(use: MemoryUse) -> str:
    return (
        f"arena {size_text(use.arena.min_arena_bytes)}, interpreter and resolver "
        f"{size_text(use.static.interpreter + use.static.resolver)}, stack "
        f"{size_text(use.static.stack)}"
    )


def _peak(use: MemoryUse) -> str:
    node = use.arena.peak_node
    if node is None:
        return ""
    return f"; alive at {printable(node.name, 40)} #{node.index}: {named(use.arena)}"
