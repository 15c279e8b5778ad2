"""How each layer of Keras is called on tensors whose dimensions are in another order.

Kernels of convolutions are the same in both layouts: (*spatial, in, out). What depends on a
dimension is its axis (normalisation, softmax), the slopes of PReLU, and the rows of a kernel
behind a flattened map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.arranging import Planned, Rows
from tflint.convert.tensorflow.order import Order
from tflint.convert.tensorflow.rebuild import Layer, Weights, kind_of, remade

TURNED = "channels_first to channels_last"
ROWS = "kernel in the order of the channels_last map"
AXIS = "axis of the channels"


def names_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_Plan = Callable[[Layer, Order, "Rows | None"], "Planned | None"]

SPATIAL = frozenset(
    f"{name}{rank}D"
    for rank in (1, 2, 3)
    for name in (
        "Conv",
        "DepthwiseConv",
        "SeparableConv",
        "MaxPooling",
        "AveragePooling",
        "AdaptiveMaxPooling",
        "AdaptiveAveragePooling",
        "UpSampling",
        "ZeroPadding",
        "Cropping",
    )
) | {*(f"Conv{rank}DTranspose" for rank in (1, 2, 3)), "Resizing", "CenterCrop"}
GLOBAL = frozenset(f"Global{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3))
# Random layers do nothing outside training, the regularising ones neither.
ELEMENTWISE = names_of(
    "ReLU LeakyReLU ELU ThresholdedReLU Dropout SpatialDropout1D SpatialDropout2D "
    "SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization "
    "Identity RandomFlip RandomRotation RandomTranslation RandomZoom RandomContrast "
    "RandomBrightness Add Subtract Multiply Average Maximum Minimum"
)
NORMALISING = names_of(
    "BatchNormalization LayerNormalization GroupNormalization UnitNormalization "
    "RMSNormalization Normalization Softmax PReLU"
)
_LOCAL = frozenset({"LocallyConnected1D", "LocallyConnected2D"})
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN"})
_ACTIVATIONS = names_of(
    "linear relu relu6 elu selu celu gelu sigmoid hard_sigmoid log_sigmoid tanh softplus "
    "softsign exponential swish silu mish leaky_relu hard_silu hard_swish hard_tanh "
    "tanh_shrink hard_shrink soft_shrink squareplus sparse_plus sparse_sigmoid threshold exp"
)


def plan(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    """How a layer is called on a tensor in an order; None: only in the original's order."""
    kind = kind_of(layer)
    if kind in SPATIAL:
        return _spatial(layer, order) if rows is None else _over_features(layer, order, rows)
    if kind in GLOBAL:
        return _global(layer, order)
    if kind in ELEMENTWISE:
        return Planned(order, takes_rows=True, gives_rows=True)
    if kind in _RECURRENT:
        return _recurrent(layer, order, rows)
    make = _PLANS.get(kind)
    return None if make is None else make(layer, order, rows)


def channel_axis(layer: Layer, rank: int) -> int:
    """The dimension that a layer with a `data_format` takes for its channels."""
    is_first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return 1 if is_first else rank - 1


def wished_order(layer: Layer, rank: int) -> Order | None:
    """The order of its input in which a layer needs no transposition, None for any."""
    kind = kind_of(layer)
    if kind in SPATIAL | GLOBAL | _LOCAL:
        return _last(channel_axis(layer, rank), rank)
    if kind in NORMALISING:
        axes = _axes(getattr(layer, "axis", None), rank)
        return _last(axes[0], rank) if len(axes) == 1 else None
    if kind.startswith("ConvLSTM"):
        is_first = layer.data_format == "channels_first"
        return _last(2, rank) if is_first else orders.identity(rank)
    if kind in ("Dense", "EinsumDense", "TimeDistributed") and rank > 2:
        if kind == "TimeDistributed":
            inner = wished_order(layer.layer, rank - 1)
            return None if inner is None else _lifted(inner)
        return orders.identity(rank)
    return None


def is_elementwise(activation: Any) -> bool:
    """Whether an activation goes value by value, as far as is known."""
    if activation is None:
        return True
    if kind_of(activation):
        return kind_of(activation) in ELEMENTWISE
    module = str(getattr(activation, "__module__", ""))
    is_known = module.startswith(("keras.", "tf_keras.", "tensorflow."))
    return is_known and getattr(activation, "__name__", "") in _ACTIVATIONS


def _last(axis: int, rank: int) -> Order:
    return (0, *(dimension for dimension in range(1, rank) if dimension != axis), axis)


def _lifted(order: Order) -> Order:
    """The order of steps in time, from that of one step."""
    return (0, 1, *(dimension + 1 for dimension in order[1:]))


def _axes(axis: Any, rank: int) -> list[int]:
    if axis is None:
        return []
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    return [int(each) % rank for each in axes]


