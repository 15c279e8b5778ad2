"""TFL306."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.analysis.needed import Need, kept, needed, read_by, whole
from tflint.analysis.windows import windows
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.graph import Graph, Node
from tflint.model.schema import Padding
from tflint.model.tables import Model
from tflint.printable import percent_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.architecture.smaller_input import smaller_input
from tflint_rules.wording import operator

# Below these shares of a layer's and of a model's multiply-accumulates, and below this many,
# there is nothing to win that anyone would change an input for.
_LEAST_OF_LAYER, _LEAST_OF_MODEL, _LEAST_MACS = 0.05, 0.01, 1000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class DeadShare:
    """A layer, the multiply-accumulates of it that no one reads, and what is read of it."""

    node: Node
    macs: int
    dead: int
    need: Need

    @property
    def share(self) -> float:
        """Of the layer's multiply-accumulates."""
        return self.dead / self.macs


def _network(*pools: int, size: int, padding: Padding = Padding.VALID) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, size, size, 1)), filters=8, kernel=3)
    for pool in pools:
        x = model.pool_2d(x, size=pool, padding=padding)
    model.output(model.fully_connected(model.flatten(x), units=3))
    return model.build()


def _bottleneck(*, stride: int) -> Model:
    """The 1x1 convolutions with a stride that the blocks of ResNet begin with."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 4)), filters=16, kernel=1)
    x = model.conv_2d(x, filters=8, kernel=1, stride=stride)
    model.output(model.fully_connected(model.flatten(x), units=3))
    return model.build()


class DeadOutputs(Rule):
    """Rows and columns that a convolution computes are dropped by a pool or a stride behind it.

    ## What it does
    Follows what is read of each map backwards from the outputs: a pool of 2 reads 14 of 15
    rows, a convolution of 1x1 with a stride of 2 every other one. Where that leaves out a
    part of what convolutions compute, says which part, as multiply-accumulates. Layers that
    lose less than 5 % are not listed.

    ## Why it matters on a device
    The multiply-accumulates are spent, and the rows take their place in RAM, for values that
    change nothing. What is dropped is also a part of the input that the network never sees.

    ## Repair
    Choose an input size that the strides divide: where nothing is padded, cropping the input
    gives the very same outputs. `padding="same"` in the pools uses the rows instead. Behind a
    convolution whose outputs are skipped regularly, move the stride into that convolution.
    """

    meta = Metadata("TFL306", "dead-outputs", Severity.INFO)
    examples = (
        Bad("Three pools with a rest each", lambda: _network(2, 2, 2, size=32), says="36 %"),
        Bad("Every other row and column", lambda: _bottleneck(stride=2), says="75 %"),
        Good("An input that divides", lambda: _network(2, 2, 2, size=26)),
        Good("The rest is padded", lambda: _network(2, 2, 2, size=32, padding=Padding.SAME)),
        Good("Every row and column", lambda: _bottleneck(stride=1)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            needs = needed(graph)
            every = list(_dead_shares(graph, needs))
            dead = [layer for layer in every if layer.share >= _LEAST_OF_LAYER]
            wasted = sum(layer.dead for layer in every)
            total = sum(map(macs, graph.nodes)) if dead else 0
            if not dead or wasted < max(_LEAST_MACS, _LEAST_OF_MODEL * total):
                continue
            dead.sort(key=lambda layer: -layer.dead)
            layers = "; ".join(map(_layer, dead[:_SHOWN]))
            more = f"; and {len(dead) - _SHOWN} more layers" if len(dead) > _SHOWN else ""
            yield self.finding(
                f"{wasted:,} of {total:,} MACs compute what is dropped: {layers}{more}; "
                f"{_droppers(graph, needs)}",
                node=dead[0].node,
                help=_repair(graph, needs, dead[0], wasted),
            )


def _dead_shares(graph: Graph, needs: dict[int, Need]) -> Iterator[DeadShare]:
    for node in graph.nodes:
        if len(node.outputs) != 1:
            continue
        y = node.outputs[0]
        need = needs.get(y.index)
        # A transposed convolution's work goes with its input, of which all counts as read.
        if need is None or node.name == "TRANSPOSE_CONV":
            continue
        work = macs(node)
        if work > 0:
            yield DeadShare(node, work, work - work * kept(need, y) // y.elements, need)


def _layer(layer: DeadShare) -> str:
    read, made = _extents([span.size for span in layer.need or ()], layer.node.outputs[0].shape)
    share = percent_text(layer.share)
    return f"{share} of {operator(layer.node)}, of whose {made} positions {read} are read"


def _droppers(graph: Graph, needs: dict[int, Need]) -> str:
    """Where it is lost: `MAX_POOL_2D #2 reads 14 x 14 of 15 x 15`."""
    found = []
    for node in graph.nodes:
        x, over = node.input(0), windows(node)
        if x is None or over is None or needs.get(x.index) is None:
            continue
        read = [read_by(window, whole(window.outputs)).size for window in over]
        size = [window.inputs for window in over]
        if read != size:
            some, every = _extents(read, size)
            found.append(f"{operator(node)} reads {some} of {every}")
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _repair(graph: Graph, needs: dict[int, Need], most: DeadShare, wasted: int) -> str:
    step = max(span.step for span in most.need or ())
    if step > 1:
        return (
            f"a stride of {step} in {operator(most.node)} instead of behind it saves {most.dead:,} "
            f"MACs and makes the map in between smaller"
        )
    smaller = smaller_input(graph, needs)
    if smaller is not None:
        less, now = _extents(smaller[1], smaller[0].shape)
        return (
            f"an input of {less} instead of {now} (crop the rest) gives the same outputs and "
            f"saves {wasted:,} MACs"
        )
    return (
        f"choose an input size that pools and strides divide, which saves up to {wasted:,} "
        f'MACs, or use what is dropped: padding="same" where it is lost'
    )


def _extents(some: Sequence[int], every: Sequence[int]) -> tuple[str, str]:
    """Two shapes along the dimensions in which they differ: `24 x 24` and `30 x 30`."""
    differ = [d for d, size in enumerate(some) if size != every[d]]
    read, of = (" x ".join(str(shape[d]) for d in differ) for shape in (some, every))
    return read, of
