"""TFL107."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.float_regions import (
    CONVERSIONS,
    FLOAT32,
    Region,
    float_regions,
    is_quantised,
)
from tflint.analysis.integer_grids import Grid
from tflint.analysis.integer_interface import IntegerInterface, integer_interface
from tflint.analysis.unsigned_activations import joins
from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.keras.facts import Conversion
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph, Node, Value
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import counted, printable, size_text
from tflint.rule import SOURCES, Bad, Good, Kind, Metadata, ModelContext, Rule, SourceContext
from tflint_rules.freed_code import freed_code
from tflint_rules.layout.converter_edges import Edges, edges
from tflint_rules.layout.converter_examples import CALIBRATED, INT8_EDGES, QUANTISED, conversion
from tflint_rules.layout.converter_settings import Conversions, Judgement
from tflint_rules.layout.quantization_mode import MODE_SETTINGS, has_dataset
from tflint_rules.wording import operators

INT8, UINT8 = TensorType.INT8, TensorType.UINT8
_BODIES = (INT8, TensorType.INT16)
_EDGES = {FLOAT32: "float32", UINT8: "uint8"}
_UINT8_EDGES = ("inference_input_type = tf.uint8", "inference_output_type = tf.uint8")
# Inputs and outputs that one message names.
_SHOWN = 3


def _dense(edge: TensorType) -> Model:
    """An int8 dense layer with inputs and outputs of another type."""
    model = ModelBuilder()
    x = model.input((1, 256), edge, per_tensor(0.05, 128) if edge is UINT8 else None)
    if edge is not INT8:
        quantised = model.tensor((1, 256), INT8)
        model.operator("QUANTIZE", [x], [quantised])
        x = quantised
    y = model.fully_connected(x, units=8)
    if edge is not INT8:
        out = model.tensor((1, 8), edge, per_tensor(0.05, 128) if edge is UINT8 else None)
        model.operator("DEQUANTIZE" if edge is FLOAT32 else "QUANTIZE", [y], [out])
        y = out
    model.output(y)
    return model.build()


def _float_tail() -> Model:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 256), INT8), units=8)
    wide = model.tensor((1, 8))
    model.operator("DEQUANTIZE", [y], [wide])
    model.output(model.softmax(wide))
    return model.build()


def _float_dense() -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 256)), units=8))
    return model.build()


class FloatIo(Rule):
    """An int8 model takes or gives float32 or uint8: it converts at its edges.

    ## What it does
    Finds the inputs that QUANTIZE turns into int8 or int16 before anything else, or that are only
    moved before it does, and the outputs that DEQUANTIZE or QUANTIZE makes of such integers, or
    float operators of what DEQUANTIZE gives them at the end, and adds up the buffers that they
    take. In a source: looks at each `.convert()`
    with `Optimize.DEFAULT` and a representative data set, whose `inference_input_type` and
    `inference_output_type` are float32, which is the default, or uint8.

    ## Why it matters on a device
    A float32 input takes four times the RAM of the int8 one that stands beside it, and the
    conversions add operators and kernel code. Sensors give integers: most devices turn them
    into floats only for the model to turn them back.

    ## Repair
    Convert with `inference_input_type = inference_output_type = tf.int8`, and apply the
    input's scale and zero point where the device makes its features. `tflint fix --unsafe` does
    it to the model, and says what scale and zero point its inputs and outputs have then.
    """

    meta = Metadata(
        "TFL107",
        "float-io",
        Severity.WARNING,
        fix=FixSafety.UNSAFE,
        applies_to=SOURCES | {Kind.TFLITE},
    )
    examples = (
        Bad("float32 at both ends", lambda: _dense(FLOAT32), says="1.0 KiB"),
        Bad("uint8 at both ends", lambda: _dense(UINT8), says="uint8"),
        Bad("A float softmax at the end", _float_tail, says="SOFTMAX #2"),
        Good("int8 at both ends", lambda: _dense(INT8)),
        Good("A float model", _float_dense),
        Good("Not on a microcontroller", lambda: _dense(FLOAT32), target="litert"),
        Bad(
            "A source that leaves the types as they are",
            lambda: conversion(QUANTISED, CALIBRATED),
            says="12.0 KiB",
        ),
        Bad(
            "A source that asks for uint8",
            lambda: conversion(QUANTISED, CALIBRATED, *_UINT8_EDGES),
            says="QUANTIZE at the input and QUANTIZE at the output",
        ),
        Good(
            "A source that asks for int8",
            lambda: conversion(QUANTISED, CALIBRATED, *INT8_EDGES),
        ),
        Good("A source that makes no integer model", lambda: conversion(QUANTISED)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu or not context.graphs:
            return
        graph = context.graphs[0]
        if not any(is_quantised(node) for node in graph.nodes):
            return
        found = integer_interface(graph, context.runtime, Dataflow(graph), context.constants)
        edges = {edge.value: edge for edge in _edges(graph, found)}
        if not edges:
            return
        repaired = found.changed
        body = _body(repaired, edges)
        conversions = list(dict.fromkeys(n for edge in edges.values() for n in edge.conversions))
        buffers = {value for edge in edges.values() for value in edge.buffers}
        taken = sum(value.bytes for value in buffers)
        yield self.finding(
            f"{_list(list(edges.values()))}, where the model computes in {body}: "
            f"{_conversions(conversions)}, and {size_text(taken)} of buffers that {body} would "
            "not need",
            node=conversions[0],
            value=next(iter(edges)),
            help=f"convert with inference_input_type and inference_output_type tf.{body}: saves "
            f"{counted(len(conversions), 'operator')}, up to "
            f"{size_text(taken)} of RAM{_code(context, conversions)}",
            fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe") if repaired else None,
        )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu:
            return
        conversions = Conversions(context)
        for one in conversions:
            found = conversions.judge(one, MODE_SETTINGS, lambda way: edges(way) is not None)
            kept = None if found is None else edges(found.way)
            if found is not None and kept is not None:
                yield self._of_source(one, found, kept)

    def _of_source(self, conversion: Conversion, found: Judgement, kept: Edges) -> Finding:
        sides = " and ".join(f"the {side} is {type}" for side, type in kept.types.items())
        operators = " and ".join(f"{kept.operators(side)} at the {side}" for side in kept.types)
        taken = kept.bytes(conversion)
        size = "" if taken is None else f", and {size_text(taken)} of buffers"
        written = (found.way.assignment(name) for name in kept.settings)
        certain = found.is_certain and has_dataset(found.way) is not None
        return self.finding(
            f"{sides}, where the model computes in {kept.body}: {operators}{size} that "
            f"{kept.body} would not need",
            location=next((place for place in written if place is not None), conversion.location),
            confidence=None if certain else Confidence.MEDIUM,
            help=f"`{' = '.join(f'converter.{name}' for name in kept.settings)} = "
            f"tf.{kept.body}`, and apply the input's scale and zero point on the device",
            fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
        )


@dataclass(frozen=True, slots=True)
class _Edge:
    """An input or output that is converted, by which operators, and buffers that int8 spares.

    `tail` are the float operators between the conversion and an output.
    """

    value: Value
    conversions: tuple[Node, ...]
    buffers: tuple[Value, ...]
    tail: tuple[Node, ...] = ()


def _body(repaired: dict[Value, Grid], edges: dict[Value, _Edge]) -> str:
    """The type that the model computes in, behind its conversions."""
    types = [grid.type for grid in repaired.values()]
    for edge in edges.values():
        for node in edge.conversions:
            types += [v.type for v in (*node.inputs, *node.outputs) if v is not None]
    return next((t for t in types if t in _BODIES), INT8).name.lower()


def _edges(graph: Graph, found: IntegerInterface) -> Iterator[_Edge]:
    """Inputs before outputs, each in the order of the model's interface."""
    edges = {edge.value: edge for edge in (*_inputs(graph), *_outputs(graph))}
    edges.update((edge.value, edge) for edge in _in_regions(found))
    for value in dict.fromkeys((*graph.inputs, *graph.outputs)):
        if value in edges:
            yield edges[value]