def _spatial(layer: Layer, order: Order) -> Planned:
    rank = len(order)
    axis = channel_axis(layer, rank)
    wanted = _last(axis, rank)
    activation = getattr(layer, "activation", None)
    if axis == rank - 1 and getattr(layer, "data_format", None) != "channels_first":
        return Planned(wanted)
    changes: dict[str, Any] = {"data_format": "channels_last"}
    if is_elementwise(activation):
        return Planned(wanted, changes, what=TURNED)
    # A softmax of the original runs over its last dimension, which is not that of the channels.
    changes["activation"] = "linear"
    return Planned(wanted, changes, what=TURNED, activation=activation)


def _over_features(layer: Layer, order: Order, rows: Rows) -> Planned | None:
    """A convolution whose channels are numbered anew: its kernel's are as well."""
    rank, kind = len(order), kind_of(layer)
    is_whole = getattr(layer, "groups", 1) == 1 and not kind.endswith("Transpose")
    if not kind.startswith("Conv") or not is_whole or order != _last(rank - 1, rank):
        return None
    if channel_axis(layer, rank) != rank - 1:
        return None
    return _numbered(order, rows, lambda weights: [weights[0][..., rows, :], *weights[1:]])


def _locally_connected(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    """Kernels of the first implementation hold patches, flattened in the layout's sequence.

    Of the bias, which is stored channels_last, Keras takes the values in their sequence for
    channels_first all the same.
    """
    rank = len(order)
    if layer.implementation not in (1, 2) or not is_elementwise(layer.activation):
        return None
    if layer.data_format != "channels_first":
        return Planned(_last(rank - 1, rank))
    places = rank - 2
    inside = (*range(1, places + 1), 0)

    def weights(found: Weights) -> Weights:
        kernel = found[0]
        if layer.implementation == 1:
            count, patch, filters = kernel.shape
            sizes = tuple(int(size) for size in layer.kernel_size)
            split = kernel.reshape(count, patch // int(np.prod(sizes)), *sizes, filters)
            dims = (0, *(axis + 1 for axis in inside), rank)
            kernel = split.transpose(dims).reshape(kernel.shape)
        else:
            kernel = kernel.transpose((*inside, *(axis + rank - 1 for axis in inside)))
        biases = [each.reshape(each.shape[-1], *each.shape[:-1]) for each in found[1:]]
        return [kernel, *(each.transpose(inside) for each in biases)]

    changes = {"data_format": "channels_last"}
    return Planned(orders.channels_last(rank), changes, weights=weights, what=TURNED)


def _in_time_and_space(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    """Recurrent convolutions: the batch, the time, and a map."""
    rank = len(order)
    if getattr(layer, "data_format", None) != "channels_first" or layer.return_state:
        return None
    wanted = (0, 1, *range(3, rank), 2)
    after = wanted if layer.return_sequences else orders.channels_last(rank - 1)
    is_free = is_elementwise(layer.activation) and is_elementwise(layer.recurrent_activation)
    if not is_free:
        return None
    return Planned(wanted, {"data_format": "channels_last"}, after=after, what=TURNED)


def _global(layer: Layer, order: Order) -> Planned:
    rank = len(order)
    axis = channel_axis(layer, rank)
    # Over all of them: the order of the dimensions that go does not matter.
    wanted = order if order[-1] == axis else _last(axis, rank)
    after = wanted if getattr(layer, "keepdims", False) else orders.identity(2)
    if getattr(layer, "data_format", None) != "channels_first":
        return Planned(wanted, after=after)
    return Planned(wanted, {"data_format": "channels_last"}, after=after, what=TURNED)


def _activation(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    if is_elementwise(layer.activation):
        return Planned(order, takes_rows=True, gives_rows=True)
    return None


def _rescaling(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    is_scalar = np.ndim(layer.scale) == 0 and np.ndim(layer.offset) == 0
    return Planned(order, takes_rows=True, gives_rows=True) if is_scalar else None


def _normalising(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    """One axis, whose weights are a vector along it, or several that keep their sequence."""
    given = layer.axis
    rank = len(order)
    axes = _axes(given, rank)
    if kind_of(layer) == "Normalization" and (len(axes) != 1 or layer.input_mean is not None):
        return None
    if not axes or 0 in axes or axes != sorted(axes):
        return None
    if kind_of(layer) == "RMSNormalization" and not order[-1] == axes[0] == rank - 1:
        return None  # Whatever its axis, Keras multiplies by its weights along the last.
    if rows is not None:
        if axes != [rank - 1] or kind_of(layer) in ("GroupNormalization", "Normalization"):
            return None
        numbers = rows
        return Planned(
            order,
            {},
            weights=lambda weights: [each[numbers] if each.ndim else each for each in weights],
            key=rows.tobytes(),
            takes_rows=True,
            gives_rows=True,
        )
    where = orders.inverse(order)
    moved = [where[axis] for axis in axes]
    if moved == axes:
        return Planned(order)
    turn = np.argsort(moved)

    def weights(found: Weights) -> Weights:
        several = len(axes) > 1
        return [each.transpose(turn) if several and each.ndim > 1 else each for each in found]

    is_list = isinstance(given, (list, tuple))
    changed: Any = sorted(moved) if is_list else _from_end(moved[0], rank)
    return Planned(order, {"axis": changed}, weights=weights, what=AXIS)


def _from_end(axis: int, rank: int) -> int:
    """Of the last axis Keras 3 makes vectors that the converter folds, for -1 only."""
    return -1 if axis == rank - 1 else axis


def _softmax(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    axes = _axes(layer.axis, len(order))
    if not axes or 0 in axes:
        return None
    moved = [orders.inverse(order)[axis] for axis in axes]
    if moved == axes:
        return Planned(order, takes_rows=True, gives_rows=True)
    is_list = isinstance(layer.axis, (list, tuple))
    changed = moved if is_list else _from_end(moved[0], len(order))
    return Planned(order, {"axis": changed}, takes_rows=True, gives_rows=True)


def _prelu(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    shared = [int(axis) for axis in layer.shared_axes or ()]
    if any(not 0 < axis < len(order) for axis in shared):
        return None
    moved = sorted(orders.inverse(order)[axis] for axis in shared)
    dims = [dimension - 1 for dimension in order[1:]]
    if rows is None and order == orders.identity(len(order)):
        return Planned(order)
    is_shared = len(order) - 1 in shared

    def weights(found: Weights) -> Weights:
        alpha = found[0] if rows is None or is_shared else found[0][..., rows]
        return [alpha.transpose(dims)]

    return Planned(
        order,
        {"shared_axes": moved or None},
        weights=weights,
        key=(order, None if rows is None else rows.tobytes()),
        takes_rows=True,
        gives_rows=True,
        what=AXIS,
    )


def with_columns(plan: Planned, columns: Rows) -> Planned:
    """A dense layer whose results are numbered anew, for a map that they are put into."""
    before = plan.weights

    def weights(found: Weights) -> Weights:
        return [each[..., columns] for each in before(found)]

    key = (plan.key, columns.tobytes())
    return replace(
        plan, changes=plan.changes or {}, weights=weights, key=key, rows=columns, what=ROWS
    )


def _dense(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    rank = len(order)
    if rank < 2:
        return None
    is_free = is_elementwise(layer.activation)
    wanted = order if order[-1] == rank - 1 and is_free else orders.identity(rank)
    if rows is None or wanted != order:
        return Planned(wanted)
    return _numbered(order, rows, lambda weights: [weights[0][rows], *weights[1:]])


def _recurrent(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    """The input's features are rows of the first kernel, which for two directions exists twice."""
    if rows is None or order != orders.identity(len(order)):
        return None
    return _numbered(order, rows, lambda weights: [weights[0][rows], *weights[1:]])


def _numbered(order: Order, rows: Rows, weights: Callable[[Weights], Weights]) -> Planned:
    return Planned(order, {}, weights=weights, key=rows.tobytes(), takes_rows=True, what=ROWS)


def _in_time(layer: Layer, order: Order, rows: Rows | None) -> Planned | None:
    """The layer inside, on one step: dimension 1 stays the time."""
    if len(order) < 3:
        return None
    inside = (0, *(dimension - 1 for dimension in order if dimension > 1))
    inner = plan(layer.layer, inside, rows)
    if inner is None or inner.activation is not None:
        return None
    if rows is not None and (not inner.takes_rows or _lifted(inside) != order):
        return None
    make = None
    if inner.make is not None or inner.changes is not None:

        def make(name: str) -> Layer:
            if inner.make is not None:
                changed = inner.make(str(layer.layer.name))
            else:
                changed = remade(layer.layer, inner.changes or {}, str(layer.layer.name))
            return type(layer)(changed, name=name)

    return Planned(
        _lifted(inner.order),
        make=make,
        weights=inner.weights,
        key=(repr(inner.changes), inner.key),
        after=None if inner.after is None else _lifted(inner.after),
        takes_rows=inner.takes_rows,
        gives_rows=inner.gives_rows,
        what=inner.what,
    )


_PLANS: dict[str, _Plan] = {
    "Activation": _activation,
    "Rescaling": _rescaling,
    **dict.fromkeys(NORMALISING - {"Softmax", "PReLU"}, _normalising),
    "Softmax": _softmax,
    "PReLU": _prelu,
    "Dense": _dense,
    "TimeDistributed": _in_time,
    **dict.fromkeys(_LOCAL, _locally_connected),
    **{f"ConvLSTM{rank}D": _in_time_and_space for rank in (1, 2, 3)},
}
