"""Which integers an input may hold: those that index a table must lie in it."""

from __future__ import annotations

from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import GatherOptions
from tflint.model.tables import Model

# Operators whose result holds the values of an input, in this position.
_CARRIES = {
    "CAST": 0,
    "RESHAPE": 0,
    "EXPAND_DIMS": 0,
    "SQUEEZE": 0,
    "TRANSPOSE": 0,
    "SLICE": 0,
    "STRIDED_SLICE": 0,
    "GATHER": 0,
    "TILE": 0,
    "BROADCAST_TO": 0,
    "SPLIT": 1,
    "UNPACK": 0,
    "REVERSE_V2": 0,
}
# Integers that index nothing: small counts, which are all that a network tells apart.
_ORDINARY = 64


def index_bounds(model: Model, subgraph: int = 0) -> dict[int, int]:
    """For inputs of a subgraph what their values must be less than, by tensor.

    Only for those whose uses are all known.
    """
    graph = Graph(model, subgraph)
    found = {}
    for value in graph.inputs:
        bound = _bound(value)
        if bound is not None:
            found[value.index] = bound
    return found


def _bound(value: Value) -> int | None:
    bound, waiting, seen = _ORDINARY, [value], {value.index}
    while waiting:
        carried = waiting.pop()
        for node in carried.consumers:
            for place, read in enumerate(node.inputs):
                if read is not carried:
                    continue
                limit = _limit(node, place)
                if limit is not None:
                    bound = min(bound, limit)
                elif _CARRIES.get(node.name) == place:
                    for result in node.outputs:
                        if result.index not in seen and result.type.name.startswith(("INT", "UI")):
                            seen.add(result.index)
                            waiting.append(result)
                else:
                    return None
    return max(bound, 1)


def _limit(node: Node, place: int) -> int | None:
    """The size of the table that an operator looks a value up in, if it does."""
    table: Value | None = None
    axis = 0
    if node.name == "GATHER" and place == 1:
        table = node.input(0)
        axis = node.options.axis if isinstance(node.options, GatherOptions) else 0
    elif node.name == "EMBEDDING_LOOKUP" and place == 0:
        table = node.input(1)
    elif node.name == "GATHER_ND" and place == 1:
        table = node.input(0)
        if table is not None and table.shape:
            return min(table.shape)
    elif node.name == "ONE_HOT" and place == 0:
        depth = node.input(1)
        values = depth.integers() if depth is not None else None
        return values[0] if values else None
    if table is None or not -len(table.shape) <= axis < len(table.shape):
        return None
    return table.shape[axis]
