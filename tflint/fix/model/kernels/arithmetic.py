"""Arithmetic of integers that does not overflow, and of floats that rounds once at a time."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tflint.fix.model.kernels.kernel import (
    Array,
    Kernel,
    Unknown,
    axes_of,
    axis_of,
    dtype_of,
    expect,
    integers,
)
from tflint.model.graph import Node
from tflint.model.schema import ActivationFunctionType, ReducerOptions

_Inputs = Sequence[Any]
_Map = Callable[..., Any]
# Python's integers cannot overflow, and are slow.
_MOST_EXACT = 1 << 16
_SMALLEST = np.finfo(np.float32).tiny
_BOUNDS: dict[ActivationFunctionType, tuple[float | None, float | None]] = {
    ActivationFunctionType.NONE: (None, None),
    ActivationFunctionType.RELU: (0, None),
    ActivationFunctionType.RELU6: (0, 6),
    ActivationFunctionType.RELU_N1_TO_1: (-1, 1),
}


def _held(array: Array) -> Array:
    """Floats as they are, where no core takes them for something else."""
    size = np.abs(array)
    if not np.isfinite(array).all() or bool(((size > 0) & (size < _SMALLEST)).any()):
        raise Unknown
    return array


def _clamped(array: Array, low: float | None, high: float | None) -> Array:
    """As `std::min(std::max(x, low), high)`: -0.0 stays where 0.0 is the bound."""
    if low is not None:
        array = np.where(array < low, np.float32(low), array)
    if high is not None:
        array = np.where(array > high, np.float32(high), array)
    return array


def _exact(array: Array) -> Array:
    """Integers that do not overflow."""
    if array.size > _MOST_EXACT:
        raise Unknown
    return array.astype(object)


def _as_stored(found: Any, node: Node) -> Array:
    """Exact integers as the output holds them; `Unknown` where it cannot."""
    dtype, array = dtype_of(node.outputs[0].type), np.asarray(found)
    if dtype is None:
        raise Unknown
    bounds = np.iinfo(dtype)
    if array.size and not bounds.min <= array.min() <= array.max() <= bounds.max:
        raise Unknown
    return array.astype(dtype)


def _elementwise(of_floats: _Map | None, of_integers: _Map | None) -> Kernel:
    def compute(node: Node, inputs: _Inputs) -> list[Array]:
        expect(np.broadcast_shapes(*(array.shape for array in inputs)), node.outputs[0])
        if inputs[0].dtype.kind != "f":
            if of_integers is None:
                raise Unknown
            return [_as_stored(of_integers(*(_exact(array) for array in inputs)), node)]
        if of_floats is None:
            raise Unknown
        found = _held(np.asarray(of_floats(*(_held(array) for array in inputs)), np.float32))
        activation = getattr(node.options, "fused_activation_function", ActivationFunctionType.NONE)
        return [_clamped(found, *_BOUNDS[activation])]

    return compute


def _nonzero(divisor: Array) -> Array:
    if not np.all(divisor != 0):
        raise Unknown
    return divisor


def _truncated(a: Array, b: Array) -> Any:
    """Division towards zero, as in C."""
    quotient = abs(a) // abs(_nonzero(b))
    return np.where((a < 0) != (b < 0), -quotient, quotient)


def _maximum(a: Array, b: Array) -> Array:
    return np.where(a > b, a, b)


def _minimum(a: Array, b: Array) -> Array:
    return np.where(a < b, a, b)


def _square_of_difference(a: Array, b: Array) -> Any:
    difference = a - b
    return difference * difference


def _reciprocal_root(x: Array) -> Any:
    return np.float32(1) / np.sqrt(x)


def _rounded(x: Array) -> Array:
    """Halves to even numbers. Source: `RoundToNearest` of LiteRT's reference kernels."""
    if np.abs(x).max(initial=0) >= 2**31:
        raise Unknown
    floor = np.floor(x)
    rest = x - floor
    is_down = (rest < 0.5) | ((rest == 0.5) & (floor.astype(np.int64) % 2 == 0))
    return np.where(is_down, floor, floor + np.float32(1))


def _activation(kind: ActivationFunctionType) -> Kernel:
    def compute(node: Node, inputs: _Inputs) -> list[Array]:
        return [_clamped(_held(inputs[0]), *_BOUNDS[kind])]

    return compute


def _cast(node: Node, inputs: _Inputs) -> list[Array]:
    x, dtype = inputs[0], dtype_of(node.outputs[0].type)
    if dtype is None:
        raise Unknown
    if dtype.kind == "b":
        return [x != 0]
    if x.dtype.kind == "f":
        x = _held(x)
        if dtype.kind != "f":
            x = np.trunc(x).astype(np.float64)
    if dtype.kind != "f":
        bounds = np.iinfo(dtype)
        # The largest of int64 is no float; one step below 2**63 is the next.
        if x.size and not bounds.min <= x.min() <= x.max() < bounds.max + 1:
            raise Unknown
    return [x.astype(dtype)]


def _quantised(node: Node, inputs: _Inputs) -> list[Array]:
    """Halves away from zero. Source: `AffineQuantize` of LiteRT's reference kernels."""
    y = node.outputs[0]
    dtype, quantization = dtype_of(y.type), y.quantization
    if dtype is None or quantization is None or not 0 < quantization.scale[0] < np.inf:
        raise Unknown
    bounds = np.iinfo(dtype)
    scaled = _held(_held(inputs[0]) / np.float32(quantization.scale[0])).astype(np.float64)
    if np.abs(scaled).max(initial=0) >= 2**30:
        raise Unknown
    steps = np.trunc(scaled + np.copysign(0.5, scaled)) + quantization.zero_point[0]
    return [np.clip(steps, bounds.min, bounds.max).astype(dtype)]


