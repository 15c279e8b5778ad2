"""TFL505."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.memory.profile import highest
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.memory.holders import named

# By how much the peak is above the next, and what that is worth at least, in bytes.
_RATIO = 1.5
_WORTH = 1024
_POOLS = frozenset(("MAX_POOL_2D", "AVERAGE_POOL_2D"))
_WINDOWED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", *_POOLS))


def _network(filters: int, size: int = 32) -> Model:
    model = ModelBuilder()
    x = model.input((1, size, size, 1), TensorType.INT8)
    x = model.pool_2d(model.conv_2d(x, filters=filters, kernel=3), size=4)
    x = model.conv_2d(x, filters=8, kernel=3)
    model.output(model.fully_connected(model.flatten(x), units=4))
    return model.build()


class PeakOneOp(Rule):
    """One operator alone sets the size of the arena.

    ## What it does
    Adds up what is alive while each operator runs: inputs, outputs, scratch memory, and what
    later operators still need. Fires where one operator, or two that hand the same tensor to
    each other, hold more than 1.5 times what any other operator holds, and says what the arena
    could be without.

    ## Why it matters on a device
    RAM is bought for the peak. Everywhere else in the network it lies idle.

    ## Repair
    Change the operator that is named: a stride in place of a pool behind it, the pool in
    front, fewer channels there, a smaller input; or compute it in patches with what follows.
    Other layers need no change: making them smaller gives nothing.
    """

    meta = Metadata("TFL505", "peak-one-op", Severity.WARNING)
    examples = (
        Bad(
            "A wide convolution in front of its pool",
            lambda: _network(32),
            says="CONV_2D #2",
        ),
        Good("Spread out", lambda: _network(4, size=16)),
        Good("LiteRT takes what it needs from the heap", lambda: _network(32), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        use = context.memory
        if use is None or use.arena.is_planned_offline or use.fault:
            return
        ranked = highest(use.arena)
        if len(ranked) < 2 or ranked[0].bytes < _WORTH:
            return
        peak, *others = ranked
        largest = use.arena.alive_at(peak.scope)[0]
        # Where the largest tensor of the peak is alive, it is what makes the others high as well.
        rest = next((m for m in others if not largest.first <= m.scope <= largest.last), others[0])
        below = rest.bytes
        saving = use.arena.saving(peak.bytes - below)
        if peak.bytes <= _RATIO * below or saving < _WORTH:
            return
        yield self.finding(
            f"{size_text(peak.bytes)} are alive at this operator ({named(use.arena, peak.scope)}), "
            f"{peak.bytes / max(below, 1):.1f} times what any other part of the network holds "
            f"({size_text(below)} at {_operator(rest.node)})",
            node=peak.node,
            help=f"{_repair(peak.node)}: down to the next, the arena takes up to "
            f"{size_text(saving)} less",
        )


def _repair(node: Node) -> str:
    pool = next((n for n in node.successors() if n.name in _POOLS), None)
    if node.name in _WINDOWED and pool is not None:
        return (
            f"let {_operator(node)} stride as {_operator(pool)} does and drop the pool, or "
            f"compute both in patches"
        )
    if node.name in _POOLS:
        return f"let what feeds {_operator(node)} stride in its place, or compute both in patches"
    if node.name in _WINDOWED:
        return "pool or stride before it, fewer channels, or compute it in patches"
    return "make its input or output smaller"


def _operator(node: Node) -> str:
    return f"{printable(node.name, 40)} #{node.index}"
