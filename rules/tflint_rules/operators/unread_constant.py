"""TFL212."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.schema import SparsityParameters
from tflint.model.tables import Buffer, Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule


def _dense(*, external: bool = False, sparse: bool = False) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 16)), units=4))
    weights = model.operators[0].inputs[1]
    tensor = model.tensors[weights]
    if external:
        data = model.buffers[tensor.buffer].data
        model.buffers[tensor.buffer] = Buffer(data, offset=2, size=len(data or b""))
    if sparse:
        model.tensors[weights] = dataclasses.replace(tensor, sparsity=SparsityParameters())
    return model.build()


class UnreadConstant(Rule):
    """Constants are stored in a way that the runtime does not read.

    ## What it does
    Finds constants whose data lie behind the flatbuffer (models over 2 GB, and converters
    told to) and constants stored as sparse tensors, where the runtime was seen to ignore it.

    ## Why it matters on a device
    TFLM looks for data in the flatbuffer only and takes all of them for dense. It says
    nothing and runs: with zeros in place of the weights, or with the compressed values read
    as if they were the first rows.

    ## Repair
    Convert again without external buffers, and without sparse storage: on a microcontroller
    that saves nothing.
    """

    meta = Metadata("TFL212", "unread-constant", Severity.ERROR)
    examples = (
        Bad("Weights behind the flatbuffer", lambda: _dense(external=True), says="zeros"),
        Bad("Sparse weights", lambda: _dense(sparse=True), says="dense"),
        Good("LiteRT reads them", lambda: _dense(external=True), target="litert"),
        Good("Weights in the flatbuffer", _dense),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime

        def _runs(node: Node) -> bool:
            return runtime.kernel(node.name) is not None

        for graph in context.graphs:
            for value in graph.values:
                if not value.is_constant:
                    continue
                buffer = context.model.buffers[value.tensor.buffer]
                if buffer.is_external and runtime.ignores_external_data:
                    problem = "lie behind the flatbuffer; {} reads zeros instead"
                elif value.tensor.sparsity is not None and runtime.ignores_sparsity:
                    # What only operators without a kernel read is TFL203's.
                    if value.consumers and not any(map(_runs, value.consumers)):
                        continue
                    problem = "are stored sparse; {} reads them as if they were dense"
                else:
                    continue
                yield self.finding(
                    f"the {size_text(value.bytes)} of `{printable(value.name)}` "
                    + problem.format(runtime.title),
                    node=value.consumers[0] if value.consumers else None,
                    value=value,
                    help="convert again with the data dense and in the flatbuffer",
                )
