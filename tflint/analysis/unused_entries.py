"""Entries of a file that nothing refers to, and operators that nothing depends on."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.constant_folding import is_pure
from tflint.model.graph import Graph, Node
from tflint.model.tables import Model

# TFLM's compressed tensors: it names tensors and the buffers of their tables by index.
# Source: tensorflow/lite/micro/compression/metadata.fbs in tflite-micro.
COMPRESSION = "COMPRESSION_METADATA"


@dataclass(frozen=True, slots=True)
class UnusedEntries:
    """Indices of what nothing uses: `tensors` by subgraph, metadata without data."""

    tensors: tuple[tuple[int, int], ...] = ()
    buffers: tuple[int, ...] = ()
    operator_codes: tuple[int, ...] = ()
    metadata: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tensors or self.buffers or self.operator_codes or self.metadata)


def unused_entries(model: Model) -> UnusedEntries:
    """What nothing in the model refers to; buffer 0 is empty by convention and counts as used.

    All indices are in range. Fields of a newer schema may refer to what lies beside them:
    tensors of a subgraph that has some are used, and so is everything where the model has some,
    or compressed tensors.
    """
    if model.unknown_fields or any(entry.name == COMPRESSION for entry in model.metadata):
        return UnusedEntries()
    tensors, buffers = _unused_tensors(model)
    codes = {operator.opcode_index for graph in model.subgraphs for operator in graph.operators}
    return UnusedEntries(
        tensors=tuple(tensors),
        buffers=tuple(buffers),
        operator_codes=tuple(c for c in range(len(model.operator_codes)) if c not in codes),
        metadata=tuple(
            i for i, entry in enumerate(model.metadata) if not model.buffers[entry.buffer].data
        ),
    )


def _unused_tensors(model: Model) -> tuple[list[tuple[int, int]], list[int]]:
    """Tensors that nothing uses, and buffers that nothing in use has."""
    tensors: list[tuple[int, int]] = []
    kept = {0, *model.metadata_buffer}
    kept.update(m.buffer for m in model.metadata if model.buffers[m.buffer].data)
    named: dict[int, set[int]] = {}
    for signature in model.signature_defs:
        entries = (*signature.inputs, *signature.outputs)
        of_graph = named.setdefault(signature.subgraph_index, set())
        of_graph.update(entry.tensor_index for entry in entries)
    for g, subgraph in enumerate(model.subgraphs):
        used = {*subgraph.inputs, *subgraph.outputs, *named.get(g, ())}
        for operator in subgraph.operators:
            used.update(operator.inputs, operator.outputs, operator.intermediates)
        for t, tensor in enumerate(subgraph.tensors):
            if t in used or subgraph.unknown_fields:
                kept.add(tensor.buffer)
            else:
                tensors.append((g, t))
    return tensors, [b for b in range(len(model.buffers)) if b not in kept]


def dead_operators(graph: Graph, model: Model) -> list[Node]:
    """The operators that no output, state or side effect depends on, in execution order."""
    makers: dict[int, list[Node]] = {}
    needed = [value.index for value in graph.outputs]
    for signature in model.signature_defs:
        if signature.subgraph_index == graph.index:
            needed += [entry.tensor_index for entry in signature.outputs]
    left: list[Node] = []
    for node in graph.nodes:
        for value in node.outputs:
            makers.setdefault(value.index, []).append(node)
        if not is_pure(node) or not node.outputs or any(v.tensor.is_variable for v in node.outputs):
            left.append(node)
    live: set[int] = set()
    while left or needed:
        # Once its makers are live, a value needs no second look.
        if needed:
            left += makers.pop(needed.pop(), ())
            continue
        node = left.pop()
        if node.index not in live:
            live.add(node.index)
            needed += [value.index for value in node.inputs if value is not None]
    return [node for node in graph.nodes if node.index not in live]
