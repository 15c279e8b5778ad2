"""Cases of the operators that reduce, move, cut and rearrange."""

from __future__ import annotations

from collections.abc import Callable

from probe.cases import Case, Input, Output, Shape
from probe.recipe import Recipe, always, numbers, output_type, shape_of
from tflint.model.record import Record
from tflint.model.schema import (
    ConcatenationOptions,
    CumsumOptions,
    GatherOptions,
    MirrorPadOptions,
    PackOptions,
    ReducerOptions,
    ReshapeOptions,
    ShapeOptions,
    SplitOptions,
    SplitVOptions,
    SqueezeOptions,
    StridedSliceOptions,
    TensorType,
    UnpackOptions,
)


def arg(options: Callable[[TensorType], Record]) -> Recipe:
    def case(rank: int) -> Case:
        return Case(
            (Input("input", shape_of(rank)), numbers("axis", (rank - 1,), shape=())),
            (Output(shape_of(rank)[:-1]),),
            lambda signature: options(output_type(signature)),
        )

    return Recipe(case, reference="FLOAT32,INT32->INT32")


def reduction(rank: int) -> Case:
    return Case(
        (Input("input", shape_of(rank)), numbers("axis", (rank - 1,))),
        (Output((*shape_of(rank)[:-1], 1)),),
        always(ReducerOptions(keep_dims=True)),
    )


def cumsum(rank: int) -> Case:
    shape = shape_of(rank)
    return Case(
        (Input("input", shape), numbers("axis", (rank - 1,), shape=())),
        (Output(shape),),
        always(CumsumOptions()),
    )


def reverse(rank: int) -> Case:
    shape = shape_of(rank)
    return Case((Input("input", shape), numbers("axis", (rank - 1,))), (Output(shape),))


def reshape(rank: int) -> Case:
    to = shape_of(rank, first=4, last=2)
    return Case(
        (Input("input", shape_of(rank)), numbers("shape", to, optional=True)),
        (Output(to),),
        always(ReshapeOptions(new_shape=to)),
    )


def squeeze(rank: int) -> Case:
    return Case(
        (Input("input", (1, *shape_of(rank - 1))),),
        (Output(shape_of(rank - 1)),),
        always(SqueezeOptions(squeeze_dims=(0,))),
    )


def expand_dims(rank: int) -> Case:
    shape = shape_of(rank)
    return Case((Input("input", shape), numbers("axis", (rank,), shape=())), (Output((*shape, 1)),))


def shape_operator(rank: int) -> Case:
    return Case(
        (Input("input", shape_of(rank)),),
        (Output((rank,)),),
        lambda signature: ShapeOptions(out_type=output_type(signature)),
    )


def transpose(rank: int) -> Case:
    shape = shape_of(rank)
    permutation = tuple(reversed(range(rank)))
    return Case((Input("input", shape), numbers("perm", permutation)), (Output(shape[::-1]),))


def broadcast_to(rank: int) -> Case:
    shape = shape_of(rank)
    source = Input("input", shape_of(rank, first=1))
    return Case((source, numbers("shape", shape)), (Output(shape),))


def broadcast_args() -> Case:
    shapes = (Input("s0", (3,), values=(1, 1, 4)), Input("s1", (3,), values=(1, 2, 1)))
    return Case(shapes, (Output((3,)),))


def fill(rank: int) -> Case:
    shape = shape_of(rank)
    return Case((numbers("dims", shape), Input("value", (), values=(3,))), (Output(shape),))


def paddings(rank: int) -> tuple[Input, Shape]:
    """One in front of the first dimension, two behind the last, and the shape that gives."""
    pairs = [0] * (2 * rank)
    pairs[0], pairs[-1] = 1, 2
    shape = shape_of(rank)
    padded = tuple(size + pairs[2 * axis] + pairs[2 * axis + 1] for axis, size in enumerate(shape))
    return numbers("paddings", tuple(pairs), shape=(rank, 2)), padded


def pad(rank: int) -> Case:
    argument, padded = paddings(rank)
    return Case((Input("input", shape_of(rank)), argument), (Output(padded),))


def padv2(rank: int) -> Case:
    argument, padded = paddings(rank)
    value = Input("constant_value", (), values=(3,))
    return Case((Input("input", shape_of(rank)), argument, value), (Output(padded),))


