"""How operations without weights are called on tensors whose dimensions are in another order.

`keras.ops` and Python's operators give operations of Keras 3 that hold their own parameters;
TensorFlow's functions on tensors of tf-keras give layers that are called with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.arranging import Laid, Site
from tflint.convert.tensorflow.layer_orders import names_of
from tflint.convert.tensorflow.order import Order
from tflint.convert.tensorflow.rebuild import Call, Slot, flatten, mapped, remade

# By TensorFlow's names and the class names of Keras 3, without capitals and underscores.
_ELEMENTWISE = names_of(
    "abs absolute add sub subtract multiply mul divide truediv truedivide realdiv floordiv "
    "floordivide divnonan dividenonan pow power neg negative square sqrt rsqrt cbrt exp expm1 "
    "exp2 log log1p log2 log10 maximum minimum clip clipbyvalue relu relu6 sigmoid softplus "
    "softsign silu swish elu selu celu gelu leakyrelu hardsigmoid hardsilu hardswish "
    "logsigmoid tanh sinh cosh sin cos tan arctan atan cast saturatecast where select greater "
    "greaterequal less lessequal equal notequal logicaland logicalor logicalnot sign round "
    "floor ceil reciprocal identity stopgradient mod fmod squareddifference erf hardtanh radd "
    "rsub rmul rtruediv squareplus copy"
)
_REDUCING = names_of(
    "mean sum max min amax amin prod var std any all logsumexp reducemean reducesum reducemax "
    "reducemin reduceprod reducevariance reducestd reduceany reduceall reducelogsumexp"
)
_RESHAPING = frozenset({"reshape", "expanddims", "squeeze"})
_TRANSPOSING = frozenset({"transpose", "moveaxis", "swapaxes"})


def operation(call: Call) -> str:
    """The operation of a call: `add`, `reducemean`; empty for a layer or anything unknown."""
    layer = call.layer
    kind = call.kind
    if kind in ("TFOpLambda", "SlicingOpLambda"):
        name = str(getattr(layer, "symbol", "") or "").rpartition(".")[2]
    elif type(layer).__module__.startswith("keras.src.ops."):
        name = kind
    else:
        return ""
    return name.replace("_", "").lower()


def made_again(site: Site) -> tuple[Laid, ...] | None:
    """An operation on tensors as they lie; None where it has to see the original's order."""
    name = operation(site.call)
    if name in _ELEMENTWISE:
        return _elementwise(site)
    if name in _REDUCING:
        return _reduced(site)
    make = _MADE.get(name)
    return None if make is None else make(site)


def is_elementwise(call: Call) -> bool:
    """Whether an operation goes value by value."""
    return operation(call) in _ELEMENTWISE


def is_reshaping(call: Call) -> bool:
    """Whether an operation puts the same values, in the same sequence, into another shape."""
    return operation(call) in _RESHAPING


def transposition(call: Call, rank: int) -> Order | None:
    """What an operation or `Permute` does to the dimensions; None for anything else."""
    name = operation(call)
    if call.kind == "Permute" and not name:
        return (0, *(int(axis) for axis in call.layer.dims))
    if name not in _TRANSPOSING:
        return None
    try:
        dims = _dims(call, name, rank)
    except (TypeError, ValueError):
        return None
    return dims if dims[0] == 0 and sorted(dims) == list(range(rank)) else None


def _dims(call: Call, name: str, rank: int) -> Order:
    if name == "transpose":
        axes = parameter(call, ("axes", "perm"), 1)
        axes = range(rank - 1, -1, -1) if axes is None else axes
        return tuple(int(axis) % rank for axis in np.asarray(axes).tolist())
    dims = np.arange(rank)
    if name == "swapaxes":
        one, other = (int(parameter(call, (f"axis{n}",), n)) for n in (1, 2))
        dims[[one, other]] = dims[[other, one]]
        return tuple(dims.tolist())
    source, destination = parameter(call, ("source",), 1), parameter(call, ("destination",), 2)
    numbered = np.broadcast_to(False, tuple(range(1, rank + 1)))
    return tuple(size - 1 for size in np.moveaxis(numbered, source, destination).shape)


def parameter(call: Call, names: Sequence[str], position: int) -> Any:
    """A parameter of an operation: its own attribute, or an argument of its call."""
    for name in names:
        if name in call.kwargs:
            return call.kwargs[name]
        if call.kind not in ("TFOpLambda", "SlicingOpLambda") and hasattr(call.layer, name):
            return getattr(call.layer, name)
    return call.args[position] if len(call.args) > position else None


def _changed(
    site: Site, tensors: Sequence[Any], names: Sequence[str], position: int, value: Any
) -> tuple[Any, ...]:
    """The operation with another parameter."""
    call, again = site.call, site.again
    for name in names:
        if name in call.kwargs:
            kwargs = {**call.kwargs, name: value}
            return again.called(call.layer, call.args, kwargs, call.inputs, tensors)
        if call.kind not in ("TFOpLambda", "SlicingOpLambda") and hasattr(call.layer, name):
            return again.replaced(call, _with(site, name, value), tensors)
    if len(call.args) > position:
        args = (*call.args[:position], value, *call.args[position + 1 :])
        return again.called(call.layer, args, call.kwargs, call.inputs, tensors)
    kwargs = {**call.kwargs, names[0]: value}
    return again.called(call.layer, call.args, kwargs, call.inputs, tensors)


