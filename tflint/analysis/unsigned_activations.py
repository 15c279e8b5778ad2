"""uint8 activations that can be int8: what hangs together of them, and which layers have weights.

A uint8 integer and the int8 integer 128 below it stand for the same real, so activations turn
exactly. Weights do not: int8 kernels want their zero point at 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.integer_grids import INT8, UINT8, grid_of
from tflint.analysis.integer_kernels import Scales, integer_kernel
from tflint.analysis.integer_layers import LAYERS
from tflint.analysis.operand_types import node_signature
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import FullyConnectedOptions, TensorType
from tflint.model.types import elements
from tflint.target.runtime import Runtime, Verdict

# Operators that compute; copies of bytes are the same for any type.
_ARITHMETIC = frozenset(
    (
        "ADD",
        "AVERAGE_POOL_2D",
        "BATCH_MATMUL",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "L2_NORMALIZATION",
        "LOGISTIC",
        "LSTM",
        "MAX_POOL_2D",
        "MEAN",
        "MUL",
        "RELU",
        "RELU6",
        "SOFTMAX",
        "SUB",
        "SVDF",
        "TANH",
        "TRANSPOSE_CONV",
    )
)
_CONVERSIONS = frozenset(("QUANTIZE", "DEQUANTIZE"))
# What converts between types takes any of them on either side.
_INT8_VERSIONS = {"QUANTIZE": 2, "DEQUANTIZE": 2}


def computes_in_uint8(node: Node) -> bool:
    """Whether an operator computes on quantised uint8 activations."""
    if node.name not in _ARITHMETIC or not node.outputs:
        return False
    output = node.outputs[0]
    return (
        output.type is UINT8
        and output.quantization is not None
        and any(value is not None and value.type is UINT8 for value in node.inputs[:3])
    )


@dataclass(slots=True)
class Component:
    """uint8 activations that operators tie together, and those operators.

    `conversions` are the QUANTIZE and DEQUANTIZE operators around it.
    """

    values: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    conversions: list[Node] = field(default_factory=list)


def signable_components(graph: Graph, runtime: Runtime, dataflow: Dataflow) -> list[Component]:
    """What of a graph computes in uint8 and can do so in int8.

    Takes time in proportion to the graph. The types of what a subgraph other than the first
    takes and gives are its callers' business.
    """
    return [
        component
        for component in _components(graph, runtime, dataflow)
        if any(computes_in_uint8(node) for node in component.nodes)
    ]


def moved_components(graph: Graph, runtime: Runtime, dataflow: Dataflow) -> list[Component]:
    """uint8 inputs and outputs that operators only move, on the scale of int8 beyond a QUANTIZE."""
    return [
        component
        for component in _components(graph, runtime, dataflow)
        if component.nodes
        and not any(computes_in_uint8(node) for node in component.nodes)
        and any(value.is_input or value.is_output for value in component.values)
        and any(joins(node) for node in component.conversions)
    ]


def joins(node: Node) -> bool:
    """Whether a QUANTIZE leads between uint8 and int8 integers for the same reals."""
    if node.name != "QUANTIZE" or len(node.inputs) != 1 or len(node.outputs) != 1:
        return False
    x, y = node.inputs[0], node.outputs[0]
    if x is None or {x.type, y.type} != {INT8, UINT8} or x.is_constant or y.is_output:
        return False
    before, after = grid_of(x), grid_of(y)
    return before is not None and after is not None and before.as_type(after.type) == after


def _components(graph: Graph, runtime: Runtime, dataflow: Dataflow) -> Iterator[Component]:
    """All that can be int8."""
    seen: set[Value] = set()
    nodes: set[Node] = set()
    for start in graph.values:
        if start in seen or not is_unsigned_activation(start):
            continue
        component = _component(start, seen, nodes)
        if all(_is_signable(v, dataflow) for v in component.values) and all(
            _takes_int8(node, runtime) for node in component.nodes
        ):
            component.nodes.sort(key=lambda node: node.index)
            yield component


def is_unsigned_activation(value: Value) -> bool:
    """Whether it holds quantised uint8 at run time."""
    return value.type is UINT8 and value.quantization is not None and not value.is_constant


def int8_version(node: Node) -> int:
    """The operator's version that takes int8."""
    kernel = integer_kernel(node)
    return _INT8_VERSIONS.get(node.name, 1) if kernel is None else kernel.version(INT8)


def _component(start: Value, seen: set[Value], nodes: set[Node]) -> Component:
    component = Component()
    pending = [start]
    seen.add(start)
    around: dict[Node, None] = {}
    while pending:
        value = pending.pop()
        component.values.append(value)
        touching = value.consumers if value.producer is None else [value.producer, *value.consumers]
        for node in touching:
            if node.name in _CONVERSIONS:
                around[node] = None
                continue
            if node in nodes:
                continue
            nodes.add(node)
            component.nodes.append(node)
            for other in (*node.inputs, *node.outputs):
                if other is not None and other not in seen and is_unsigned_activation(other):
                    seen.add(other)
                    pending.append(other)
    component.conversions = list(around)
    return component


def _is_signable(value: Value, dataflow: Dataflow) -> bool:
    if grid_of(value) is None or value.tensor.is_variable or not dataflow.is_stable(value):
        return False
    return value.subgraph == 0 or not (value.is_input or value.is_output)


def _takes_int8(node: Node, runtime: Runtime) -> bool:
    """Whether the runtime has the operator in int8, and what it does there is the same."""
    kernel = runtime.kernel(node.name)
    if kernel is None:
        return False
    signature = node_signature(kernel, node).replace("UINT8", "INT8")
    if kernel.verdict(signature) is not Verdict.ACCEPTED:
        return False
    if node.name in LAYERS:
        return _has_known_weights(node)
    known = integer_kernel(node)
    if known is None:
        return False
    for value in (*node.inputs, *node.outputs):
        # Bytes without a scale are no numbers that could be moved by 128.
        if value is not None and value.type is UINT8 and grid_of(value) is None:
            return False
    constants = (v for v in node.inputs if v is not None and v.type is UINT8 and v.is_constant)
    if not all(has_its_data(value) for value in constants):
        return False
    if known.scales is Scales.FIXED:
        own = grid_of(node.outputs[0])
        demanded = dict(known.fixed).get(INT8)
        return own is not None and demanded is not None and own.as_type(INT8) == demanded
    return True


def _has_known_weights(node: Node) -> bool:
    """Whether weights and bias are constants that can be quantised once more."""
    operands = LAYERS[node.name]
    axis = operands.axis
    x, w, b = (node.input(p) for p in (operands.data, operands.weights, operands.bias))
    if x is None or w is None or w.type is not UINT8 or grid_of(w) is None:
        return False
    if x.type is not UINT8 or node.outputs[0].type is not UINT8 or len(node.outputs) != 1:
        return False
    if not has_its_data(w) or axis >= len(w.shape) or w.tensor.sparsity is not None:
        return False
    options = node.options
    if isinstance(options, FullyConnectedOptions) and options.weights_format:
        return False
    if b is None:
        return True
    is_known = has_its_data(b) and b.type is TensorType.INT32
    return is_known and b.elements == w.shape[axis]


def has_its_data(value: Value) -> bool:
    """Whether a constant's data are as long as its shape says."""
    width = 4 if value.type is TensorType.INT32 else 1
    if value.data is None or min(value.shape, default=1) < 1 or value.tensor.sparsity is not None:
        return False
    return len(value.data) == width * elements(value.shape)