def mirror_pad(rank: int) -> Case:
    argument, padded = paddings(rank)
    options = always(MirrorPadOptions(mode=1))
    return Case((Input("input", shape_of(rank)), argument), (Output(padded),), options)


def slice_operator(rank: int) -> Case:
    begin = (*(0,) * (rank - 1), 1)
    size = shape_of(rank, first=1, last=2)
    return Case(
        (Input("input", shape_of(rank)), numbers("begin", begin), numbers("size", size)),
        (Output(size),),
    )


def strided_slice(rank: int) -> Case:
    begin = (*(0,) * (rank - 1), 1)
    end = shape_of(rank, first=1, last=3)
    return Case(
        (
            Input("input", shape_of(rank)),
            numbers("begin", begin),
            numbers("end", end),
            numbers("strides", (1,) * rank),
        ),
        (Output(shape_of(rank, first=1, last=2)),),
        always(StridedSliceOptions()),
    )


def dynamic_update_slice(rank: int) -> Case:
    shape = shape_of(rank)
    start = (*(0,) * (rank - 1), 1)
    update = Input("update", shape_of(rank, first=1, last=2))
    return Case((Input("operand", shape), update, numbers("start", start)), (Output(shape),))


def concatenation(rank: int) -> Case:
    return Case(
        (Input("inputs", shape_of(rank), repeat=2),),
        (Output(shape_of(rank, last=8)),),
        always(ConcatenationOptions(axis=rank - 1)),
    )


def pack(rank: int) -> Case:
    shape = shape_of(rank)
    options = PackOptions(values_count=2, axis=0)
    return Case((Input("values", shape, repeat=2),), (Output((2, *shape)),), always(options))


def unpack(rank: int) -> Case:
    shape = shape_of(rank, first=4)
    options = UnpackOptions(num=4, axis=rank - 1)
    return Case((Input("value", shape),), (Output(shape[:-1], repeat=4),), always(options))


def split(rank: int) -> Case:
    return Case(
        (numbers("axis", (rank - 1,), shape=()), Input("value", shape_of(rank))),
        (Output(shape_of(rank, last=2), repeat=2),),
        always(SplitOptions(num_splits=2)),
    )


def split_v(rank: int) -> Case:
    return Case(
        (
            Input("value", shape_of(rank)),
            numbers("size_splits", (2, 2)),
            numbers("axis", (rank - 1,), shape=()),
        ),
        (Output(shape_of(rank, last=2), repeat=2),),
        always(SplitVOptions(num_splits=2)),
    )


def gather(rank: int) -> Case:
    indices = Input("indices", (2,), "argument", (2, 1))
    return Case(
        (Input("params", shape_of(rank)), indices),
        (Output(shape_of(rank, last=2)),),
        always(GatherOptions(axis=rank - 1)),
    )


def gather_nd(rank: int) -> Case:
    indices = Input("indices", (2, 1), "argument", (1, 0))
    return Case((Input("params", shape_of(rank)), indices), (Output(shape_of(rank)),))


def embedding_lookup(rank: int) -> Case:
    ids = Input("ids", (2,), "argument", (1, 0))
    values = Input("values", shape_of(rank), "weights", constant=True)
    return Case((ids, values), (Output(shape_of(rank)),))


# Before and behind each spatial dimension: two in all, distributed differently.
BORDERS = (1, 1, 0, 2)


def batch_to_space(rank: int) -> Case:
    spatial = rank - 2
    blocks = numbers("block_shape", (2,) * spatial)
    crops = numbers("crops", BORDERS[: 2 * spatial], shape=(spatial, 2))
    source, result = (2**spatial, *(2,) * spatial, 1), (1, *(2,) * spatial, 1)
    return Case((Input("input", source), blocks, crops), (Output(result),))


def space_to_batch(rank: int) -> Case:
    spatial = rank - 2
    blocks = numbers("block_shape", (2,) * spatial)
    paddings = numbers("paddings", BORDERS[: 2 * spatial], shape=(spatial, 2))
    source, result = (1, *(2,) * spatial, 1), (2**spatial, *(2,) * spatial, 1)
    return Case((Input("input", source), blocks, paddings), (Output(result),))


def resize(options: Record) -> Case:
    return Case(
        (Input("input", (1, 2, 2, 2)), numbers("size", (4, 4))),
        (Output((1, 4, 4, 2)),),
        always(options),
    )