def _with(site: Site, name: str, value: Any) -> Any:
    layer = site.call.layer
    return site.again.variant(
        layer, (name, repr(value)), lambda free: remade(layer, {name: value}, free)
    )


def _elementwise(site: Site) -> tuple[Laid, ...] | None:
    call = site.call
    keras = site.again.keras
    # What was stored as an array comes back as lists of numbers.
    dtype = site.again.graph.specs[call.inputs[0]].dtype
    args = tuple(_as_array(each, dtype) for each in call.args)
    kwargs = {name: _as_array(each, dtype) for name, each in call.kwargs.items()}
    if any(isinstance(each, (list, tuple, dict)) for each in (*args, *kwargs.values())):
        return None
    constants = [each for each in flatten((args, kwargs), keras) if _is_array(each)]
    rank = site.rank
    values = site.agreed()
    if any(value.rank != rank for value in values):
        return None
    if constants:
        if any(not _is_plain(each) or np.ndim(each) > rank for each in constants):
            return None
        values = tuple(map(site.arranging.numbered, values))
    order = values[0].order
    args, kwargs = mapped(lambda each: _turned(each, order), (args, kwargs), keras)
    tensors = [value.tensor for value in values]
    found = site.again.called(call.layer, args, kwargs, call.inputs, tensors)
    first = values[0]
    return tuple(Laid(each, order, first.rows, first.folded) for each in found)


def _as_array(value: Any, dtype: str) -> Any:
    if not isinstance(value, (list, tuple)) or not value:
        return value
    try:
        found = np.asarray(value)
    except ValueError:
        return value
    return found.astype(dtype) if found.dtype.kind in "biuf" else value


def _is_array(value: Any) -> bool:
    return not isinstance(value, (Slot, str, bytes)) and bool(getattr(value, "shape", ()))


def _is_plain(value: Any) -> bool:
    return isinstance(value, np.ndarray) or type(value).__name__ == "EagerTensor"


def _turned(value: Any, order: Order) -> Any:
    """A constant in an order; it broadcasts from its last dimension on."""
    if not _is_array(value):
        return value
    array = np.asarray(value)
    return array.reshape((1,) * (len(order) - array.ndim) + array.shape).transpose(order)


def _reduced(site: Site) -> tuple[Laid, ...] | None:
    value = site.arranging.numbered(site.values[0])
    axis = parameter(site.call, ("axis",), 1)
    if axis is None or len(site.values) > 1:
        return None
    axes = [int(each) % value.rank for each in np.ravel(axis)]
    if 0 in axes:
        return None
    moved = [orders.inverse(value.order)[each] for each in axes]
    keeps = bool(parameter(site.call, ("keepdims",), 2))
    found = _changed(site, [value.tensor], ("axis",), 1, moved)
    return site.made(found, value.order if keeps else orders.reduced(value.order, axes))


def _softmax(site: Site) -> tuple[Laid, ...] | None:
    value = site.arranging.numbered(site.values[0])
    axis = parameter(site.call, ("axis",), 1)
    axis = -1 if axis is None else axis
    if len(site.values) > 1 or np.ndim(axis):
        return None
    moved = orders.inverse(value.order)[int(axis) % value.rank]
    return site.made(_changed(site, [value.tensor], ("axis",), 1, moved), value.order)


def _concatenated(site: Site) -> tuple[Laid, ...] | None:
    axis = parameter(site.call, ("axis",), 1)
    values = tuple(map(site.arranging.numbered, site.agreed()))
    if axis is None or np.ndim(axis) or len({value.rank for value in values}) > 1:
        return None
    order = values[0].order
    moved = orders.inverse(order)[int(axis) % len(order)]
    tensors = [value.tensor for value in values]
    return site.made(_changed(site, tensors, ("axis",), 1, moved), order)


def _sliced(site: Site) -> tuple[Laid, ...] | None:
    """Slices and single positions of dimensions other than the batch."""
    value = site.arranging.numbered(site.values[0])
    call = site.call
    keys = _keys(parameter(call, ("key", "slice_spec"), 1), value.rank)
    if len(site.values) > 1 or keys is None or not call.args:
        return None
    turned = tuple(keys[dimension] for dimension in value.order)
    taken = [dimension for dimension, key in enumerate(keys) if not isinstance(key, slice)]
    if 0 in taken:
        return None
    found = site.again.called(call.layer, (call.args[0], turned), {}, call.inputs, [value.tensor])
    return site.made(found, orders.reduced(value.order, taken))


def _keys(given: Any, rank: int) -> list[Any] | None:
    keys = list(given) if isinstance(given, (list, tuple)) else [given]
    keys = [
        slice(key.get("start"), key.get("stop"), key.get("step")) if isinstance(key, dict) else key
        for key in keys
    ]
    if sum(key is Ellipsis for key in keys) == 1:
        at = next(number for number, key in enumerate(keys) if key is Ellipsis)
        keys[at : at + 1] = [slice(None)] * (rank - len(keys) + 1)
    keys += [slice(None)] * (rank - len(keys))
    if len(keys) != rank:
        return None
    for key in keys:
        parts = (key.start, key.stop, key.step) if isinstance(key, slice) else (key,)
        is_whole = all(part is None or type(part) is int for part in parts)
        if not is_whole or (key is None):
            return None
    return keys


_MADE: dict[str, Callable[[Site], tuple[Laid, ...] | None]] = {
    "softmax": _softmax,
    "logsoftmax": _softmax,
    "concatenate": _concatenated,
    "concat": _concatenated,
    "getitem": _sliced,
}
