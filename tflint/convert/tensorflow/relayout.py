"""A trained network with its maps channels_last, equal to the channels_first original.

Every tensor of the new network carries the order of its dimensions with respect to the
original's. A layer either works in that order (with an axis moved, or its weights put into
another order), or is turned from channels_first to channels_last, or gets its input back in the
original's order. The last is always right, so that a layer nobody knows costs a transposition
and no more. Transpositions of the original are not made but carried along; `Flatten` in front of
`Dense` layers ends in the sequence of their kernels' rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tflint.convert.request import Rebuilt
from tflint.convert.tensorflow import (
    layer_orders,
    operation_orders,
    pooling_orders,
    probing,
    width_bias,
)
from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.arranging import Arranging, Folded, Laid, Rows, Site, same_rows
from tflint.convert.tensorflow.order import Order, Shape
from tflint.convert.tensorflow.rebuild import (
    Call,
    CannotRebuild,
    Graph,
    Rebuilding,
    Slot,
    calls_of,
    kind_of,
)

LEFT_OUT = "transposition left out"


@dataclass(frozen=True, slots=True)
class Relayout:
    """A network in another layout.

    `inputs` and `outputs` are the orders in which it takes and gives them: dimension i is
    dimension `order[i]` of the original's, None where nothing changes. `model` is the original
    itself where `rebuilt` is empty. `transpositions` names those that the new network makes.
    """

    model: Any
    inputs: tuple[Order | None, ...]
    outputs: tuple[Order | None, ...]
    rebuilt: tuple[Rebuilt, ...] = ()
    notes: tuple[str, ...] = ()
    transpositions: tuple[str, ...] = ()


def channels_last(model: Any, keras: Any, *, keeps_layout: bool = False) -> Relayout:
    """Rebuild a network with its maps channels_last.

    `keras` is the module the model belongs to. With `keeps_layout` inputs and outputs keep the
    original's order of dimensions, by a transposition each. Raises `CannotRebuild`.
    """
    graph = calls_of(model, keras)
    again = Rebuilding(graph)
    arranging = Arranging(again)
    wishes = _wishes(graph)
    columns = _columns(graph, wishes)

    laid: dict[int, Laid] = {}
    begun = []
    for slot in graph.inputs:
        shape = graph.specs[slot].shape
        order = wishes.get(slot)
        if order is None or keeps_layout:
            order = orders.identity(len(shape))
        laid[slot] = Laid(again.input(slot, orders.arranged(shape, order)), order)
        begun.append(laid[slot])
    for call in graph.calls:
        values = tuple(laid[slot] for slot in call.inputs)
        result = call.outputs[0]
        site = Site(arranging, call, values, wishes.get(result), columns.get(result))
        laid.update(zip(call.outputs, _made(site), strict=True))

    ended = []
    for slot in graph.outputs:
        found = arranging.numbered(laid[slot])
        is_kept = keeps_layout or found.rank < 3
        ended.append(arranging.straight(found) if is_kept else found)
    rebuilt = tuple(Rebuilt(what, tuple(layers)) for what, layers in arranging.done.items())
    if not rebuilt:
        return Relayout(model, (None,) * len(begun), (None,) * len(ended))
    return Relayout(
        again.model([each.tensor for each in begun], [each.tensor for each in ended]),
        tuple(None if each.is_straight else each.order for each in begun),
        tuple(None if each.is_straight else each.order for each in ended),
        rebuilt,
        tuple(arranging.notes),
        transpositions=tuple(arranging.moved),
    )


def _made(site: Site) -> tuple[Laid, ...]:
    """A call on tensors as they lie, or as the original has them where that is not possible."""
    if not site.values:
        raise CannotRebuild(f"{site.call.name} takes no tensor")
    try:
        found = _made_in_order(site)
    except CannotRebuild:
        if all(value.is_straight for value in site.values):
            raise
        found = None
    return site.straight() if found is None else found


def _made_in_order(site: Site) -> tuple[Laid, ...] | None:
    call = site.call
    dims = operation_orders.transposition(call, site.rank)
    if dims is not None and len(site.values) == 1:
        return _transposed(site, dims)
    if operation_orders.is_reshaping(call):
        return _reshaped(site, ())
    if operation_orders.operation(call):
        found = operation_orders.made_again(site)
        return _probed(site) if found is None else found
    if call.kind in ("", "Lambda"):
        return _probed(site)
    special = _SPECIAL.get(call.kind)
    if special is not None:
        return special(site)
    if len(site.values) > 1:
        is_plain = call.kind in layer_orders.ELEMENTWISE
        site = Site(site.arranging, call, site.agreed(), site.wish) if is_plain else site
        if not is_plain or len({value.rank for value in site.values}) > 1:
            return None
    value = site.values[0]
    if call.kind in pooling_orders.POOLING:
        found = pooling_orders.pooled(site)
        if found is not None:
            return found
    if call.kind in layer_orders.SPATIAL and _is_biased_along_width(site):
        return _biased_along_width(site)
    plan = layer_orders.plan(call.layer, value.order, value.rows)
    if plan is None and value.rows is not None:
        plan = layer_orders.plan(call.layer, value.order, None)
    if plan is not None and site.columns is not None and call.kind == "Dense":
        plan = layer_orders.with_columns(plan, site.columns)
    return None if plan is None else site.planned(plan)


def _probed(site: Site) -> tuple[Laid, ...] | None:
    """What nobody knows, where running it shows that the order makes no difference."""
    value = site.values[0]
    if len(site.values) > 1 or value.rows is not None:
        return None
    keras = site.again.keras
    if not probing.keeps_order(site.call, value.original_shape, value.order, keras):
        return None
    return site.made(site.again.same(site.call, [value.tensor]), value.order)


def _is_biased_along_width(site: Site) -> bool:
    layer = site.call.layer
    is_first = getattr(layer, "data_format", "") == "channels_first"
    shape = site.values[0].original_shape
    return is_first and width_bias.is_along_width(layer, shape, site.again.keras)


def _biased_along_width(site: Site) -> tuple[Laid, ...]:
    """The bias apart, along the dimension that is the original's last."""
    from keras.src.ops.numpy import Subtract

    layer, again = site.call.layer, site.again
    plan = layer_orders.plan(layer, site.values[0].order, None)
    assert plan is not None
    changes = {**(plan.changes or {}), "use_bias": False, "activation": "linear"}
    (made,) = site.planned(
        replace(plan, changes=changes, weights=lambda found: found[:-1], activation=None)
    )
    site.arranging.notes.append(
        f"Keras adds the bias of {site.call.name} along its columns, which are as many as its "
        "filters; so does the result"
    )
    bias = np.asarray(layer.bias)
    sizes = [1] * made.rank
    sizes[made.order.index(made.rank - 1)] = bias.size
    # An addition would be taken for that of a bias again.
    operation = Subtract(name=again.free_name("subtract"))
    arguments = (Slot(0), -bias.reshape(sizes))
    (tensor,) = again.called(operation, arguments, {}, (0,), [made.tensor])
    made = Laid(tensor, made.order)
    if layer.activation is None or getattr(layer.activation, "__name__", "") == "linear":
        return (made,)
    if not layer_orders.is_elementwise(layer.activation):
        made = site.arranging.straight(made)
    return (site.activated(made, layer.activation),)


