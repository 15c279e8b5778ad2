"""Operators on constants drawn at random: inputs, and what type and shape the outputs have."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tflint.analysis.evaluable import _COMPARISONS
from tflint.fix.model.kernels.kernel import dtype_of
from tflint.model.record import Record
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ArgMaxOptions,
    ArgMinOptions,
    CastOptions,
    ConcatenationOptions,
    DivOptions,
    FillOptions,
    GatherOptions,
    MirrorPadMode,
    MirrorPadOptions,
    MulOptions,
    PackOptions,
    PadOptions,
    PadV2Options,
    RangeOptions,
    ReducerOptions,
    ReshapeOptions,
    ShapeOptions,
    SliceOptions,
    SplitOptions,
    SplitVOptions,
    SqueezeOptions,
    StridedSliceOptions,
    SubOptions,
    TensorType,
    TileOptions,
    TransposeOptions,
    UnpackOptions,
)

FLOAT32, INT8, INT32, INT64, BOOL = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT32,
    TensorType.INT64,
    TensorType.BOOL,
)
Shape = tuple[int, ...]
# An operator on constants: its inputs as arrays, the type and shape of its outputs, its options.
Case = tuple[Sequence[Any], TensorType, Sequence[Shape], Record | None]
NARROW = (INT8, TensorType.INT16, TensorType.UINT8)
NUMBERS = (FLOAT32, INT32, INT64)
OF_FLOATS = ("SQUARE", "FLOOR", "CEIL", "ROUND", "RELU", "RELU6", "RELU_N1_TO_1")


def ints(*values: int, scalar: bool = False, type: Any = np.int32) -> Any:
    return np.array(values[0] if scalar else values, type)


def elements(rng: random.Random, shape: Shape, type: TensorType) -> Any:
    """Numbers of a type: halves and whole ones among the floats, small ones among integers."""
    count = math.prod(shape)
    if type is FLOAT32:
        values: list[Any] = [
            rng.choice((0.5 * rng.randint(-9, 9), rng.gauss(0, 4), rng.gauss(0, 1e6)))
            for _ in range(count)
        ]
    elif type is BOOL:
        values = [rng.random() < 0.5 for _ in range(count)]
    else:
        values = [rng.randint(-99, 99) for _ in range(count)]
    return np.array(values, dtype_of(type)).reshape(shape)


def shape_of(rng: random.Random, rank: int | None = None) -> Shape:
    rank = rng.randint(1, 4) if rank is None else rank
    return tuple(rng.randint(1, 4) for _ in range(rank))


def moved(rng: random.Random) -> TensorType:
    return rng.choice((FLOAT32, INT8, INT32, INT64))


def reshape(rng: random.Random) -> Case:
    shape, type = shape_of(rng), moved(rng)
    to = [math.prod(shape), 1]
    rng.shuffle(to)
    if rng.random() < 0.2:
        options = ReshapeOptions(new_shape=tuple(to))
        return [elements(rng, shape, type)], type, [tuple(to)], options
    asked = [-1 if rng.random() < 0.3 and i == 0 else d for i, d in enumerate(to)]
    return [elements(rng, shape, type), ints(*asked)], type, [tuple(to)], ReshapeOptions()


def squeeze(rng: random.Random) -> Case:
    rest, type = shape_of(rng, 2), moved(rng)
    rest = tuple(d + 1 for d in rest)
    shape, dims = rng.choice((((1, *rest), (0,)), ((rest[0], 1, rest[1]), (-2,)), ((1, *rest), ())))
    return [elements(rng, shape, type)], type, [rest], SqueezeOptions(squeeze_dims=dims)


def expand_dims(rng: random.Random) -> Case:
    shape, type = shape_of(rng, rng.randint(1, 3)), moved(rng)
    axis = rng.randint(-len(shape) - 1, len(shape))
    to = np.expand_dims(np.zeros(shape), axis).shape
    return [elements(rng, shape, type), ints(axis, scalar=True)], type, [to], None


def transpose(rng: random.Random) -> Case:
    shape, type = shape_of(rng), moved(rng)
    order = rng.sample(range(len(shape)), len(shape))
    to = tuple(shape[p] for p in order)
    return [elements(rng, shape, type), ints(*order)], type, [to], TransposeOptions()


def slice_(rng: random.Random) -> Case:
    shape, type = shape_of(rng), moved(rng)
    begin = [rng.randrange(d) for d in shape]
    size = [rng.randint(1, d - b) for d, b in zip(shape, begin, strict=True)]
    asked = [
        -1 if b + s == d and rng.random() < 0.5 else s
        for d, b, s in zip(shape, begin, size, strict=True)
    ]
    inputs = [elements(rng, shape, type), ints(*begin), ints(*asked)]
    return inputs, type, [tuple(size)], SliceOptions()


def strided_slice(rng: random.Random) -> Case:
    shape, type = shape_of(rng), moved(rng)
    begin = [rng.randint(-d - 1, d) for d in shape]
    end = [rng.randint(-d - 1, d + 2) for d in shape]
    strides = [rng.choice((1, 1, 2, -1)) for _ in shape]
    shrink = 0
    for axis in range(len(shape)):
        if rng.random() < 0.2:
            shrink |= 1 << axis
            begin[axis], strides[axis] = rng.randrange(shape[axis]), 1
            end[axis] = begin[axis] + 1
    begins, ends = (rng.randrange(16) & ~shrink for _ in range(2))
    x = elements(rng, shape, type)
    index = tuple(
        begin[a]
        if shrink >> a & 1
        else slice(
            None if begins >> a & 1 else begin[a], None if ends >> a & 1 else end[a], strides[a]
        )
        for a in range(len(shape))
    )
    options = StridedSliceOptions(begin_mask=begins, end_mask=ends, shrink_axis_mask=shrink)
    return [x, ints(*begin), ints(*end), ints(*strides)], type, [x[index].shape], options


def pack(rng: random.Random) -> Case:
    shape, type, count = shape_of(rng, rng.randint(0, 3)), moved(rng), rng.randint(1, 3)
    axis = rng.randint(-len(shape) - 1, len(shape))
    parts = [elements(rng, shape, type) for _ in range(count)]
    options = PackOptions(values_count=count, axis=axis)
    return parts, type, [np.stack(parts, axis).shape], options


def unpack(rng: random.Random) -> Case:
    shape, type = shape_of(rng), moved(rng)
    axis = rng.randrange(len(shape))
    to = (*shape[:axis], *shape[axis + 1 :])
    options = UnpackOptions(num=shape[axis], axis=axis)
    return [elements(rng, shape, type)], type, [to] * shape[axis], options


def concatenation(rng: random.Random) -> Case:
    shape, type = list(shape_of(rng)), moved(rng)
    axis = rng.randrange(len(shape))
    parts = []
    for _ in range(rng.randint(1, 3)):
        shape[axis] = rng.randint(1, 3)
        parts.append(elements(rng, tuple(shape), type))
    to = np.concatenate(parts, axis).shape
    axis -= rng.choice((0, len(shape)))
    return parts, type, [to], ConcatenationOptions(axis=axis)


def gather(rng: random.Random) -> Case:
    shape, type, at = shape_of(rng, rng.randint(1, 3)), moved(rng), shape_of(rng, rng.randint(0, 2))
    axis = rng.randrange(len(shape))
    picked = np.array([rng.randrange(shape[axis]) for _ in range(math.prod(at))], np.int32)
    to = (*shape[:axis], *at, *shape[axis + 1 :])
    return [elements(rng, shape, type), picked.reshape(at)], type, [to], GatherOptions(axis=axis)


def split(rng: random.Random) -> Case:
    shape, type, count = list(shape_of(rng)), moved(rng), rng.randint(1, 3)
    axis = rng.randrange(len(shape))
    to = tuple(shape)
    shape[axis] *= count
    inputs = [ints(axis, scalar=True), elements(rng, tuple(shape), type)]
    return inputs, type, [to] * count, SplitOptions(num_splits=count)


def split_v(rng: random.Random) -> Case:
    shape, type = list(shape_of(rng)), moved(rng)
    axis = rng.randrange(len(shape))
    sizes = [rng.randint(1, 3) for _ in range(rng.randint(1, 3))]
    shape[axis] = sum(sizes)
    asked = list(sizes)
    asked[-1] = rng.choice((sizes[-1], -1))
    outputs = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    inputs = [elements(rng, tuple(shape), type), ints(*asked), ints(axis, scalar=True)]
    return inputs, type, outputs, SplitVOptions(num_splits=len(sizes))


def tile(rng: random.Random) -> Case:
    shape, type = shape_of(rng), rng.choice((FLOAT32, INT32, INT64))
    multiples = [rng.randint(1, 3) for _ in shape]
    to = tuple(d * m for d, m in zip(shape, multiples, strict=True))
    return [elements(rng, shape, type), ints(*multiples)], type, [to], TileOptions()


def broadcast_to(rng: random.Random) -> Case:
    to, type = shape_of(rng), moved(rng)
    shape = tuple(rng.choice((1, d)) for d in to)
    return [elements(rng, shape, type), ints(*to)], type, [to], None


def broadcast_args(rng: random.Random) -> Case:
    to = shape_of(rng)
    a, b = ([rng.choice((1, d)) for d in to] for _ in range(2))
    b = [d if e == 1 else f for d, e, f in zip(to, a, b, strict=True)]
    return (
        [ints(*a), ints(*b[rng.choice((0, 0, 1)) * (a[0] == to[0]) :])],
        INT32,
        [(len(to),)],
        None,
    )


def reverse(rng: random.Random) -> Case:
    shape, type = shape_of(rng), rng.choice(NUMBERS)
    return [elements(rng, shape, type), ints(rng.randrange(len(shape)))], type, [shape], None


def pad(rng: random.Random, *, value: bool = False) -> Case:
    shape, type = shape_of(rng), rng.choice((FLOAT32, INT32, INT8))
    pairs = [(rng.randint(0, 2), rng.randint(0, 2)) for _ in shape]
    to = tuple(d + a + b for d, (a, b) in zip(shape, pairs, strict=True))
    inputs = [elements(rng, shape, type), np.array(pairs, np.int32)]
    more = [elements(rng, (), type)] if value else []
    return [*inputs, *more], type, [to], PadV2Options() if value else PadOptions()


def mirror_pad(rng: random.Random) -> Case:
    shape, type = tuple(d + 1 for d in shape_of(rng)), rng.choice((FLOAT32, INT32, INT8))
    mode = rng.choice((MirrorPadMode.REFLECT, MirrorPadMode.SYMMETRIC))
    most = [d - (mode is MirrorPadMode.REFLECT) for d in shape]
    pairs = [(rng.randint(0, m), rng.randint(0, m)) for m in most]
    to = tuple(d + a + b for d, (a, b) in zip(shape, pairs, strict=True))
    inputs = [elements(rng, shape, type), np.array(pairs, np.int32)]
    return inputs, type, [to], MirrorPadOptions(mode=mode)


def fill(rng: random.Random) -> Case:
    shape, type = shape_of(rng), rng.choice((FLOAT32, INT32, INT64))
    return [ints(*shape), elements(rng, (), type)], type, [shape], FillOptions()


def select(rng: random.Random) -> Case:
    to, type = shape_of(rng), rng.choice((FLOAT32, INT32))
    shapes = [tuple(rng.choice((1, d)) for d in to) for _ in range(3)]
    inputs = [elements(rng, s, t) for s, t in zip(shapes, (BOOL, type, type), strict=True)]
    return inputs, type, [np.broadcast_shapes(*shapes)], None


def cast(rng: random.Random) -> Case:
    shape, types = shape_of(rng), (FLOAT32, INT32, INT64, INT8, BOOL)
    source, to = rng.choice(types), rng.choice(types)
    return [elements(rng, shape, source)], to, [shape], CastOptions(source, to)


def quantize(rng: random.Random) -> Case:
    shape = shape_of(rng)
    return [elements(rng, shape, FLOAT32)], rng.choice(NARROW), [shape], None


def range_(rng: random.Random) -> Case:
    start, delta, count = rng.randint(-9, 9), rng.choice((1, 2, -1, -3)), rng.randint(1, 9)
    numbers = (start, start + delta * count, delta)
    if rng.random() < 0.5:
        return [np.float32(n / 2) for n in numbers], FLOAT32, [(count,)], RangeOptions()
    return [ints(n, scalar=True) for n in numbers], INT32, [(count,)], RangeOptions()


def shape(rng: random.Random) -> Case:
    x, type = shape_of(rng), rng.choice((INT32, INT64))
    return [elements(rng, x, FLOAT32)], type, [(len(x),)], ShapeOptions(out_type=type)


def rank(rng: random.Random) -> Case:
    return [elements(rng, shape_of(rng), FLOAT32)], INT32, [()], None


def reduction(rng: random.Random, *types: TensorType) -> Case:
    x, type, keep = shape_of(rng), rng.choice(types), rng.random() < 0.5
    axes = sorted(rng.sample(range(len(x)), rng.randint(1, len(x))))
    to = np.sum(np.zeros(x), axis=tuple(axes), keepdims=keep).shape
    array = elements(rng, x, type)
    if type in (INT32, INT64):
        array = np.clip(array, -3, 3)
    return [array, ints(*axes)], type, [to], ReducerOptions(keep_dims=keep)


def place(rng: random.Random, options: Callable[..., Record]) -> Case:
    x, to = shape_of(rng), rng.choice((INT32, INT64))
    axis = rng.randrange(len(x))
    inputs = [elements(rng, x, FLOAT32), ints(axis, scalar=True)]
    return inputs, to, [(*x[:axis], *x[axis + 1 :])], options(output_type=to)


def binary(rng: random.Random, options: Callable[..., Record] | None, *types: TensorType) -> Case:
    to, type = shape_of(rng), rng.choice(types)
    shapes = [tuple(rng.choice((1, d, d)) for d in to) for _ in range(2)]
    inputs = [elements(rng, s, type) for s in shapes]
    activation = ActivationFunctionType.NONE
    if type is FLOAT32 and rng.random() < 0.5:
        activation = ActivationFunctionType(rng.randint(0, 3))
    return (
        inputs,
        type,
        [np.broadcast_shapes(*shapes)],
        None if options is None else options(fused_activation_function=activation),
    )


def unary(rng: random.Random, *types: TensorType) -> Case:
    shape, type = shape_of(rng), rng.choice(types)
    return [elements(rng, shape, type)], type, [shape], None


def root(rng: random.Random) -> Case:
    (x,), type, shapes, _ = unary(rng, FLOAT32)
    return [np.abs(x)], type, shapes, None


def comparison(rng: random.Random) -> Case:
    inputs, _, shapes, _ = binary(rng, None, FLOAT32, INT32, INT64)
    return inputs, BOOL, shapes, None


CASES: dict[str, Callable[[random.Random], Case]] = {
    "SHAPE": shape,
    "RANK": rank,
    "RESHAPE": reshape,
    "SQUEEZE": squeeze,
    "EXPAND_DIMS": expand_dims,
    "TRANSPOSE": transpose,
    "SLICE": slice_,
    "STRIDED_SLICE": strided_slice,
    "PACK": pack,
    "UNPACK": unpack,
    "CONCATENATION": concatenation,
    "GATHER": gather,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "TILE": tile,
    "BROADCAST_TO": broadcast_to,
    "BROADCAST_ARGS": broadcast_args,
    "REVERSE_V2": reverse,
    "PAD": pad,
    "PADV2": lambda rng: pad(rng, value=True),
    "MIRROR_PAD": mirror_pad,
    "FILL": fill,
    "ZEROS_LIKE": lambda rng: unary(rng, *NUMBERS),
    "SELECT_V2": select,
    "CAST": cast,
    "QUANTIZE": quantize,
    "RANGE": range_,
    "DIV": lambda rng: binary(rng, DivOptions, FLOAT32, INT32),
    "FLOOR_DIV": lambda rng: binary(rng, None, INT32),
    "FLOOR_MOD": lambda rng: binary(rng, None, INT32, INT64),
    "SQUARED_DIFFERENCE": lambda rng: binary(rng, None, FLOAT32, INT32),
    "NEG": lambda rng: unary(rng, FLOAT32, INT32, INT64),
    "ABS": lambda rng: unary(rng, FLOAT32, INT32),
    "LOGICAL_NOT": lambda rng: unary(rng, BOOL),
    "ARG_MAX": lambda rng: place(rng, ArgMaxOptions),
    "ARG_MIN": lambda rng: place(rng, ArgMinOptions),
    "ADD": lambda rng: binary(rng, AddOptions, FLOAT32, INT32, INT64),
    "SUB": lambda rng: binary(rng, SubOptions, FLOAT32, INT32, INT64),
    "MUL": lambda rng: binary(rng, MulOptions, FLOAT32, INT32, INT64),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), lambda rng: binary(rng, None, *NUMBERS)),
    **dict.fromkeys(("LOGICAL_AND", "LOGICAL_OR"), lambda rng: binary(rng, None, BOOL)),
    **dict.fromkeys(("SQRT", "RSQRT"), root),
    **dict.fromkeys(("SUM", "REDUCE_PROD"), lambda rng: reduction(rng, INT32, INT64)),
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN"), lambda rng: reduction(rng, *NUMBERS)),
    **dict.fromkeys(("REDUCE_ANY", "REDUCE_ALL"), lambda rng: reduction(rng, BOOL)),
    **dict.fromkeys(OF_FLOATS, lambda rng: unary(rng, FLOAT32)),
    **dict.fromkeys(sorted(_COMPARISONS), comparison),
}
