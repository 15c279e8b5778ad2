"""Dimensions of a model's inputs that the converter did not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.model.graph import Graph, Value
from tflint.model.tables import Model, Tensor


@dataclass(frozen=True, slots=True)
class OpenInputs:
    """The inputs of a graph that have open dimensions: only the batch, or others."""

    graph: Graph
    batches: tuple[Value, ...]
    others: tuple[Value, ...]


def open_dimensions(tensor: Tensor) -> list[int]:
    """The dimensions that a tensor's signature leaves open."""
    return [d for d, size in enumerate(tensor.shape_signature) if size == -1]


def open_inputs(model: Model, graphs: Sequence[Graph]) -> Iterator[OpenInputs]:
    """The open inputs of the graphs that a caller enters: the first, and those with a signature."""
    entries = {0, *(signature.subgraph_index for signature in model.signature_defs)}
    for graph in graphs:
        if graph.index not in entries:
            continue
        found = [value for value in graph.inputs if open_dimensions(value.tensor)]
        yield OpenInputs(
            graph,
            tuple(value for value in found if _is_batch(value.tensor)),
            tuple(value for value in found if not _is_batch(value.tensor)),
        )


def _is_batch(tensor: Tensor) -> bool:
    """Whether only the first of several dimensions is open: alone, it is a length."""
    return open_dimensions(tensor) == [0] and len(tensor.shape_signature) > 1
