"""Layers that put values into another shape, join them or take them apart, in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.arranging import Folded, Laid, Site, same_rows
from tflint.convert.tensorflow.order import Order, Shape
from tflint.convert.tensorflow.rebuild import kind_of
from tflint.convert.tensorflow.wishes import map_rows

LEFT_OUT = "transposition left out"


def transposed(site: Site, dims: Order) -> tuple[Laid, ...]:
    """The original moves its dimensions, the tensor stays."""
    value = site.arranging.numbered(site.values[0])
    if dims != orders.identity(value.rank):
        site.arranging.note(LEFT_OUT, site.call)
    forms = {orders.permuted(order, dims): tensor for order, tensor in value.forms.items()}
    return (Laid(value.tensor, orders.permuted(value.order, dims), forms=forms),)


def flattened(site: Site) -> tuple[Laid, ...] | None:
    """Keras turns channels_first to channels_last before it flattens."""
    layer = site.call.layer
    steps = kind_of(layer) == "TimeDistributed"
    layer = layer.layer if steps else layer
    rank = site.rank
    dims = orders.identity(rank)
    if getattr(layer, "data_format", "") == "channels_first" and rank > 2 + steps:
        lead = 2 if steps else 1
        dims = (*range(lead), *range(lead + 1, rank), lead)
    return reshaped(site, dims)


def reshaped(site: Site, dims: Order) -> tuple[Laid, ...] | None:
    """A reshape, of what the original has transposed by `dims` before."""
    if len(site.values) > 1:
        return None
    value = site.values[0]
    if value.rows is not None and site.columns is None and site.wish is not None:
        shape = site.again.graph.specs[site.call.outputs[0]].shape
        if same_rows(value.rows, map_rows(shape, site.wish)) and value.rank == 2:
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


def concatenated(site: Site) -> tuple[Laid, ...] | None:
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