def _in_regions(found: IntegerInterface) -> Iterator[_Edge]:
    """The inputs and outputs of float regions that the repair makes integers of."""
    for lowered in found.regions:
        region = lowered.region
        for value in region.values:
            if value not in lowered.interface:
                continue
            readers = [] if value.producer is not None else value.consumers
            if value.is_input and all(_goes_to_integers(node) for node in readers):
                yield _Edge(value, tuple(readers), (value,))
            elif value.producer is not None and value.producer.name in CONVERSIONS:
                yield _Edge(value, (value.producer,), (value,))
            else:
                around = region.exits if value.is_input else region.entries or region.exits
                yield _Edge(value, tuple(around), tuple(region.values), tuple(region.nodes))

    for component in found.moved:
        joined = tuple(node for node in component.conversions if joins(node))
        buffers = tuple(v for n in joined for v in (*n.inputs, *n.outputs) if v is not None)
        saved = tuple(value for value in buffers if value.type is UINT8)
        for value in component.values:
            if value.is_input or value.is_output:
                yield _Edge(value, joined, saved, tuple(component.nodes))


def _inputs(graph: Graph) -> Iterator[_Edge]:
    for value in dict.fromkeys(graph.inputs):
        converted = value.type in _EDGES and not value.is_constant and value.consumers
        if converted and all(_goes_to_integers(node) for node in value.consumers):
            yield _Edge(value, tuple(value.consumers), (value,))