def _transposed(site: Site, dims: Order) -> tuple[Laid, ...]:
    """The original moves its dimensions, the tensor stays."""
    value = site.arranging.numbered(site.values[0])
    if dims != orders.identity(value.rank):
        site.arranging.note(LEFT_OUT, site.call)
    forms = {orders.permuted(order, dims): tensor for order, tensor in value.forms.items()}
    return (Laid(value.tensor, orders.permuted(value.order, dims), forms=forms),)


def _flattened(site: Site) -> tuple[Laid, ...] | None:
    """Keras turns channels_first to channels_last before it flattens."""
    layer = site.call.layer
    steps = kind_of(layer) == "TimeDistributed"
    layer = layer.layer if steps else layer
    rank = site.rank
    dims = orders.identity(rank)
    if getattr(layer, "data_format", "") == "channels_first" and rank > 2 + steps:
        lead = 2 if steps else 1
        dims = (*range(lead), *range(lead + 1, rank), lead)
    return _reshaped(site, dims)


def _reshaped(site: Site, dims: Order) -> tuple[Laid, ...] | None:
    """A reshape, of what the original has transposed by `dims` before."""
    if len(site.values) > 1:
        return None
    value = site.values[0]
    if value.rows is not None and site.columns is None and site.wish is not None:
        shape = site.again.graph.specs[site.call.outputs[0]].shape
        if same_rows(value.rows, _map_rows(shape, site.wish)) and value.rank == 2:
            target = orders.arranged(shape, site.wish)
            return (Laid(site.arranging.reshape(value.tensor, target), site.wish),)
    value = site.arranging.numbered(value)
    if dims:
        value = Laid(value.tensor, orders.permuted(value.order, dims))
    before = value.original_shape
    after = site.again.graph.specs[site.call.outputs[0]].shape
    is_whole = None not in before[1:] and None not in after[1:]
    if value.is_straight and (not dims or dims == orders.identity(value.rank)):
        return None  # The layer itself does it.
    if not is_whole or before[0] != after[0]:
        return None
    known = orders.reshaped(value.order, _sizes(before), _sizes(after))
    if known is None:
        return None
    target = orders.arranged(after, known.order)
    tensor = site.arranging.reshape(value.tensor, target)
    folded = None
    if known.rows is not None and known.order == orders.identity(len(after)):
        folded = Folded(value.shape, value.order, after)
    return (Laid(tensor, known.order, known.rows, folded),)


def _sizes(shape: Shape) -> tuple[int, ...]:
    return tuple(0 if size is None else size for size in shape)


