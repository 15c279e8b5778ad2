"""What a model holds: weights, tensors, operators, and how its numbers are stored."""

from __future__ import annotations

from tflint.lint.context import LintedModel
from tflint.model import cost
from tflint.model.graph import Graph, Node
from tflint.model.schema import TensorType
from tflint.report.bench_result import OperatorRow, TensorRow, WeightsUse


def weights_of(context: LintedModel) -> WeightsUse:
    """The constants of all subgraphs."""
    return WeightsUse(context.weights.count, context.weights.bytes)


def tensors_of(context: LintedModel) -> tuple[TensorRow, ...]:
    """The tensors that operators, inputs and outputs of any subgraph use, in the file's order."""
    return tuple(row for graph in context.graphs for row in _tensors(graph))


def operators_of(context: LintedModel) -> tuple[OperatorRow, ...]:
    """The operators of all subgraphs, not timed."""
    return tuple(_operator(node) for node in context.nodes)


def quantization_of(context: LintedModel) -> str:
    """How numbers are stored: one of `QUANTIZATIONS`."""
    activations = {v.tensor.type for g in context.graphs for v in g.values if not v.is_constant}
    constants = {v.tensor.type for g in context.graphs for v in g.values if v.is_constant}
    if TensorType.FLOAT32 not in activations:
        return "int16x8" if TensorType.INT16 in activations else "int8"
    if TensorType.FLOAT16 in constants:
        return "float16"
    if TensorType.INT8 in constants:
        return "dynamic"
    return "float32"


def _tensors(graph: Graph) -> list[TensorRow]:
    used = {value.index for node in graph.nodes for value in (*node.inputs, *node.outputs) if value}
    inputs = {value.index for value in graph.inputs}
    outputs = {value.index for value in graph.outputs}
    return [
        TensorRow(
            subgraph=graph.index,
            index=value.index,
            name=value.tensor.name or "",
            shape=tuple(value.shape),
            dtype=value.tensor.type.name.lower(),
            bytes=value.bytes,
            kind="constant" if value.is_constant else "activation",
            is_input=graph.index == 0 and value.index in inputs,
            is_output=graph.index == 0 and value.index in outputs,
            is_variable=value.tensor.is_variable,
        )
        for value in graph.values
        if value.index in used | inputs | outputs
    ]


def _operator(node: Node) -> OperatorRow:
    inputs = [value for value in node.inputs if value is not None]
    return OperatorRow(
        subgraph=node.subgraph,
        index=node.index,
        name=node.name,
        us_avg=None,
        macs=cost.macs(node),
        weight_bytes=sum(value.bytes for value in inputs if value.is_constant),
        input_bytes=sum(value.bytes for value in inputs if not value.is_constant),
        output_bytes=sum(value.bytes for value in node.outputs),
        output=" x ".join(map(str, node.outputs[0].shape)) if node.outputs else "",
    )
