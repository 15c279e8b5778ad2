"""Moving elements. Source: the operators' documentation in tensorflow/core/api_def/base_api."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tflint.errors import ModelRefused
from tflint.fix.proof.tensorflow.elementwise import dtype_of
from tflint.fix.proof.tensorflow.kernel import Array, Call, bounded, kernel


@kernel("Reshape")
def _reshape(call: Call) -> Array:
    return call[0].reshape(call.numbers(1))


@kernel("Squeeze")
def _squeeze(call: Call) -> Array:
    axes = call.attribute("squeeze_dims", ())
    return call[0].squeeze(axis=tuple(axes) if axes else None)


@kernel("ExpandDims")
def _expand_dims(call: Call) -> Array:
    return np.expand_dims(call[0], call.axis(1))


@kernel("Transpose")
def _transpose(call: Call) -> Array:
    return np.asarray(call[0].transpose(call.numbers(1)))


@kernel("ConcatV2")
def _concat_v2(call: Call) -> Array:
    return np.asarray(np.concatenate(call.inputs[:-1], axis=int(call.inputs[-1].reshape(()))))


@kernel("Concat")
def _concat(call: Call) -> Array:
    return np.asarray(np.concatenate(call.inputs[1:], axis=call.axis(0)))


@kernel("Pack")
def _pack(call: Call) -> Array:
    return np.stack(call.inputs, axis=call.attribute("axis", 0))


@kernel("Unpack")
def _unpack(call: Call) -> list[Array]:
    axis = call.attribute("axis", 0)
    return [call[0].take(i, axis=axis) for i in range(call[0].shape[axis])]


@kernel("Split")
def _split(call: Call) -> list[Array]:
    return np.split(call[1], call.attribute("num_split"), axis=call.axis(0))


@kernel("SplitV")
def _split_v(call: Call) -> list[Array]:
    sizes, axis = list(call.numbers(1)), call.axis(2)
    if -1 in sizes:
        sizes[sizes.index(-1)] = call[0].shape[axis] - (sum(sizes) + 1)
    return np.split(call[0], np.cumsum(sizes)[:-1], axis=axis)


@kernel("Slice")
def _slice(call: Call) -> Array:
    spans = zip(call.numbers(1), call.numbers(2), strict=True)
    return call[0][tuple(slice(at, None if n == -1 else at + n) for at, n in spans)]


@kernel("StridedSlice")
def _strided_slice(call: Call) -> Array:
    def has(mask: str, i: int) -> bool:
        return bool(call.attribute(f"{mask}_mask", 0) >> i & 1)

    index: list[object] = []
    for i, (begin, end, stride) in enumerate(
        zip(call.numbers(1), call.numbers(2), call.numbers(3), strict=True)
    ):
        if has("ellipsis", i):
            index.append(Ellipsis)
        elif has("new_axis", i):
            index.append(None)
        elif has("shrink_axis", i):
            index.append(begin)
        else:
            start = None if has("begin", i) else begin
            index.append(slice(start, None if has("end", i) else end, stride))
    at: Any = tuple(index)
    return np.asarray(call[0][at])


@kernel("Tile")
def _tile(call: Call) -> Array:
    times = call.numbers(1)
    bounded(*(a * b for a, b in zip(call[0].shape, times, strict=True)))
    return np.tile(call[0], times)


@kernel("BroadcastTo")
def _broadcast_to(call: Call) -> Array:
    return np.array(np.broadcast_to(call[0], bounded(*call.numbers(1))))


@kernel("Pad", "PadV2", "MirrorPad")
def _pad(call: Call) -> Array:
    edges = [(int(a), int(b)) for a, b in call[1]]
    bounded(*(n + a + b for n, (a, b) in zip(call[0].shape, edges, strict=True)))
    if call.name == "MirrorPad":
        mode = call.attribute("mode")
        return np.pad(call[0], edges, mode="reflect" if mode == "REFLECT" else "symmetric")
    fill = call[2].reshape(()) if call.name == "PadV2" else 0
    return np.pad(call[0], edges, constant_values=fill)


@kernel("Gather", "GatherV2")
def _gather(call: Call) -> Array:
    x, index = call[0], call[1]
    axis = call.axis(2) % x.ndim if call.name == "GatherV2" else 0
    batch = call.attribute("batch_dims", 0)
    batch = batch + index.ndim if batch < 0 else batch
    bounded(*x.shape[:axis], *index.shape[batch:], *x.shape[axis + 1 :])
    if index.size and (index.min() < 0 or index.max() >= x.shape[axis]):
        raise ModelRefused("an index to gather leads outside")
    if not batch:
        return np.take(x, index, axis=axis)
    places = np.ndindex(*x.shape[:batch])
    parts = [np.take(x[place], index[place], axis=axis - batch) for place in places]
    return np.asarray(np.stack(parts).reshape(*x.shape[:batch], *parts[0].shape))


@kernel("GatherNd")
def _gather_nd(call: Call) -> Array:
    return np.asarray(call[0][tuple(np.moveaxis(call[1], -1, 0))])


@kernel("OneHot")
def _one_hot(call: Call) -> Array:
    index, depth, on, off = call[0], call.axis(1), call[2], call[3]
    bounded(*index.shape, depth)
    hot = index[..., None] == np.arange(depth)
    found = np.where(hot, on, off).astype(on.dtype)
    axis = call.attribute("axis", -1)
    return found if axis == -1 else np.moveaxis(found, -1, axis)


@kernel("ReverseV2")
def _reverse(call: Call) -> Array:
    return np.flip(call[0], call.numbers(1))


@kernel("SpaceToBatchND")
def _space_to_batch(call: Call) -> Array:
    x, block, edges = call[0], call.numbers(1), call[2]
    rank = len(block)
    padding = [(0, 0), *((int(a), int(b)) for a, b in edges)]
    padding += [(0, 0)] * (x.ndim - len(padding))
    bounded(*(n + a + b for n, (a, b) in zip(x.shape, padding, strict=True)))
    x = np.pad(x, padding)
    sizes = [n for i in range(rank) for n in (x.shape[1 + i] // block[i], block[i])]
    split = x.reshape(x.shape[0], *sizes, *x.shape[1 + rank :])
    order = [2 + 2 * i for i in range(rank)] + [0] + [1 + 2 * i for i in range(rank)]
    moved = split.transpose([*order, *range(1 + 2 * rank, split.ndim)])
    middle = [x.shape[1 + i] // block[i] for i in range(rank)]
    return np.asarray(moved.reshape(x.shape[0] * math.prod(block), *middle, *x.shape[1 + rank :]))


@kernel("BatchToSpaceND")
def _batch_to_space(call: Call) -> Array:
    x, block, crops = call[0], call.numbers(1), call[2]
    rank, batch = len(block), call[0].shape[0] // math.prod(block)
    split = x.reshape(*block, batch, *x.shape[1:])
    order = [rank, *(axis for i in range(rank) for axis in (rank + 1 + i, i))]
    moved = split.transpose([*order, *range(2 * rank + 1, split.ndim)])
    middle = [x.shape[1 + i] * block[i] for i in range(rank)]
    whole = moved.reshape(batch, *middle, *x.shape[1 + rank :])
    at: Any = [slice(None)]
    at += [slice(int(a), n - int(b)) for n, (a, b) in zip(middle, crops, strict=True)]
    return np.asarray(whole[tuple(at)])


@kernel("Shape")
def _shape(call: Call) -> Array:
    return np.asarray(call[0].shape, dtype=dtype_of(call, "out_type", "int32"))


@kernel("Fill")
def _fill(call: Call) -> Array:
    return np.full(bounded(*call.numbers(0)), call[1].reshape(()), dtype=call[1].dtype)


@kernel("Range")
def _range(call: Call) -> Array:
    start, limit, delta = (call[i].reshape(()) for i in range(3))
    count = max(math.ceil((float(limit) - float(start)) / float(delta)), 0) if delta else 0
    bounded(count)
    return np.asarray((start + np.arange(count, dtype=start.dtype) * delta).astype(start.dtype))