def _concatenated(site: Site) -> tuple[Laid, ...] | None:
    """Vectors numbered anew are joined with their numbers."""
    layer = site.call.layer
    ranks = {value.rank for value in site.values}
    if len(ranks) > 1:
        return None
    rank = ranks.pop()
    axis = int(layer.axis) % rank
    is_numbered = any(value.rows is not None for value in site.values)
    if is_numbered and axis == rank - 1 and len({value.order for value in site.values}) == 1:
        sizes = [value.shape[-1] or 0 for value in site.values]
        if 0 not in sizes:
            starts = np.cumsum([0, *sizes])
            rows = np.concatenate(
                [
                    start + (np.arange(size) if value.rows is None else value.rows)
                    for start, size, value in zip(starts, sizes, site.values, strict=False)
                ]
            )
            moved = orders.inverse(site.values[0].order)[axis]
            return _joined(site, site.values, moved, rows)
    values = site.agreed()
    keeps = axis != rank - 1
    if not keeps:
        values = tuple(map(site.arranging.numbered, values))
    return _joined(
        site, values, orders.inverse(values[0].order)[axis], values[0].rows if keeps else None
    )


def _joined(site: Site, values: tuple[Laid, ...], axis: int, rows: Any) -> tuple[Laid, ...]:
    tensors = [value.tensor for value in values]
    call, order = site.call, values[0].order
    if axis == int(call.layer.axis) % len(order):
        found = site.again.same(call, tensors)
    else:
        found = site.again.changed(call, tensors, {"axis": axis})
    return tuple(Laid(tensor, order, rows) for tensor in found)


def _in_time(site: Site) -> tuple[Laid, ...] | None:
    if kind_of(site.call.layer.layer) == "Flatten":
        return _flattened(site)
    value = site.values[0]
    plan = layer_orders.plan(site.call.layer, value.order, value.rows)
    if plan is None and value.rows is not None:
        plan = layer_orders.plan(site.call.layer, value.order, None)
    return None if plan is None or len(site.values) > 1 else site.planned(plan)


def _both_ways(site: Site) -> tuple[Laid, ...] | None:
    """The rows of the kernels of both directions, in the sequence of the features."""
    value, layer = site.values[0], site.call.layer
    known = {"LSTM", "GRU", "SimpleRNN"}
    kinds = {kind_of(layer.forward_layer), kind_of(layer.backward_layer)}
    rows = value.rows
    is_straight = value.order == orders.identity(value.rank)
    if len(site.values) > 1 or rows is None or not is_straight or not kinds <= known:
        return None
    half = len(layer.get_weights()) // 2
    found = site.again.changed(
        site.call,
        [value.tensor],
        {},
        lambda weights: [
            each[rows] if number in (0, half) else each for number, each in enumerate(weights)
        ],
        rows.tobytes(),
    )
    site.arranging.note(layer_orders.ROWS, site.call)
    return site.made(found)


# What takes a vector in whatever order its values come.
_VECTOR_LAYERS = layer_orders.names_of(
    "Activation ReLU LeakyReLU ELU PReLU Dropout BatchNormalization LayerNormalization "
    "GaussianNoise GaussianDropout Identity"
)

_SPECIAL: dict[str, Callable[[Site], tuple[Laid, ...] | None]] = {
    "Flatten": _flattened,
    "Reshape": lambda site: _reshaped(site, ()),
    "Concatenate": _concatenated,
    "TimeDistributed": _in_time,
    "Bidirectional": _both_ways,
}


def _wishes(graph: Graph) -> dict[int, Order]:
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


def _columns(graph: Graph, wishes: Mapping[int, Order]) -> dict[int, Rows]:
    """How vectors would have to be numbered for the maps that are made of them.

    Only where all who take a vector agree, and where it comes out of a dense layer.
    """
    found: dict[int, list[Rows | None]] = {}
    for call in reversed(graph.calls):
        result = call.outputs[0]
        rows = None
        if operation_orders.is_reshaping(call) or call.kind == "Reshape":
            if len(graph.specs[call.inputs[0]].shape) == 2:
                rows = _map_rows(graph.specs[result].shape, wishes.get(result))
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


def _map_rows(shape: Shape, order: Order | None) -> Rows | None:
    """How a vector is numbered that a map in an order is made of by a reshape alone."""
    sizes = [size or 0 for size in shape[1:]]
    if order is None or 0 in sizes or order == orders.identity(len(shape)):
        return None
    dims = [dimension - 1 for dimension in order[1:]]
    rows: Rows = np.arange(np.prod(sizes), dtype=np.int64).reshape(sizes).transpose(dims).ravel()
    return rows


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
        return (later, 2) if probing.keeps_order(call, shape, later, graph.keras) else (None, 0)
    wish = layer_orders.wished_order(call.layer, rank)
    is_strong = call.kind in layer_orders.SPATIAL
    return wish, 4 if is_strong else 1
