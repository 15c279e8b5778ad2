"""A trained network with its maps channels_last, equal to the channels_first original.

Every tensor of the new network carries the order of its dimensions with respect to the
original's. A layer either works in that order (with an axis moved, or its weights put into
another order), or is turned from channels_first to channels_last, or gets its input back in the
original's order. The last is always right, so that a layer nobody knows costs a transposition
and no more. Transpositions of the original are not made but carried along; `Flatten` in front of
`Dense` layers ends in the sequence of their kernels' rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tflint.convert.request import Rebuilt
from tflint.convert.tensorflow import (
    equivariance,
    layer_orders,
    operation_orders,
    pooling_orders,
    shape_orders,
    width_bias,
)
from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.arranging import Arranging, Laid, Site
from tflint.convert.tensorflow.calls import first_line
from tflint.convert.tensorflow.order import Order
from tflint.convert.tensorflow.rebuild import (
    CannotRebuild,
    Rebuilding,
    calls_of,
    kind_of,
)
from tflint.convert.tensorflow.wishes import wished_columns, wished_orders


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
    try:
        return _relayout(model, keras, keeps_layout)
    except (CannotRebuild, MemoryError):
        raise
    except Exception as error:  # Layers of the user's, and of a Keras nobody has seen yet.
        raise CannotRebuild(first_line(error)) from error


def _relayout(model: Any, keras: Any, keeps_layout: bool) -> Relayout:
    graph = calls_of(model, keras)
    again = Rebuilding(graph)
    arranging = Arranging(again)
    wishes = wished_orders(graph)
    columns = wished_columns(graph, wishes)

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
    unchanged = Relayout(model, (None,) * len(begun), (None,) * len(ended))
    if not arranging.done:
        return unchanged
    made = again.model([each.tensor for each in begun], [each.tensor for each in ended])
    names = {str(layer.name) for layer in made.layers}
    moved = tuple(name for name in arranging.moved if name in names)
    left_out = arranging.done.get(shape_orders.LEFT_OUT, {})
    if len(left_out) <= len(moved):
        # The same transpositions, at other places.
        arranging.done.pop(shape_orders.LEFT_OUT, None)
        if not arranging.done:
            return unchanged
    rebuilt = tuple(Rebuilt(what, tuple(layers)) for what, layers in arranging.done.items())
    return Relayout(
        made,
        tuple(None if each.is_straight else each.order for each in begun),
        tuple(None if each.is_straight else each.order for each in ended),
        rebuilt,
        tuple(arranging.notes),
        moved,
    )


def _made(site: Site) -> tuple[Laid, ...]:
    """A call on tensors as they lie, or as the original has them where that is not possible."""
    if not site.values:
        raise CannotRebuild(f"{site.call.name} takes no tensor")
    try:
        found = _made_in_order(site)
    except MemoryError:
        raise
    except Exception:  # A layer that is not what its class and configuration say.
        found = None
    return site.straight() if found is None else found


def _made_in_order(site: Site) -> tuple[Laid, ...] | None:
    call = site.call
    dims = operation_orders.transposition(call, site.rank)
    if dims is not None and len(site.values) == 1:
        return shape_orders.transposed(site, dims)
    if operation_orders.is_reshaping(call):
        return shape_orders.reshaped(site, ())
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
    if call.kind in layer_orders.SPATIAL and width_bias.is_along_width(site):
        return width_bias.added_along_width(site)
    plan = layer_orders.plan(call.layer, value.order, value.rows)
    if plan is None and value.rows is not None:
        plan = layer_orders.plan(call.layer, value.order, None)
    if plan is not None and site.columns is not None and call.kind == "Dense":
        is_free = layer_orders.is_elementwise(call.layer.activation)
        if not is_free and getattr(call.layer.activation, "__name__", "") != "softmax":
            return site.planned(plan)
        plan = layer_orders.with_columns(plan, site.columns)
    return None if plan is None else site.planned(plan)


def _probed(site: Site) -> tuple[Laid, ...] | None:
    """What nobody knows, where running it shows that the order makes no difference."""
    value = site.values[0]
    if len(site.values) > 1 or value.rows is not None:
        return None
    keras = site.again.keras
    if not equivariance.keeps_order(site.call, value.original_shape, value.order, keras):
        return None
    return site.made(site.again.same(site.call, [value.tensor]), value.order)


def _in_time(site: Site) -> tuple[Laid, ...] | None:
    if kind_of(site.call.layer.layer) == "Flatten":
        return shape_orders.flattened(site)
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


_SPECIAL: dict[str, Callable[[Site], tuple[Laid, ...] | None]] = {
    "Flatten": shape_orders.flattened,
    "Reshape": lambda site: shape_orders.reshaped(site, ()),
    "Concatenate": shape_orders.concatenated,
    "TimeDistributed": _in_time,
    "Bidirectional": _both_ways,
    **dict.fromkeys(layer_orders.GLOBAL, pooling_orders.pooled_away),
}
