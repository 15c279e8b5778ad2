"""TFL304."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.max_pools import mergeable_pools
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import Padding
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_SHOWN = 8


def _pools(
    *sizes: int, size: int = 30, padding: Padding = Padding.VALID, read_twice: bool = False
) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, size + 2, size + 2, 1)), filters=8, kernel=3)
    for pool in sizes:
        before, x = x, model.pool_2d(x, size=pool, padding=padding)
    if read_twice:
        model.output(before)
    model.output(model.fully_connected(model.flatten(x), units=3))
    return model.build()


def _average() -> Model:
    model = ModelBuilder()
    x = model.pool_2d(model.input((1, 32, 32, 4)), "AVERAGE_POOL_2D")
    model.output(model.pool_2d(x, "AVERAGE_POOL_2D"))
    return model.build()


class MergeablePools(Rule):
    """Max pools one behind the other that one larger max pool equals.

    ## What it does
    Finds runs of MAX_POOL_2D in which only the next pool reads what one makes, and works out
    the pool that gives the same outputs: kernel `k1 + (k2 - 1) * s1` and stride `s1 * s2`
    where nothing is padded. Padded pools count where every window comes out the same. Where
    the larger pool would compare more elements than the run does, as with overlapping
    windows, it saves memory but not time: an info then, and nothing to repair where it would
    compare more than twice as many.

    ## Why it matters on a device
    Every pool writes a map to RAM that the next one reads back, and takes an operator's
    place in the file and in the arena. The maximum of maxima needs none of that.

    ## Repair
    Replace the run by the pool that the finding names. The outputs are the same, bit by bit:
    a maximum does not round. Average pools are another matter, and are not looked at.
    """

    meta = Metadata("TFL304", "mergeable-pools", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("Three pools in a row", lambda: _pools(2, 2, 2), says="one 8x8 max pool"),
        Bad(
            "Padded where the map divides",
            lambda: _pools(2, 2, size=32, padding=Padding.SAME),
            says="one 4x4 max pool",
        ),
        Good("The padding would differ", lambda: _pools(2, 2, padding=Padding.SAME)),
        Good("A map between them is an output", lambda: _pools(2, 2, read_twice=True)),
        Good("Average pools round", _average),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            for run in mergeable_pools(graph, Dataflow(graph)):
                nodes, merged = run.nodes, run.merged
                saved = sum(node.outputs[0].bytes for node in nodes[:-1])
                shape = nodes[0].outputs[0].shape
                now, then = (c * shape[0] * shape[3] for c in (run.comparisons, merged.comparisons))
                more = "" if len(nodes) <= _SHOWN else ", ..."
                which = ", ".join(f"#{node.index}" for node in nodes[:_SHOWN]) + more
                removed = f"{len(nodes) - 1} operator{'s' if len(nodes) > 2 else ''}"
                yield self.finding(
                    f"{len(nodes)} max pools in a row ({which}) equal one {merged}; the maps "
                    f"between them take {size_text(saved)}",
                    node=nodes[0],
                    severity=Severity.INFO if then > now else None,
                    help=f"one pool saves {removed} and {size_text(saved)} of maps, for {then:,} "
                    f"comparisons instead of {now:,}",
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}") if run.is_repairable else None,
                )
