"""Pooling over dimensions that lie elsewhere, as where channels_last layers meet other maps.

A maximum over several dimensions is one over each in turn. So dimensions that lie where pooling
reaches them are pooled where they are, before anything is moved; the last one is reached by a
reshape, or becomes an ordinary one by the transposition that those who take the result want
anyway, then of a smaller map.
"""

from __future__ import annotations

import math
from typing import Any

from tflint.convert.tensorflow.arranging import Laid, Site
from tflint.convert.tensorflow.layer_orders import TURNED, channel_axis
from tflint.convert.tensorflow.layer_orders import plan as plan_of

POOLING = frozenset(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))


def pooled(site: Site) -> tuple[Laid, ...] | None:
    """Pooling of a map in an order that Keras' layers do not take as it is; None otherwise."""
    call, value = site.call, site.values[0]
    layer, rank = call.layer, value.rank
    axis = channel_axis(layer, rank)
    order = value.order
    spatial = [dimension for dimension in range(1, rank) if dimension != axis]
    if value.rows is not None or order == (0, *spatial, axis):
        return None
    sizes = dict(zip(spatial, _each(layer.pool_size, len(spatial)), strict=True))
    strides = dict(zip(spatial, _each(layer.strides, len(spatial)), strict=True))
    if order[-1] == axis:
        changes = {
            "pool_size": tuple(sizes[dimension] for dimension in order[1:-1]),
            "strides": tuple(strides[dimension] for dimension in order[1:-1]),
            "data_format": "channels_last",
        }
        made = site.again.changed(call, [value.tensor], changes)
        _note(site)
        return site.made(made, order)
    if not call.kind.startswith("Max") or rank != 4 or None in value.shape[1:]:
        return None  # A mean of means would be rounded twice.

    last = order[-1]
    around = tuple((sizes.get(each, 1), strides.get(each, 1)) for each in order[1:-1])
    tensor = value.tensor
    if any(each != (1, 1) for each in around):
        tensor = _max(site, tensor, around)
    found = Laid(tensor, order)
    if sizes[last] == strides[last] == 1:
        return (found,)
    wish = site.wish
    if wish is not None and wish != order and wish[-1] != last:
        found = site.arranging.arranged(found, wish)
        ahead = tuple(
            (sizes[last], strides[last]) if each == last else (1, 1) for each in wish[1:-1]
        )
        return (Laid(_max(site, found.tensor, ahead), wish),)
    return (Laid(_over_last(site, found, sizes[last], strides[last]), order),)


def _over_last(site: Site, laid: Laid, size: int, stride: int) -> Any:
    """The last dimension as the columns of a map with one channel."""
    shape = laid.shape
    rows = math.prod(each or 1 for each in shape[1:-1])
    columns = shape[-1] or 1
    tensor = site.arranging.reshape(laid.tensor, (shape[0], rows, columns, 1))
    tensor = _max(site, tensor, ((1, 1), (size, stride)))
    return site.arranging.reshape(tensor, (*shape[:-1], int(tensor.shape[2])))


def _max(site: Site, tensor: Any, around: tuple[tuple[int, int], ...]) -> Any:
    layer, again = site.call.layer, site.again
    name = again.free_name(str(layer.name), layer)
    made = again.keras.layers.MaxPooling2D(
        pool_size=tuple(size for size, _ in around),
        strides=tuple(stride for _, stride in around),
        padding=layer.padding,
        data_format="channels_last",
        name=name,
    )
    _note(site)
    return again.added(made, tensor)


def _note(site: Site) -> None:
    is_first = getattr(site.call.layer, "data_format", "") == "channels_first"
    site.arranging.note(TURNED if is_first else "pooling of each dimension by itself", site.call)


def _each(value: Any, count: int) -> tuple[int, ...]:
    found = tuple(int(each) for each in value) if isinstance(value, (list, tuple)) else (value,)
    return found * count if len(found) == 1 else found


def pooled_away(site: Site) -> tuple[Laid, ...] | None:
    """Over all dimensions but the channels, wherever those lie."""
    call, value = site.call, site.arranging.numbered(site.values[0])
    axis = channel_axis(call.layer, value.rank)
    plan = plan_of(call.layer, value.order, None)
    if plan is None or value.order[-1] == axis:
        return None if plan is None else site.planned(plan)
    axes = [at for at, dimension in enumerate(value.order) if at and dimension != axis]
    keeps = bool(getattr(call.layer, "keepdims", False))
    is_mean = call.kind.startswith("GlobalAverage")
    if site.again.graph.is_legacy:
        import tensorflow as tf

        reduce = tf.reduce_mean if is_mean else tf.reduce_max
    else:
        reduce = site.again.keras.ops.mean if is_mean else site.again.keras.ops.max
    tensor = site.again.adopted(reduce(value.tensor, axes, keeps))
    site.arranging.note(TURNED, call)
    return site.made((tensor,), value.order if keeps else None)
