"""TFL307."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.dead_channels import DeadGroup, dead_channels
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.example_models import constant_of, overwrite
from tflint_rules.wording import operator

_SHOWN = 2
# Below this share of the model's weights and of its work, removal is worth no one's while.
_MINOR_SHARE = 0.01


def _network(*, empty: int = 0, unread: int = 0, least: int = 0, dense: bool = True) -> Model:
    """Eight channels: the first few `empty` but for a weight of `least`, others `unread`."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1), TensorType.INT8), filters=8, kernel=3)
    if dense:
        x = model.fully_connected(model.flatten(model.pool_2d(x)), units=4)
        columns = constant_of(model, 3, 1)
        for row in range(0, len(columns), 8):
            columns[row : row + unread] = bytes(unread)
        overwrite(model, 3, 1, columns)
    filters = constant_of(model, 0, 1)
    filters[: 9 * empty] = (bytes(8) + bytes((least,))) * empty
    overwrite(model, 0, 1, filters)
    model.output(x)
    return model.build()


class DeadChannels(Rule):
    """Channels whose weights are all zero, or that no layer reads.

    ## What it does
    Follows the channels that a convolution or dense layer makes, through activations, pools,
    reshapes and depthwise layers, to the layers that read them. A channel is dead if all its
    weights are zero, so that it is the same for every input, or if all weights that read it
    are. Says what such channels hold of weights, work and activations; less than 1 % of what
    the model has is for information. Silent where something needs the channels as they are:
    the model's output, or an addition of two branches.

    ## Why it matters on a device
    The kernels multiply with zeros as with any other number: a dead channel takes flash,
    instructions and RAM like the others. Pruning and strong regularisation leave them
    behind; the tools that prune rarely take them out.

    ## Repair
    Remove the channels together with the weights that read them. A channel that is not read
    leaves without a trace. One of zero weights has its bias as a constant, which goes into
    the biases of the layers that read it, unless their padding mixes zeros with it.
    """

    meta = Metadata("TFL307", "dead-channels", Severity.WARNING, fix=FixSafety.UNSAFE)
    examples = (
        Bad("Zero weights", lambda: _network(empty=2), says="2 of 8 output channels are dead"),
        Bad("Read by no layer", lambda: _network(unread=3), says="no layer reads them"),
        Bad("All of them", lambda: _network(empty=8), says="all 8 output channels are dead"),
        Good("The smallest weight that is none", lambda: _network(empty=2, least=1)),
        Good(
            "The model's output, whose shape others rely on", lambda: _network(empty=2, dense=False)
        ),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        total: tuple[int, int] | None = None
        for graph in context.graphs:
            for found in dead_channels(graph, Dataflow(graph), context.constants):
                total = total or (context.weights.bytes, sum(map(macs, context.nodes)))
                yield self._finding(found, total)

    def _finding(self, found: DeadGroup, total: tuple[int, int]) -> Finding:
        group, dead, empty = found.group, len(found.dead), found.empty

        def share(values: list[Value | None]) -> int:
            stored = {id(value): value.bytes for value in values if value and value.is_constant}
            return sum(size * dead // group.count for size in stored.values())

        maker, layers = group.maker, group.layers
        biases = [layer.bias for layer in layers if layer is maker or layer.is_depthwise]
        weights = share([*(layer.weights for layer in layers), *biases])
        work = sum(macs(layer.node) for layer in layers) * dead // group.count
        activations = size_text(maker.output.bytes * dead // group.count)
        every = dead == group.count
        minor = weights < _MINOR_SHARE * total[0] and work < _MINOR_SHARE * total[1]
        names = [operator(layer.node) for layer in group.readers]
        rest = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return self.finding(
            f"{f'all {dead:,}' if every else f'{dead:,} of {group.count:,}'} output channels "
            f"{'are' if dead > 1 else 'is'} dead: {_why(dead, empty)}. "
            f"{'They take' if dead > 1 else 'It takes'} {size_text(weights)} of weights, "
            f"{work:,} MACs and {activations} of activations",
            node=maker.node,
            value=maker.weights,
            severity=Severity.INFO if minor else None,
            help="what lies behind does not depend on them: train or prune it again"
            if every
            else f"remove {'them' if dead > 1 else 'it'} here and from "
            f"{', '.join(names[:_SHOWN])}{rest}: saves {size_text(weights)} and {work:,} MACs",
            fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe") if found.removable else None,
        )


def _why(dead: int, empty: int) -> str:
    if empty == dead:
        return "their weights are all zero" if dead > 1 else "its weights are all zero"
    if not empty:
        return "no layer reads them" if dead > 1 else "no layer reads it"
    return f"the weights of {empty:,} are all zero, no layer reads the others"
