"""TFL503."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_SHOWN = 3


def _network() -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1)), filters=8, kernel=3)
    model.output(model.fully_connected(model.flatten(x), units=2))
    return model.build()


class ComputeOverBudget(Rule):
    """One inference takes more multiply-accumulates than it may.

    ## What it does
    Adds up the multiply-accumulates (MACs) of all operators of the first subgraph and holds
    them against the limit, if one is set (`max-macs`).

    ## Why it matters on a device
    MACs are time and energy: with CMSIS-NN a Cortex-M4 spends about two instructions on one,
    with the reference kernels about eight.

    ## Repair
    Start with the operator named first: a stride or a pool in front of it, fewer filters, a
    depthwise separable convolution.
    """

    meta = Metadata("TFL503", "compute-over-budget", Severity.ERROR)
    examples = (
        Bad("More than it may take", _network, target="cortex-m4:macs=10K", says="17,248 MACs"),
        Good("Less", _network, target="cortex-m4:macs=20K"),
        Good("No limit", _network),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        limit = context.target.max_macs
        if limit is None or not context.graphs:
            return
        costs = sorted(
            ((macs(node), node) for node in context.graphs[0].nodes),
            key=lambda cost: (-cost[0], cost[1].index),
        )
        total = sum(cost for cost, _ in costs)
        if total <= limit:
            return
        held = ", ".join(
            f"{printable(node.name, 40)} #{node.index} {100 * cost / total:.0f} %"
            for cost, node in costs[:_SHOWN]
            if cost
        )
        yield self.finding(
            f"one inference takes {total:,} MACs, more than the budget of {limit:,}: {held}",
            node=costs[0][1],
            help=f"take {total - limit:,} MACs or more off, from the operator named first",
        )
