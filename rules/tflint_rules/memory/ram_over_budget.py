"""TFL501."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.liveness import peak
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_SHOWN = 3
# With this metadata a file brings its own plan, in which buffers may overlap.
_OFFLINE_PLAN = "OfflineMemoryAllocation"


def _network(size: int, *, planned: bool = False) -> Model:
    model = ModelBuilder()
    x = model.input((1, size, size, 1), TensorType.INT8)
    model.output(model.pool_2d(model.conv_2d(x, filters=8, kernel=3), size=2))
    if planned:
        model.metadata(_OFFLINE_PLAN, bytes(16))
    return model.build()


class RamOverBudget(Rule):
    """The activations that are alive at once take more RAM than there is.

    ## What it does
    Follows when each activation is written and last read, and holds the most bytes that are
    alive at one operator against the RAM of the target. Whatever the planner does, the arena
    cannot be smaller; that it is larger, by what TFLM keeps for itself and by gaps between
    buffers, is not counted here.

    ## Why it matters on a device
    `AllocateTensors()` fails, at run time, on the device.

    ## Repair
    Make the tensors that are named smaller: pool or stride earlier, use fewer channels, a
    smaller input, int8 in place of float32.
    """

    meta = Metadata("TFL501", "ram-over-budget", Severity.ERROR)
    examples = (
        Bad(
            "Two maps that do not fit at once",
            lambda: _network(32),
            target="cortex-m4:ram=8K",
            says="8.0 KiB",
        ),
        Good("They fit", lambda: _network(32), target="cortex-m4:ram=64K"),
        Good("No budget", lambda: _network(32)),
        Good(
            "A plan of the file's own, in which buffers may overlap",
            lambda: _network(32, planned=True),
            target="cortex-m4:ram=8K",
        ),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        budget = context.target.ram_bytes
        if budget is None or not context.runtime.is_mcu or not context.graphs:
            return
        if any(entry.name == _OFFLINE_PLAN for entry in context.model.metadata):
            return
        found = peak(context.graphs[0])
        if found is None or found.bytes <= budget:
            return
        held = ", ".join(
            f"`{printable(value.name, 60)}` {size_text(value.bytes)}"
            for value in found.values[:_SHOWN]
        )
        yield self.finding(
            f"{size_text(found.bytes)} of activations are alive at once, more than the RAM "
            f"budget of {size_text(budget)}: {held}",
            node=found.node,
            help=f"take {size_text(found.bytes - budget)} or more off these: pool or "
            f"stride earlier, fewer channels, a smaller input",
        )
