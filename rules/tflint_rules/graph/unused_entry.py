"""TFL607."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.file_bytes import (
    buffer_bytes,
    metadata_bytes,
    operator_code_bytes,
    tensor_bytes,
)
from tflint.analysis.unused_entries import dead_operators, unused_entries
from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.graph import Graph, Value
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operators


def _network(
    *, tensor: bool = False, code: bool = False, dead: bool = False, metadata: bool = False
) -> Model:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 1))
    y = model.conv_2d(x, 2, 3)
    if tensor:
        model.constant((16,))
    if dead:
        model.softmax(model.conv_2d(x, 4, 3))
    if metadata:
        model.metadata("min_runtime_version", b"1.5.0")
    model.output(y)
    built = model.build()
    if code:
        codes = built.operator_codes
        spare = dataclasses.replace(codes[0], deprecated_builtin_code=4, builtin_code=4)
        built = dataclasses.replace(built, operator_codes=(*codes, spare))
    return built


class UnusedEntry(Rule):
    """Entries of the file that nothing refers to, and operators whose results no one reads.

    ## What it does
    Counts tensors that no operator, input or output uses, buffers that no tensor in use and
    no metadata refers to, operator codes without an operator, and metadata without data.
    Buffer 0 is empty by convention and does not count. Operators that lead to no output of
    the model are a warning of their own, with what they cost.

    ## Why it matters on a device
    The file lies in flash as it is, and each tensor takes 12 bytes of TFLM's arena,
    used or not. An operator code that no operator needs still makes tools that pick kernels
    by this table link one more. An operator that no one reads is run all the same.

    ## Repair
    Rewrite the file without them. Outputs stay bit for bit the same.
    """

    meta = Metadata("TFL607", "unused-entry", Severity.INFO, fix=FixSafety.SAFE)
    examples = (
        Bad("A constant that no one reads", lambda: _network(tensor=True), says="1 buffer"),
        Bad("An operator code to spare", lambda: _network(code=True), says="1 operator code"),
        Bad(
            "Operators that lead nowhere",
            lambda: _network(dead=True),
            says="CONV_2D #1, SOFTMAX #2",
            severity=Severity.WARNING,
        ),
        Good("Everything is used", lambda: _network(metadata=True)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        model, graphs = context.model, context.graphs
        for graph in graphs:
            yield from self._dead_operators(graph, model)
        unused = unused_entries(model)
        if not unused:
            return
        tensors = unused.tensors
        size = (
            sum(tensor_bytes(model.subgraphs[g].tensors[t]) for g, t in tensors)
            + sum(buffer_bytes(model.buffers[b]) for b in unused.buffers)
            + sum(operator_code_bytes(model.operator_codes[c]) for c in unused.operator_codes)
            + sum(metadata_bytes(model.metadata[m]) for m in unused.metadata)
        )
        parts = [
            counted(len(found), noun)
            for found, noun in (
                (tensors, "tensor"),
                (unused.buffers, "buffer"),
                (unused.operator_codes, "operator code"),
                (unused.metadata, "metadata entry"),
            )
            if found
        ]
        listed = " and ".join((", ".join(parts[:-1]), parts[-1]) if parts[1:] else parts)
        where = Location(anchor="tables")
        if tensors:
            g, t = tensors[0]
            where = Location(subgraph=g, tensor=t, anchor=model.subgraphs[g].tensors[t].name)
        ram = f" and {size_text(12 * len(tensors))} of RAM" if tensors else ""
        yield self.finding(
            f"{listed} that nothing uses: {size_text(size)} of the file",
            location=where,
            help=f"rewrite the file without: saves {size_text(size)} of flash"
            f"{ram if context.runtime.is_mcu else ''}",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )

    def _dead_operators(self, graph: Graph, model: Model) -> Iterator[Finding]:
        dead = dead_operators(graph, model)
        if not dead:
            return
        dataflow = Dataflow(graph)
        written = sum(value.bytes for node in dead for value in node.outputs)
        work = sum(macs(node) for node in dead)
        reads: dict[int, int] = {}
        weights: dict[int, Value] = {}
        for node in dead:
            for read in node.inputs:
                if read is not None and read.data is not None:
                    reads[read.index] = reads.get(read.index, 0) + 1
                    weights[read.index] = read
        freed = sum(v.bytes for i, v in weights.items() if reads[i] == dataflow.reads(v))
        them, gone = ("it" if len(dead) == 1 else "them"), counted(len(dead), "operator")
        cost = f"{work:,} MACs and {size_text(written)} written" if work else size_text(written)
        yield self.finding(
            f"{operators(dead)}: no output of the model depends on {them}; {cost} at each "
            f"inference",
            node=dead[0],
            severity=Severity.WARNING,
            help=f"remove {them}: saves {gone}, {size_text(written)} of RAM and "
            f"{size_text(freed)} of constants",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )
