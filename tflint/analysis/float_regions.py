"""The float parts of quantised graphs: what computes in float between DEQUANTIZE and QUANTIZE."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tflint.analysis.operand_types import node_signature
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import TensorType
from tflint.target.runtime import Runtime, Verdict

FLOAT32 = TensorType.FLOAT32
INTEGERS = frozenset((TensorType.INT8, TensorType.INT16, TensorType.UINT8))
CONVERSIONS = frozenset(("QUANTIZE", "DEQUANTIZE"))


@dataclass(slots=True)
class Region:
    """Float operators that hang together, and the conversions around them.

    `entries` are the DEQUANTIZE operators that feed it, `exits` the QUANTIZE operators that
    it feeds. A region without `nodes` is a DEQUANTIZE that a QUANTIZE follows.
    """

    nodes: list[Node] = field(default_factory=list)
    entries: list[Node] = field(default_factory=list)
    exits: list[Node] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Bytes of its float tensors in memory, those of the conversions included."""
        return sum(value.bytes for value in self.values)

    @property
    def elements(self) -> int:
        """Elements of its float tensors."""
        return sum(value.elements for value in self.values)


def float_regions(graph: Graph) -> list[Region]:
    """The float regions of a graph, in the order of their first tensors.

    Takes time in proportion to the graph: every float activation is visited once, with the
    operators that touch it.
    """
    regions: list[Region] = []
    seen_values: set[Value] = set()
    seen_nodes: set[Node] = set()
    for start in graph.values:
        if start in seen_values or not _is_float_activation(start):
            continue
        region = Region()
        regions.append(region)
        seen_values.add(start)
        pending = [start]
        while pending:
            value = pending.pop()
            region.values.append(value)
            for node in _touching(value):
                if node in seen_nodes:
                    continue
                seen_nodes.add(node)
                if node.name == "DEQUANTIZE":
                    region.entries.append(node)
                elif node.name == "QUANTIZE":
                    region.exits.append(node)
                else:
                    region.nodes.append(node)
                for other in (*node.inputs, *node.outputs):
                    if (
                        other is not None
                        and other not in seen_values
                        and _is_float_activation(other)
                    ):
                        seen_values.add(other)
                        pending.append(other)
        region.nodes.sort(key=lambda node: node.index)
    return regions


def _touching(value: Value) -> Iterable[Node]:
    if value.producer is not None:
        yield value.producer
    yield from value.consumers


def _is_float_activation(value: Value) -> bool:
    """Whether a tensor holds floats at run time that are not weights expanded from a constant."""
    if value.type is not FLOAT32 or value.is_constant:
        return False
    producer = value.producer
    if producer is not None and producer.name == "DEQUANTIZE":
        source = producer.input(0)
        return source is not None and not source.is_constant and source.type in INTEGERS
    return True


def is_quantised(node: Node) -> bool:
    """Whether an operator computes on quantised activations."""
    return node.name not in CONVERSIONS and any(
        value is not None
        and not value.is_constant
        and value.type in INTEGERS
        and value.quantization is not None
        for value in (*node.inputs[:3], *node.outputs[:1])
    )


def int8_verdict(runtime: Runtime, node: Node) -> Verdict:
    """Whether the runtime would take this float operator in int8, a bias in int32."""
    kernel = runtime.kernel(node.name)
    if kernel is None:
        return Verdict.REFUSED
    signature = node_signature(kernel, node)
    plain = signature.replace("FLOAT32", "INT8")
    inputs, _, outputs = plain.partition("->")
    first, comma, last = inputs.rpartition(",")
    biased = f"{first}{comma}INT32->{outputs}" if last == "INT8" and comma else plain
    verdicts = (kernel.verdict(plain), kernel.verdict(biased))
    if Verdict.ACCEPTED in verdicts:
        return Verdict.ACCEPTED
    return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.REFUSED
