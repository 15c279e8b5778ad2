"""In which order those who take a tensor would like it best, found from the outputs backwards."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tflint.convert.tensorflow import equivariance, layer_orders, operation_orders
from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.arranging import Rows, same_rows
from tflint.convert.tensorflow.order import Order, Shape
from tflint.convert.tensorflow.rebuild import Call, Graph

# What takes a vector in whatever order its values come.
_VECTOR_LAYERS = layer_orders.names_of(
    "Activation ReLU LeakyReLU ELU PReLU Dropout BatchNormalization LayerNormalization "
    "GaussianNoise GaussianDropout Identity"
)


def wished_orders(graph: Graph) -> dict[int, Order]:
    """For each tensor the order that those who take it would like best, if any.

    From the outputs backwards: what goes value by value passes on what is wished of its result.
    """
    votes: dict[int, dict[Order, int]] = {}
    best: dict[int, Order] = {}
    for call in reversed(graph.calls):
        for slot in call.outputs:
            if slot in votes:
                best[slot] = _winner(votes[slot])
        for slot in dict.fromkeys(call.inputs):
            rank = len(graph.specs[slot].shape)
            if rank < 3:
                continue
            wish, weight = _wish(graph, call, rank, best.get(call.outputs[0]))
            if wish is not None and len(wish) == rank:
                table = votes.setdefault(slot, {})
                table[wish] = table.get(wish, 0) + weight
    return {slot: _winner(table) for slot, table in votes.items()}


def wished_columns(graph: Graph, wishes: Mapping[int, Order]) -> dict[int, Rows]:
    """How vectors would have to be numbered for the maps that are made of them.

    Only where all who take a vector agree, and where it comes out of a dense layer.
    """
    found: dict[int, list[Rows | None]] = {}
    for call in reversed(graph.calls):
        result = call.outputs[0]
        rows = None
        if operation_orders.is_reshaping(call) or call.kind == "Reshape":
            if len(graph.specs[call.inputs[0]].shape) == 2:
                rows = map_rows(graph.specs[result].shape, wishes.get(result))
        elif call.kind in _VECTOR_LAYERS and len(call.inputs) == 1:
            rows = _agreed(found.get(result))
        for slot in call.inputs:
            found.setdefault(slot, []).append(rows)
    agreed = {slot: _agreed(each) for slot, each in found.items()}
    return {
        slot: rows
        for slot, rows in agreed.items()
        if rows is not None and slot not in graph.outputs
    }


def _agreed(wished: list[Rows | None] | None) -> Rows | None:
    if not wished or any(not same_rows(rows, wished[0]) for rows in wished):
        return None
    return wished[0]


def map_rows(shape: Shape, order: Order | None) -> Rows | None:
    """How a vector is numbered that a map in an order is made of by a reshape alone."""
    sizes = [size or 0 for size in shape[1:]]
    if order is None or 0 in sizes or order == orders.identity(len(shape)):
        return None
    dims = [dimension - 1 for dimension in order[1:]]
    straight = np.arange(np.prod(sizes), dtype=np.int64)
    rows: Rows = straight.reshape(sizes).transpose(dims).ravel()
    return None if np.array_equal(rows, straight) else rows


def _winner(votes: dict[Order, int]) -> Order:
    """The order with most votes; among equals the original's, so that nothing changes."""
    return max(votes, key=lambda order: (votes[order], order == orders.identity(len(order))))


def _wish(graph: Graph, call: Call, rank: int, later: Order | None) -> tuple[Order | None, int]:
    """The order a call would like its input in, and how much depends on it."""
    dims = operation_orders.transposition(call, rank)
    if dims is not None:
        # Dimension i of what is wished is dimension later[i] of the result: of the input dims[..].
        if later is None or len(later) != rank:
            return None, 0
        return tuple(dims[dimension] for dimension in later), 2
    is_through = call.kind in layer_orders.ELEMENTWISE or call.kind in (
        "Concatenate",
        "Activation",
        "Rescaling",
    )
    if is_through or operation_orders.is_elementwise(call):
        return later, 2
    is_unknown = call.kind in ("", "Lambda") or operation_orders.operation(call)
    if is_unknown and later is not None and len(later) == rank:
        shape = graph.specs[call.inputs[0]].shape
        return (
            (later, 2) if equivariance.keeps_order(call, shape, later, graph.keras) else (None, 0)
        )
    wish = layer_orders.wished_order(call.layer, rank)
    is_strong = call.kind in layer_orders.SPATIAL
    return wish, 4 if is_strong else 1
