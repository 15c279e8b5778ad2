"""Operators that move elements, or fill with them, and never look at what they stand for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tflint.fix.model.kernels.kernel import (
    Array,
    Kernel,
    Unknown,
    axis_of,
    dtype_of,
    expect,
    integers,
)
from tflint.model.graph import Node
from tflint.model.schema import (
    ConcatenationOptions,
    GatherOptions,
    MirrorPadMode,
    MirrorPadOptions,
    PackOptions,
    ReshapeOptions,
    SqueezeOptions,
    StridedSliceOptions,
    TensorType,
    UnpackOptions,
)

_Inputs = Sequence[Any]


def _shape(node: Node, inputs: _Inputs) -> list[Array]:
    x, y = node.inputs[0], node.outputs[0]
    if x is None or not x.shape or min(x.shape) < 1:
        raise Unknown
    return [np.array(x.shape, dtype_of(y.type))]


def _rank(node: Node, inputs: _Inputs) -> list[Array]:
    x, y = node.inputs[0], node.outputs[0]
    if x is None or not x.shape:
        raise Unknown
    return [np.array(len(x.shape), dtype_of(y.type))]


def _reshape(node: Node, inputs: _Inputs) -> list[Array]:
    x, y = inputs[0], node.outputs[0]
    if len(inputs) > 1:
        shape = integers(inputs[1])
    elif isinstance(node.options, ReshapeOptions):
        shape = list(node.options.new_shape)
    else:
        raise Unknown
    if shape.count(-1) == 1:
        rest = -math.prod(shape)
        if rest < 1 or x.size % rest:
            raise Unknown
        shape[shape.index(-1)] = x.size // rest
    expect(shape, y)
    return [x.reshape(y.shape)]


def _squeeze(node: Node, inputs: _Inputs) -> list[Array]:
    x = inputs[0]
    options = node.options
    named = options.squeeze_dims if isinstance(options, SqueezeOptions) else ()
    axes = [axis_of(axis, x.ndim) for axis in named]
    if not axes:
        axes = [axis for axis, dimension in enumerate(x.shape) if dimension == 1]
    return [np.squeeze(x, tuple(set(axes)))]


def _expand_dims(node: Node, inputs: _Inputs) -> list[Array]:
    return [np.expand_dims(inputs[0], axis_of(inputs[1], inputs[0].ndim + 1))]


def _transpose(node: Node, inputs: _Inputs) -> list[Array]:
    order = integers(inputs[1])
    if sorted(order) != list(range(inputs[0].ndim)):
        raise Unknown
    return [np.ascontiguousarray(inputs[0].transpose(order))]


def _slice(node: Node, inputs: _Inputs) -> list[Array]:
    x, begin, size = inputs[0], integers(inputs[1]), integers(inputs[2])
    slices = []
    for first, count, dimension in zip(begin, size, x.shape, strict=True):
        count = dimension - first if count == -1 else count
        if first < 0 or count < 1 or first + count > dimension:
            raise Unknown
        slices.append(slice(first, first + count))
    return [x[tuple(slices)].copy()]


def _strided_slice(node: Node, inputs: _Inputs) -> list[Array]:
    x, options = inputs[0], node.options
    begin, end, strides = (integers(argument) for argument in inputs[1:])
    if not isinstance(options, StridedSliceOptions) or len(begin) > x.ndim:
        raise Unknown
    slices: list[slice | int] = []
    for axis, (first, last, stride) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << axis
        if options.shrink_axis_mask & bit:
            if options.begin_mask & bit or stride < 1:
                raise Unknown
            slices.append(_index(first, x.shape[axis]))
            continue
        if stride == 0:
            raise Unknown
        slices.append(
            slice(
                None if options.begin_mask & bit else first,
                None if options.end_mask & bit else last,
                stride,
            )
        )
    return [np.array(x[tuple(slices)], x.dtype)]


def _index(index: int, dimension: int) -> int:
    if not -dimension <= index < dimension:
        raise Unknown
    return index % dimension


def _pack(node: Node, inputs: _Inputs) -> list[Array]:
    y, options = node.outputs[0], node.options
    axis = options.axis if isinstance(options, PackOptions) else 0
    shape = list(inputs[0].shape)
    if any(list(x.shape) != shape for x in inputs):
        raise Unknown
    axis = axis_of(axis, len(shape) + 1)
    expect([*shape[:axis], len(inputs), *shape[axis:]], y)
    return [np.stack(inputs, axis)]


def _unpack(node: Node, inputs: _Inputs) -> list[Array]:
    x, options = inputs[0], node.options
    axis = axis_of(options.axis if isinstance(options, UnpackOptions) else 0, x.ndim)
    if x.shape[axis] != len(node.outputs):
        raise Unknown
    return [np.ascontiguousarray(part) for part in np.moveaxis(x, axis, 0)]


def _concatenation(node: Node, inputs: _Inputs) -> list[Array]:
    y, options, first = node.outputs[0], node.options, inputs[0]
    axis = options.axis if isinstance(options, ConcatenationOptions) else 0
    axis = axis_of(axis, first.ndim)
    shape = list(first.shape)
    if any(x.ndim != first.ndim for x in inputs):
        raise Unknown
    shape[axis] = sum(x.shape[axis] for x in inputs)
    expect(shape, y)
    return [np.concatenate(inputs, axis)]


def _gather(node: Node, inputs: _Inputs) -> list[Array]:
    x, indices, y, options = inputs[0], inputs[1], node.outputs[0], node.options
    axis = axis_of(options.axis if isinstance(options, GatherOptions) else 0, x.ndim)
    expect([*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]], y)
    if indices.size and not 0 <= indices.min() <= indices.max() < x.shape[axis]:
        raise Unknown
    return [np.asarray(np.take(x, indices, axis))]


def _split(node: Node, inputs: _Inputs) -> list[Array]:
    axis, x = axis_of(inputs[0], inputs[1].ndim), inputs[1]
    return [part.copy() for part in np.split(x, len(node.outputs), axis)]


def _split_v(node: Node, inputs: _Inputs) -> list[Array]:
    x, sizes = inputs[0], integers(inputs[1])
    axis = axis_of(inputs[2], x.ndim)
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    if min(sizes, default=0) < 1 or sum(sizes) != x.shape[axis]:
        raise Unknown
    ends = list(itertools.accumulate(sizes))
    return [part.copy() for part in np.split(x, ends[:-1], axis)]


def _tile(node: Node, inputs: _Inputs) -> list[Array]:
    x, multiples = inputs[0], integers(inputs[1])
    if len(multiples) != x.ndim:
        raise Unknown
    expect([d * m for d, m in zip(x.shape, multiples, strict=True)], node.outputs[0])
    return [np.tile(x, multiples)]


def _broadcast_to(node: Node, inputs: _Inputs) -> list[Array]:
    y = node.outputs[0]
    expect(integers(inputs[1]), y)
    return [np.broadcast_to(inputs[0], y.shape).copy()]


def _broadcast_args(node: Node, inputs: _Inputs) -> list[Array]:
    shape = np.broadcast_shapes(*(tuple(integers(array)) for array in inputs))
    return [np.array(shape, dtype_of(node.outputs[0].type))]


def _reverse(node: Node, inputs: _Inputs) -> list[Array]:
    return [np.flip(inputs[0], axis_of(inputs[1], inputs[0].ndim)).copy()]


def _fill(node: Node, inputs: _Inputs) -> list[Array]:
    y, value = node.outputs[0], inputs[1]
    expect(integers(inputs[0]), y)
    if value.size != 1:
        raise Unknown
    return [np.full(y.shape, value.reshape(()), value.dtype)]


def _zeros_like(node: Node, inputs: _Inputs) -> list[Array]:
    return [np.zeros_like(inputs[0])]


def _paddings(node: Node, inputs: _Inputs) -> list[tuple[int, int]]:
    x, paddings = inputs[0], inputs[1]
    if paddings.shape != (x.ndim, 2) or paddings.min(initial=0) < 0:
        raise Unknown
    pairs = [(int(before), int(behind)) for before, behind in paddings]
    expect([d + sum(pair) for d, pair in zip(x.shape, pairs, strict=True)], node.outputs[0])
    return pairs


def _pad(node: Node, inputs: _Inputs) -> list[Array]:
    x, y = inputs[0], node.outputs[0]
    value = 0
    if y.type is TensorType.INT8:
        if y.quantization is None or len(y.quantization.zero_point) != 1:
            raise Unknown
        value = y.quantization.zero_point[0]
    return [np.pad(x, _paddings(node, inputs), constant_values=value)]


def _pad_v2(node: Node, inputs: _Inputs) -> list[Array]:
    x, value = inputs[0], inputs[2]
    if value.size != 1:
        raise Unknown
    return [np.pad(x, _paddings(node, inputs), constant_values=value.reshape(()))]


def _mirror_pad(node: Node, inputs: _Inputs) -> list[Array]:
    x, options = inputs[0], node.options
    if not isinstance(options, MirrorPadOptions):
        raise Unknown
    pairs = _paddings(node, inputs)
    reflects = options.mode == MirrorPadMode.REFLECT
    if any(max(pair) > d - reflects for d, pair in zip(x.shape, pairs, strict=True)):
        raise Unknown
    return [np.pad(x, pairs, "reflect" if reflects else "symmetric")]


def _select(node: Node, inputs: _Inputs) -> list[Array]:
    expect(np.broadcast_shapes(*(array.shape for array in inputs)), node.outputs[0])
    condition, then, otherwise = inputs
    return [np.asarray(np.where(condition, then, otherwise))]


KERNELS: dict[str, Kernel] = {
    "SHAPE": _shape,
    "RANK": _rank,
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand_dims,
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "PACK": _pack,
    "UNPACK": _unpack,
    "CONCATENATION": _concatenation,
    "GATHER": _gather,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "TILE": _tile,
    "BROADCAST_TO": _broadcast_to,
    "BROADCAST_ARGS": _broadcast_args,
    "REVERSE_V2": _reverse,
    "FILL": _fill,
    "ZEROS_LIKE": _zeros_like,
    "PAD": _pad,
    "PADV2": _pad_v2,
    "MIRROR_PAD": _mirror_pad,
    "SELECT_V2": _select,
}