def _compared(compare: Callable[[Any, Any], Any]) -> Kernel:
    def compute(node: Node, inputs: _Inputs) -> list[Array]:
        a, b = inputs
        expect(np.broadcast_shapes(a.shape, b.shape), node.outputs[0])
        if a.dtype.kind == "f":
            a, b = _held(a), _held(b)
        return [np.asarray(compare(a, b), np.bool_)]

    return compute


def _logical(combine: Callable[..., Any]) -> Kernel:
    def compute(node: Node, inputs: _Inputs) -> list[Array]:
        expect(np.broadcast_shapes(*(array.shape for array in inputs)), node.outputs[0])
        return [np.asarray(combine(*inputs), np.bool_)]

    return compute


def _reduced(reduce: Callable[..., Any], *, ordered: bool = False) -> Kernel:
    def compute(node: Node, inputs: _Inputs) -> list[Array]:
        x, options = inputs[0], node.options
        axes = axes_of(inputs[1], x.ndim)
        keep = isinstance(options, ReducerOptions) and options.keep_dims
        if x.dtype.kind == "b":
            return [np.asarray(reduce(x, axis=axes, keepdims=keep))]
        if x.dtype.kind == "f":
            # Which of two zeros is the larger is for the kernel to say.
            if not ordered or bool((np.signbit(x) & (x == 0)).any()):
                raise Unknown
            return [np.asarray(reduce(_held(x), axis=axes, keepdims=keep), x.dtype)]
        return [_as_stored(reduce(_exact(x), axis=axes, keepdims=keep), node)]

    return compute


def _place(find: Callable[..., Any]) -> Kernel:
    def compute(node: Node, inputs: _Inputs) -> list[Array]:
        x, y = inputs[0], node.outputs[0]
        if x.dtype.kind == "f":
            _held(x)
        return [np.asarray(find(x, axis=axis_of(inputs[1], x.ndim)), dtype_of(y.type))]

    return compute


def _range(node: Node, inputs: _Inputs) -> list[Array]:
    y = node.outputs[0]
    if any(array.size != 1 for array in inputs):
        raise Unknown
    if inputs[0].dtype.kind == "f":
        return [_range_of_floats(node, *(_held(array).reshape(()) for array in inputs))]
    start, limit, delta = (integers(array)[0] for array in inputs)
    numbers = range(start, limit, delta)
    expect((len(numbers),), y)
    return [np.array(numbers, dtype_of(y.type))]


def _range_of_floats(node: Node, start: Any, limit: Any, delta: Any) -> Array:
    """Where summing up and multiplying, of which kernels do either, come to the same."""
    count = np.ceil(np.abs((limit - start) / _nonzero(delta)))
    expect((int(count),), node.outputs[0])
    steps = np.full(int(count), delta, np.float32)
    steps[:1] = start
    found = np.add.accumulate(steps, dtype=np.float32)
    multiplied = start + np.arange(int(count), dtype=np.float32) * delta
    if (limit > start) != (delta > 0) or not np.array_equal(found, multiplied):
        raise Unknown
    return _held(found)


KERNELS: dict[str, Kernel] = {
    "ADD": _elementwise(operator.add, operator.add),
    "SUB": _elementwise(operator.sub, operator.sub),
    "MUL": _elementwise(operator.mul, operator.mul),
    "DIV": _elementwise(lambda a, b: a / _nonzero(b), _truncated),
    # LiteRT divides floats with other precision there than DIV does.
    "FLOOR_DIV": _elementwise(None, lambda a, b: a // _nonzero(b)),
    "FLOOR_MOD": _elementwise(None, lambda a, b: a % _nonzero(b)),
    "MAXIMUM": _elementwise(_maximum, _maximum),
    "MINIMUM": _elementwise(_minimum, _minimum),
    "SQUARED_DIFFERENCE": _elementwise(_square_of_difference, _square_of_difference),
    "NEG": _elementwise(operator.neg, operator.neg),
    "ABS": _elementwise(np.abs, abs),
    "SQUARE": _elementwise(lambda x: x * x, None),
    "SQRT": _elementwise(np.sqrt, None),
    "RSQRT": _elementwise(_reciprocal_root, None),
    "FLOOR": _elementwise(np.floor, None),
    "CEIL": _elementwise(np.ceil, None),
    "ROUND": _elementwise(_rounded, None),
    "RELU": _activation(ActivationFunctionType.RELU),
    "RELU6": _activation(ActivationFunctionType.RELU6),
    "RELU_N1_TO_1": _activation(ActivationFunctionType.RELU_N1_TO_1),
    "CAST": _cast,
    "QUANTIZE": _quantised,
    "EQUAL": _compared(operator.eq),
    "NOT_EQUAL": _compared(operator.ne),
    "LESS": _compared(operator.lt),
    "LESS_EQUAL": _compared(operator.le),
    "GREATER": _compared(operator.gt),
    "GREATER_EQUAL": _compared(operator.ge),
    "LOGICAL_AND": _logical(operator.and_),
    "LOGICAL_OR": _logical(operator.or_),
    "LOGICAL_NOT": _logical(operator.invert),
    "SUM": _reduced(np.sum),
    "REDUCE_PROD": _reduced(np.prod),
    "REDUCE_MAX": _reduced(np.max, ordered=True),
    "REDUCE_MIN": _reduced(np.min, ordered=True),
    "REDUCE_ANY": _reduced(np.any),
    "REDUCE_ALL": _reduced(np.all),
    "ARG_MAX": _place(np.argmax),
    "ARG_MIN": _place(np.argmin),
    "RANGE": _range,
}
