"""Operators on constants, computed once and for all: what takes their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from tflint.analysis.constant_folding import Folding, foldings, has_fixed_shapes, is_pure
from tflint.fix.model.evaluation import evaluated, stored_array
from tflint.fix.model.kernels.kernel import Array
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import Rewrite, RewriteContext
from tflint.model.graph import Graph, Node, Value
from tflint.model.record import ABSENT
from tflint.model.tables import Model
from tflint.printable import printable

# How many bytes are computed for one model, at most: as often as honest models store them.
_FACTOR = 16
_SLACK = 64 << 20


class Evaluator:
    """The values of operators on constants, each computed once, within a bound for the model."""

    def __init__(self, model: Model) -> None:
        stored = sum(len(buffer.data) for buffer in model.buffers if buffer.data)
        self._left = _FACTOR * stored + _SLACK
        self._known: dict[tuple[int, int], Array] = {}

    def compute(self, nodes: Iterable[Node]) -> bool:
        """Compute the outputs of operators in execution order; whether all are known."""
        failed = [node for node in nodes if not self._compute(node)]
        return not failed

    def _compute(self, node: Node) -> bool:
        self._left -= sum(value.bytes for value in node.outputs)
        if self._left < 0:
            return False
        # Only the shape of what SHAPE reads is needed.
        arrays = [] if node.name in ("SHAPE", "RANK") else list(map(self.array, node.inputs))
        found = evaluated(node, arrays)
        for value, array in zip(node.outputs, found or (), strict=False):
            self._known[value.subgraph, value.index] = array
        return found is not None

    def array(self, value: Value | None) -> Array | None:
        """The elements of a value, None where they were not computed."""
        if value is None:
            return None
        if value.data is not None:
            return stored_array(value)
        return self._known.get((value.subgraph, value.index))


def folded(context: RewriteContext, *, by_shape: bool) -> Rewrite | None:
    """The model with the results of groups of operators in their place.

    Of those groups that start from the shape of a tensor, or of the others.
    """
    edit, evaluator, places = ModelEdit(context.model), Evaluator(context.model), 0
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        fixed = has_fixed_shapes(graph, is_mcu=context.target.runtime.is_mcu)
        gone: list[Node] = []
        for folding in foldings(graph, dataflow, fixed_shapes=fixed):
            if (
                folding.of_shape is by_shape
                and folding.is_repairable
                and not _is_read_elsewhere(folding)
                and evaluator.compute(folding.nodes)
            ):
                _store(edit.graph(graph.index), folding, evaluator)
                gone += folding.nodes
                places += 1
        remove_dead(graph, edit.graph(graph.index), gone)
    if not places:
        return None
    return Rewrite(edit.finish(), places, notes=frozen(context) if by_shape else ())


def frozen(context: RewriteContext) -> tuple[str, ...]:
    """What is not as it was where LiteRT could have given an input another shape."""
    first = context.graphs[0]
    names = [value.name for value in first.inputs if -1 in value.tensor.shape_signature]
    if not names or all(node.name != "SHAPE" for node in first.nodes):
        return ()
    which = f"`{printable(names[0])}`" if len(names) == 1 else f"its {len(names)} inputs"
    return (f"{which} has to have the shape in the file: what was computed of it is stored",)


def _is_read_elsewhere(folding: Folding) -> bool:
    """Whether a SHAPE of another group reads what is no result: that has to go first."""
    inside = {node.index for node in folding.nodes}
    results = {value.index for value in folding.results}
    return any(
        reader.index not in inside
        for node in folding.nodes
        for value in node.outputs
        if value.index not in results
        for reader in value.consumers
    )


def _store(edit: GraphEdit, folding: Folding, evaluator: Evaluator) -> None:
    for value in folding.results:
        array = evaluator.array(value)
        if array is not None:
            edit.set_data(value.index, data_of(array), shape_signature=ABSENT)
    for node in folding.nodes:
        edit.remove(node.index)


def remove_dead(graph: Graph, edit: GraphEdit, gone: Iterable[Node]) -> None:
    """Take out the operators whose results only those that are gone have read, and so on.

    So goes what only the shape was read of. What nobody read before stays as it is.
    """
    left = list(gone)
    removed = {node.index for node in left}
    readers = {value.index: len(value.consumers) for value in graph.values}
    while left:
        node = left.pop()
        for value in dict.fromkeys(value for value in node.inputs if value is not None):
            readers[value.index] -= 1
            maker = value.producer
            if (
                maker is not None
                and maker.index not in removed
                and is_pure(maker)
                and not any(_is_needed(made, readers) for made in maker.outputs)
            ):
                removed.add(maker.index)
                edit.remove(maker.index)
                left.append(maker)


def _is_needed(value: Value, readers: Mapping[int, int]) -> bool:
    return readers[value.index] > 0 or value.is_output or value.is_input or value.tensor.is_variable


def data_of(array: Array) -> bytes:
    """The elements as a buffer holds them."""
    return np.ascontiguousarray(array).tobytes()


def makers(values: Iterable[Value], known: Mapping[int, Node]) -> list[Node]:
    """The operators that known values are made by, and what they read, in execution order."""
    found: dict[int, Node] = {}
    left = [value.index for value in values]
    while left:
        node = known.get(left.pop())
        if node is None or node.index in found:
            continue
        found[node.index] = node
        if node.name not in ("SHAPE", "RANK"):
            left += [read.index for read in node.inputs if read is not None]
    return [found[index] for index in sorted(found)]
