"""What a model holds: weights, tensors, operators, and what of it has to be said beside them."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.bench.quantization import stored_weights
from tflint.lint.context import LintedModel
from tflint.model import cost
from tflint.model.graph import Graph, Node, Value
from tflint.model.tables import Model
from tflint.model.types import packed_bytes, unpacked_bytes
from tflint.printable import counted
from tflint.report.bench_result import OperatorRow, TensorRow, WeightsUse


def weights_of(context: LintedModel) -> WeightsUse:
    """The constants of all subgraphs, as `check` counts them."""
    weights = context.weights
    return WeightsUse(weights.count, weights.bytes, weights.stored_bytes)


def tensors_of(context: LintedModel) -> tuple[TensorRow, ...]:
    """All constants, and the tensors that operators, inputs and outputs use, in file order.

    What nothing uses and has no data takes no memory anywhere, and is left out.
    """
    entries = _entries(context.model)
    return tuple(row for graph in context.graphs for row in _tensors(graph, graph.index in entries))


def operators_of(context: LintedModel) -> tuple[OperatorRow, ...]:
    """The operators of all subgraphs, not timed."""
    return tuple(_operator(node) for node in context.nodes)


def notes_of(context: LintedModel) -> tuple[str, ...]:
    """What the figures leave out, in the order in which they are shown."""
    return tuple(_notes(context))


def _entries(model: Model) -> frozenset[int]:
    """The subgraphs that callers run: the first, and those of signatures."""
    return frozenset((0, *(signature.subgraph_index for signature in model.signature_defs)))


def _tensors(graph: Graph, is_entry: bool) -> Iterator[TensorRow]:
    in_operators = {
        value.index for node in graph.nodes for value in (*node.inputs, *node.outputs) if value
    }
    for value in graph.values:
        is_used = value.index in in_operators or value.is_input or value.is_output
        is_constant = value.is_constant or _is_elsewhere(value)
        if not is_used and not is_constant:
            continue
        shape = _closed(value.shape)
        yield TensorRow(
            subgraph=graph.index,
            index=value.index,
            name=value.name,
            shape=shape,
            dtype=value.type.name.lower(),
            bytes=_bytes(value, shape),
            kind="constant" if is_constant else "activation",
            is_input=is_entry and value.is_input,
            is_output=is_entry and value.is_output,
            is_variable=value.tensor.is_variable,
            is_used=is_used,
        )


def _is_elsewhere(value: Value) -> bool:
    """Whether its data are in a file beside this one: nothing in the graph gives it any."""
    tensor = value.tensor
    is_given = value.is_input or value.producer is not None or tensor.is_variable
    return tensor.external_buffer != 0 and not is_given


def _bytes(value: Value, shape: tuple[int, ...]) -> int:
    if value.is_constant:
        return value.bytes
    count = packed_bytes if _is_elsewhere(value) else unpacked_bytes
    return count(shape, value.type) or 0


def _closed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with 1 for sizes left open."""
    return tuple(1 if size < 0 else size for size in shape)


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


def _notes(context: LintedModel) -> Iterator[str]:
    values = [value for graph in context.graphs for value in graph.values]
    # Without figures, which are beside them: reports of many models say them once.
    if any(_is_expanded(value) for value in values):
        yield "DEQUANTIZE expands its weights when it runs: `dynamic_bytes` has them as well"
    weights = context.weights
    if weights.stored_bytes < weights.bytes:
        yield "tensors share data, which `weights` counts for each: the file has it once"
    unused = [v for g in context.graphs for v in _unused_constants(g)]
    if unused:
        size = sum(value.bytes for value in unused)
        yield f"no operator uses {counted(len(unused), 'constant')} of {size:,} bytes"
    elsewhere = [value for value in values if _is_elsewhere(value)]
    if elsewhere:
        yield (f"{counted(len(elsewhere), 'constant')} in another file: `weights` leaves them out")
    sparse = [value for value in values if value.is_constant and value.tensor.sparsity]
    if sparse:
        elements, size = (sum(v.elements for v in sparse), sum(v.bytes for v in sparse))
        yield f"{elements:,} weights are stored sparsely, in {size:,} bytes"
    opened = sum(_is_open(value) for value in values)
    if opened:
        yield (
            f"sizes are left open in {counted(opened, 'tensor')}, beside the batch: they count as "
            "the file has them, or as 1"
        )
    if any(cost.macs(node) for graph in context.graphs[1:] for node in graph.nodes):
        yield "`macs` leaves out subgraphs that operators call: how often they run is not known"


def _is_expanded(value: Value) -> bool:
    """Whether it is a constant again, in a wider type."""
    if value.is_constant or value.producer is None or value.producer.name != "DEQUANTIZE":
        return False
    return stored_weights(value) is not None


def _unused_constants(graph: Graph) -> list[Value]:
    return [
        value
        for value in graph.values
        if value.is_constant and not (value.consumers or value.is_input or value.is_output)
    ]


def _is_open(value: Value) -> bool:
    """Whether a size is not known before the model runs, other than how many samples there are."""
    signature = value.tensor.shape_signature
    return any(size < 0 for size in value.shape) or any(size < 0 for size in signature[1:])
