"""A float region that becomes integers: which of its operators, and which values on which grids."""

from __future__ import annotations

from dataclasses import dataclass, field

from tflint.analysis.float_regions import Region
from tflint.analysis.integer_grids import Grid, grid_of
from tflint.analysis.integer_layers import LAYERS
from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType


@dataclass(slots=True)
class Lowering:
    """The part of a float region that becomes integers of one type.

    `nodes` are its operators, in order. `grids` are those of the values that are integers then,
    `operands` those that operators demand of an input where it is not the value's own (of
    constants always), by operator and position. `floats` are the values that are needed in float
    after all. `reshapes` are operators that the runtime only has as RESHAPE. `interface` are the
    inputs and outputs of the subgraph that become integers themselves.
    """

    region: Region
    type: TensorType
    nodes: list[Node] = field(default_factory=list)
    grids: dict[Value, Grid] = field(default_factory=dict)
    operands: dict[tuple[Node, int], Grid] = field(default_factory=dict)
    floats: set[Value] = field(default_factory=set)
    reshapes: set[Node] = field(default_factory=set)
    interface: frozenset[Value] = frozenset()

    @property
    def layers(self) -> set[Node]:
        """Those of the operators that have weights."""
        return {node for node in self.nodes if node.name in LAYERS}

    def source(self, value: Value) -> Grid | None:
        """The grid of the integers that DEQUANTIZE makes a value from; None where it does not."""
        producer = value.producer
        if producer is None or producer.name != "DEQUANTIZE":
            return None
        source = producer.inputs[0]
        return None if source is None else grid_of(source)

    def carrier(self, value: Value) -> Node | None:
        """The QUANTIZE at the end whose output is where the value's integers are made.

        An output of the subgraph keeps its name and its place so.
        """
        grid, source = self.grids[value], self.source(value)
        if source == grid or value in self.interface:
            return None
        ends = (n for n in value.consumers if n.name == "QUANTIZE" and n.outputs[0].is_output)
        return next((node for node in ends if _gives(node, grid)), None)

    def merged(self, value: Value) -> list[Node]:
        """The QUANTIZE operators that give what the value's integers are already."""
        grid = self.grids[value]
        carrier = self.carrier(value)
        return [
            node
            for node in dict.fromkeys(value.consumers)
            if node is carrier
            or (node.name == "QUANTIZE" and _gives(node, grid) and not node.outputs[0].is_output)
        ]

    @property
    def is_whole(self) -> bool:
        """Whether no operator computes in float any more."""
        return len(self.nodes) == len(self.region.nodes)


def _gives(exit: Node, grid: Grid) -> bool:
    own = grid_of(exit.outputs[0])
    return own == grid