def _outputs(graph: Graph) -> Iterator[_Edge]:
    ends = [v for v in dict.fromkeys(graph.outputs) if v.type in _EDGES and not v.is_input]
    if not ends:
        return
    regions: dict[Value, Region] = {}
    for region in float_regions(graph):
        regions.update(dict.fromkeys(region.values, region))
    for value in ends:
        producer, found = value.producer, regions.get(value)
        source = None if producer is None else producer.input(0)
        if producer is None or source is None:
            continue
        if producer.name in CONVERSIONS and source.type in _BODIES and not source.is_constant:
            yield _Edge(value, (producer,), (value,))
        elif found is not None and _is_tail(found):
            yield _Edge(value, tuple(found.entries), tuple(found.values), tuple(found.nodes))


def _is_tail(region: Region) -> bool:
    """Whether all that a region gets comes from int8, and nothing goes back to it."""
    return bool(region.entries) and not region.exits and not any(v.is_input for v in region.values)


def _goes_to_integers(node: Node) -> bool:
    return node.name == "QUANTIZE" and bool(node.outputs) and node.outputs[0].type in _BODIES


def _list(edges: list[_Edge]) -> str:
    parts = []
    for edge in edges[:_SHOWN]:
        side = "input" if edge.value.is_input else "output"
        verb = "read" if edge.value.is_input else "made"
        type = _EDGES[edge.value.type]
        kind = "float" if type == "float32" else type
        tail = f" ({verb} in {kind} by {operators(edge.tail, 3)})" if edge.tail else ""
        parts.append(f"{side} `{printable(edge.value.name, 60)}` is {type}{tail}")
    more = f" and {len(edges) - _SHOWN:,} more" if len(edges) > _SHOWN else ""
    return ", ".join(parts) + more


def _conversions(conversions: list[Node]) -> str:
    kinds = dict.fromkeys(node.name for node in conversions)
    counts = {kind: sum(node.name == kind for node in conversions) for kind in kinds}
    return " and ".join(f"{count} {kind}" for kind, count in counts.items())


def _code(context: ModelContext, conversions: list[Node]) -> str:
    code = freed_code(context.nodes, conversions, context.runtime.name)
    return f" and about {size_text(code)} of kernel code" if code else ""
