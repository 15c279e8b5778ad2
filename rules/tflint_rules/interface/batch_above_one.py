"""TFL703."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.finding import Confidence, Finding, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.reconversion import AGAIN, AGAIN_TO_INTEGERS

# Operators whose first dimension is a batch, whatever it is called; a dense layer's may also
# be time.
_BATCHED = frozenset(
    ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "L2_POOL_2D", "CONV_3D")
)
# Sequences may be time-major, and blocks of a map are folded into the batch.
_NOT_A_BATCH = ("LSTM", "RNN", "SVDF", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
_CONTROL_FLOW = frozenset(("IF", "WHILE", "CALL"))


@dataclass(frozen=True, slots=True)
class Batch:
    """How many samples every input and output of a graph holds, and how sure that is.

    `peak` is the operator whose inputs and outputs take the most RAM, `bytes` that much.
    """

    size: int
    is_sure: bool
    peak: Node
    bytes: int


def _network(batch: int) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((batch, 16, 16, 1), name="images"), filters=8, kernel=3)
    model.output(model.fully_connected(model.flatten(x), units=3))
    return model.build()


def _dense(batch: int) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((batch, 64), name="features"), units=4))
    return model.build()


def _frames() -> Model:
    """Thirty frames that are one sample, and become one image."""
    model = ModelBuilder()
    x = model.reshape(model.input((30, 16)), (1, 30, 16, 1))
    model.output(model.fully_connected(model.flatten(model.conv_2d(x, 8, 3)), units=3))
    return model.build()


class BatchAboveOne(Rule):
    """The model computes several samples at once, where a device has one at a time.

    ## What it does
    Finds models for microcontrollers whose inputs and outputs all begin with the same
    dimension above 1, where convolutions and pools on the way take that dimension for the
    batch. With dense layers alone it might be time as well: medium confidence then. Says
    what a batch of 1 would need.

    ## Why it matters on a device
    Every activation in RAM and every multiply-accumulate is there once for each sample of
    the batch. A device classifies what its sensor has just measured; the other samples of
    the batch are filled with something and thrown away.

    ## Repair
    Fix the batch to 1 when converting: `Input(shape, batch_size=1)`, or a concrete function
    with an input of batch 1. The weights stay as they are.
    """

    meta = Metadata("TFL703", "batch-above-one", Severity.WARNING, fix=FixSafety.RECONVERT)
    examples = (
        Bad("Eight images at once", lambda: _network(8), says="8 samples"),
        Bad("Four rows of features", lambda: _dense(4), says="4 samples"),
        Good("One image", lambda: _network(1)),
        Good("Thirty frames that are one sample", _frames),
        Good("A server", lambda: _network(8), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu:
            return
        entries = {0, *(s.subgraph_index for s in context.model.signature_defs)}
        for graph in context.graphs:
            found = batch(graph) if graph.index in entries else None
            if found is None:
                continue
            n, work = found.size, sum(map(macs, graph.nodes))
            first = graph.inputs[0]
            integers = any(value.type is TensorType.INT8 for value in graph.values)
            computes = "computes" if found.is_sure else "seems to compute"
            yield self.finding(
                f"the model {computes} {n:,} samples at once ({_shape(first)}): {work:,} MACs, and "
                f"{size_text(found.bytes)} of RAM for {printable(found.peak.name, 40)} "
                f"#{found.peak.index} alone",
                value=first,
                confidence=None if found.is_sure else Confidence.MEDIUM,
                help=f"convert with a batch of 1: an inference then takes {work // n:,} MACs, and "
                f"that operator {size_text(found.bytes // n)}",
                fix=AGAIN_TO_INTEGERS if integers else AGAIN,
            )


def batch(graph: Graph) -> Batch | None:
    """The batch of a graph, if it is above 1, and no operator treats it as anything else."""
    ends = [value.shape for value in (*graph.inputs, *graph.outputs)]
    size = ends[0][0] if graph.inputs and graph.outputs and ends[0] else 0
    if size < 2 or any(shape[:1] != (size,) for shape in ends):
        return None
    sure, likely, peak, most = False, False, None, -1
    constants: set[int] = set()
    for node in graph.nodes:
        if node.name.endswith(_NOT_A_BATCH) or node.name in _CONTROL_FLOW:
            return None
        held = 0
        values = [v for v in node.inputs if v is not None and v.data is None]
        values = [v for v in values if v.index not in constants]
        if not values:
            # Weights that are dequantised, for one.
            constants.update([value.index for value in node.outputs])
            continue
        for value in (*values, *node.outputs):
            if not value.shape or value.shape[0] < 1 or value.shape[0] % size:
                return None
            held += value.bytes
        computes = values[0].shape[0] == size
        sure = sure or (computes and node.name in _BATCHED)
        likely = likely or (
            computes and node.name == "FULLY_CONNECTED" and len(values[0].shape) == 2
        )
        if held > most:
            peak, most = node, held
    if peak is None or not (sure or likely):
        return None
    return Batch(size, sure, peak, most)


def _shape(value: Value) -> str:
    sizes = ", ".join(map(str, value.shape[:8]))
    return f"input `{printable(value.name, 40)}` is ({sizes})"
