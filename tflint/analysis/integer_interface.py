"""Inputs and outputs that an integer graph takes or gives in another type than it computes in."""

from __future__ import annotations

from dataclasses import dataclass, field

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.float_regions import FLOAT32, float_regions, is_quantised
from tflint.analysis.integer_grids import INT8, INT16, UINT8, Grid, grid_of
from tflint.analysis.integer_regions import can_requantise, lowering
from tflint.analysis.lowering import Lowering
from tflint.analysis.unsigned_activations import Component, moved_components
from tflint.model.constants import Constants
from tflint.model.graph import Graph, Node, Value
from tflint.target.runtime import Runtime


@dataclass(slots=True)
class IntegerInterface:
    """What of a graph's interface becomes integers of the type that its body computes in.

    `regions` are the float regions at the ends. `inputs` are uint8 inputs, with the grid that
    they take; `outputs` are uint8 outputs, with the integers that take their place. `moved` are
    uint8 activations at the ends that operators only move.
    """

    regions: list[Lowering] = field(default_factory=list)
    inputs: dict[Value, Grid] = field(default_factory=dict)
    outputs: dict[Value, Value] = field(default_factory=dict)
    moved: list[Component] = field(default_factory=list)

    @property
    def changed(self) -> dict[Value, Grid]:
        """The inputs and outputs that change, with the grids that they are on then."""
        found = {v: r.grids[v] for r in self.regions for v in r.region.values if v in r.interface}
        found.update(self.inputs)
        for value, source in self.outputs.items():
            grid = grid_of(source)
            if grid is not None:
                found[value] = grid
        for component in self.moved:
            for value in component.values:
                grid = grid_of(value)
                if grid is not None and (value.is_input or value.is_output):
                    found[value] = grid.as_type(INT8)
        return found


def integer_interface(
    graph: Graph, runtime: Runtime, dataflow: Dataflow, constants: Constants
) -> IntegerInterface:
    """What of the graph's inputs and outputs can be integers as the body is."""
    found = IntegerInterface()
    ends = {v for v in (*graph.inputs, *graph.outputs) if v.type in (FLOAT32, UINT8)}
    if not ends or not any(is_quantised(node) for node in graph.nodes):
        return found
    claimed: set[Value] = set()
    if any(value.type is FLOAT32 for value in ends):
        for region in float_regions(graph):
            interface = frozenset(v for v in region.values if _may_change(v, claimed))
            if interface:
                lowered = lowering(region, runtime, dataflow, constants, interface=interface)
                if lowered is not None and lowered.interface:
                    found.regions.append(lowered)
    if any(value.type is UINT8 for value in ends):
        found.moved = moved_components(graph, runtime, dataflow)
    moved = {value for component in found.moved for value in component.values}
    for value in dict.fromkeys((*graph.inputs, *graph.outputs)):
        if (
            value.type is not UINT8
            or value in moved
            or value.is_constant
            or (value.is_input and value.is_output)
        ):
            continue
        if value.is_input:
            grid = _input_grid(value, runtime, dataflow)
            if grid is not None:
                found.inputs[value] = grid
        else:
            source = _output_source(value, dataflow, claimed)
            if source is not None:
                found.outputs[value] = source
    return found


def _may_change(value: Value, claimed: set[Value]) -> bool:
    """Whether a float value is an input or output whose type no one else has a say in."""
    if value.is_input == value.is_output:
        return False
    source = _dequantised(value)
    return value.is_input or source is None or _claim(source, claimed)


def _dequantised(value: Value) -> Value | None:
    producer = value.producer
    return None if producer is None or producer.name != "DEQUANTIZE" else producer.input(0)


def _claim(source: Value, claimed: set[Value]) -> bool:
    """Whether integers may take an output's place: they are no input or output, and once only."""
    if source.is_input or source.is_output or source.is_constant or source in claimed:
        return False
    made = None if source.producer is None else source.producer.input(0)
    if source.producer is not None and source.producer.name == "QUANTIZE":
        # What is quantised of floats may turn out to be integers before that.
        if made is None or made.type is FLOAT32:
            return False
    claimed.add(source)
    return True


def _input_grid(value: Value, runtime: Runtime, dataflow: Dataflow) -> Grid | None:
    """The grid of a uint8 input that is only converted; that of its one reader, or its own."""
    grids: set[Grid] = set()
    for node in value.consumers:
        made = grid_of(node.outputs[0]) if _is_conversion(node) else None
        if made is None or made.type is UINT8 or not dataflow.is_stable(node.outputs[0]):
            return None
        grids.add(made)
    if not grids or not dataflow.is_stable(value):
        return None
    if len(grids) == 1:
        return grids.pop()
    own = grid_of(value)
    if own is None or not all(can_requantise(runtime, INT8, grid.type) for grid in grids):
        return None
    return own.as_type(INT8)


def _output_source(value: Value, dataflow: Dataflow, claimed: set[Value]) -> Value | None:
    """The integers that a uint8 output, which nobody else reads, is made of."""
    producer = dataflow.maker(value)
    if producer is None or value.consumers or not _is_conversion(producer):
        return None
    source = producer.inputs[0]
    if source is None or source.type not in (INT8, INT16) or grid_of(source) is None:
        return None
    if not dataflow.is_stable(source) or not _claim(source, claimed):
        return None
    return source


def _is_conversion(node: Node) -> bool:
    return node.name == "QUANTIZE" and len(node.inputs) == 1 and len(node.outputs) == 1
