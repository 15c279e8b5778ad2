"""Random layers with random arguments, as plain data that JSON can hold.

A case is `{"kind", "arguments", "inputs"}`, the inputs being shapes with the batch. Sizes are
small, so that windows do not always fit, and some arguments are wrong on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Case: TypeAlias = "dict[str, Any]"
Maker: TypeAlias = Callable[[random.Random], Case]

MAKERS: dict[str, Maker] = {}


def register(*kinds: str) -> Callable[[Callable[[random.Random, str], Case]], Any]:
    """Let a function make the cases of some kinds."""

    def add(function: Callable[[random.Random, str], Case]) -> Any:
        for kind in kinds:
            MAKERS[kind] = lambda rng, kind=kind: function(rng, kind)
        return function

    return add


def cases(seed: int, count: int, kinds: tuple[str, ...] = ()) -> Iterator[Case]:
    """As many cases, of all kinds in turn."""
    rng = random.Random(seed)
    chosen = kinds or tuple(MAKERS)
    for number in range(count):
        yield MAKERS[chosen[number % len(chosen)]](rng)


def dim(rng: random.Random, largest: int = 12) -> int | None:
    """A size, or now and then None."""
    return None if rng.random() < 0.08 else rng.randint(1, largest)


def batch(rng: random.Random) -> int | None:
    """Mostly open."""
    return rng.choice([None, None, None, 1, 4])


def shape(rng: random.Random, rank: int, largest: int = 12) -> list[int | None]:
    """A shape, now and then of another rank."""
    if rng.random() < 0.06:
        rank = max(1, rank + rng.choice([-1, 1]))
    return [batch(rng), *(dim(rng, largest) for _ in range(rank - 1))]


def sizes(rng: random.Random, rank: int, largest: int = 4, least: int = 1) -> Any:
    """One integer for all dimensions, or one each; now and then wrong."""
    if rng.random() < 0.02:
        return rng.choice([0, -1, [2] * (rank + 1), [1] * max(rank - 1, 1)])
    if rng.random() < 0.5:
        return rng.randint(least, largest)
    return [rng.randint(least, largest) for _ in range(rank)]


def some(rng: random.Random, **options: Callable[[], Any]) -> dict[str, Any]:
    """Some of the arguments, each with even chance."""
    return {name: make() for name, make in options.items() if rng.random() < 0.5}


def spatial(kind: str) -> int:
    """The spatial dimensions in a class's name."""
    return int(next(letter for letter in reversed(kind) if letter in "123"))


def a_format(rng: random.Random) -> Any:
    """A data format."""
    return rng.choice(["channels_last", "channels_last", "channels_first", None])


def a_count(rng: random.Random, largest: int = 8) -> int:
    """Filters or units; seldom none."""
    return rng.choice([0, -2]) if rng.random() < 0.02 else rng.randint(1, largest)


def layer(rng: random.Random, kind: str) -> Case:
    """A layer without inputs, for wrappers."""
    made = MAKERS[kind](rng)
    return {"kind": kind, "arguments": made["arguments"]}


def both(rng: random.Random) -> bool:
    """True or False."""
    return rng.random() < 0.5


def main_arguments(rng: random.Random, kind: str, paddings: list[str]) -> dict[str, Any]:
    """What all convolutions take."""
    rank = spatial(kind)
    given = some(
        rng,
        padding=lambda: rng.choice(paddings),
        data_format=lambda: a_format(rng),
        use_bias=lambda: both(rng),
    )
    if rng.random() < 0.4:
        given["strides"] = sizes(rng, rank, 3)
    if rng.random() < 0.3:
        given["dilation_rate"] = sizes(rng, rank, 3)
    return given


@register("Conv1D", "Conv2D", "Conv3D")
def _convolution(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    paddings = ["same", "valid", "same", "valid", "SAME"]
    if rank == 1 or rng.random() < 0.05:
        paddings.append("causal")
    given = main_arguments(rng, kind, paddings)
    if rng.random() < 0.15:
        given["groups"] = rng.randint(1, 3)
    given |= {"filters": a_count(rng), "kernel_size": sizes(rng, rank, 4)}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2)]}


@register("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = main_arguments(rng, kind, ["same", "valid"])
    given |= some(rng, depth_multiplier=lambda: a_count(rng, 3))
    given["kernel_size"] = sizes(rng, rank, 4)
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2)]}


@register("SeparableConv1D", "SeparableConv2D")
def _separable(rng: random.Random, kind: str) -> Case:
    made = _depthwise(rng, kind)
    made["arguments"]["filters"] = a_count(rng)
    if kind.endswith("1D") and rng.random() < 0.2:
        made["arguments"]["padding"] = "causal"
    return made


@register("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _transposed(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = main_arguments(rng, kind, ["same", "valid"])
    if rng.random() < 0.2:
        given["output_padding"] = sizes(rng, rank, 2, least=0)
    given |= {"filters": a_count(rng), "kernel_size": sizes(rng, rank, 4)}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2, 7)]}


@register("LocallyConnected1D", "LocallyConnected2D")
def _local(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = some(
        rng,
        data_format=lambda: a_format(rng),
        use_bias=lambda: both(rng),
        strides=lambda: sizes(rng, rank, 2),
    )
    if rng.random() < 0.3:
        given |= {"padding": rng.choice(["same", "valid"]), "implementation": rng.randint(1, 3)}
    given |= {"filters": a_count(rng), "kernel_size": sizes(rng, rank, 3)}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2, 6)]}


@register(
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
)
def _pool(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = some(
        rng,
        strides=lambda: rng.choice([None, sizes(rng, rank, 3)]),
        padding=lambda: rng.choice(["same", "valid", "SAME"]),
        data_format=lambda: a_format(rng),
    )
    given["pool_size"] = sizes(rng, rank, 4)
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2, 8)]}


@register(
    *(f"Global{mode}Pooling{rank}D" for mode in ("Max", "Average") for rank in (1, 2, 3)),
)
def _global_pool(rng: random.Random, kind: str) -> Case:
    given = some(rng, keepdims=lambda: both(rng), data_format=lambda: a_format(rng))
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, spatial(kind) + 2)]}


@register(*(f"Adaptive{mode}Pooling{rank}D" for mode in ("Max", "Average") for rank in (1, 2, 3)))
def _adaptive_pool(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = some(rng, data_format=lambda: a_format(rng))
    given["output_size"] = sizes(rng, rank, 4)
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2)]}


def _ends(rng: random.Random, rank: int) -> Any:
    roll = rng.random()
    if roll < 0.03:
        return rng.choice([-1, [1] * (rank + 1), [[1, 2, 3]] * rank])
    if roll < 0.35:
        return rng.randint(0, 3)
    if rank == 1:
        return [rng.randint(0, 3), rng.randint(0, 3)]
    if roll < 0.7:
        return [rng.randint(0, 3) for _ in range(rank)]
    return [[rng.randint(0, 3), rng.randint(0, 3)] for _ in range(rank)]


@register("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _padding(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = some(rng, padding=lambda: _ends(rng, rank))
    if rank > 1:
        given |= some(rng, data_format=lambda: a_format(rng))
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2, 8)]}


@register("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(rng: random.Random, kind: str) -> Case:
    made = _padding(rng, kind)
    if "padding" in made["arguments"]:
        made["arguments"]["cropping"] = made["arguments"].pop("padding")
    return made


@register("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _up_sampling(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = some(rng, size=lambda: rng.randint(1, 3) if rank == 1 else sizes(rng, rank, 3))
    if rank > 1:
        given |= some(rng, data_format=lambda: a_format(rng))
    if rank == 2:
        given |= some(rng, interpolation=lambda: rng.choice(["nearest", "bilinear"]))
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 2, 8)]}


@register("Flatten")
def _flatten(rng: random.Random, kind: str) -> Case:
    given = some(rng, data_format=lambda: a_format(rng))
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rng.randint(1, 5))]}


@register("Reshape")
def _reshape(rng: random.Random, kind: str) -> Case:
    dims = [rng.choice([1, 2, 2, 3, 4]) for _ in range(rng.randint(1, 4))]
    target = dims[:]
    rng.shuffle(target)
    if len(target) > 1 and both(rng):
        target = [target[0] * target[1], *target[2:]]
    if both(rng):
        target[rng.randrange(len(target))] = -1
    if rng.random() < 0.1:
        target[rng.randrange(len(target))] = rng.choice([5, 0, -2, -1])
    given: list[int | None] = [batch(rng), *dims]
    if rng.random() < 0.1:
        given[rng.randrange(len(given))] = None
    return {"kind": kind, "arguments": {"target_shape": target}, "inputs": [given]}


@register("Permute")
def _permute(rng: random.Random, kind: str) -> Case:
    dims = list(range(1, rng.randint(1, 4) + 1))
    rng.shuffle(dims)
    if rng.random() < 0.1:
        dims[0] = rng.choice([0, 7, dims[-1]])
    return {"kind": kind, "arguments": {"dims": dims}, "inputs": [shape(rng, len(dims) + 1)]}


@register("RepeatVector")
def _repeat(rng: random.Random, kind: str) -> Case:
    given = {"n": rng.choice([0, 1, 3, 3, 5])}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, 2)]}


@register("Dense")
def _dense(rng: random.Random, kind: str) -> Case:
    given = some(rng, use_bias=lambda: both(rng)) | {"units": a_count(rng)}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rng.randint(1, 4))]}


@register("BatchNormalization")
def _batch_normalization(rng: random.Random, kind: str) -> Case:
    rank = rng.randint(2, 5)
    given = some(
        rng,
        axis=lambda: rng.choice([-1, 1, -1, 1, 2, 3, -2, -6]),
        scale=lambda: both(rng),
        center=lambda: both(rng),
    )
    if rng.random() < 0.1:
        given["renorm"] = both(rng)
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank)]}


@register(
    "Add",
    "Multiply",
    "Average",
    "Maximum",
    "Minimum",
    "Subtract",
)
def _merge(rng: random.Random, kind: str) -> Case:
    first = shape(rng, rng.randint(1, 4), 5)
    inputs = [first]
    count = 1 if rng.random() < 0.05 else rng.randint(2, 3) if kind != "Subtract" else 2
    if kind == "Subtract" and rng.random() < 0.05:
        count = 3
    for _ in range(count - 1):
        other = first[:]
        for axis in range(1, len(other)):
            if rng.random() < 0.2:
                other[axis] = rng.choice([1, 1, None, 3])
        if rng.random() < 0.1:
            other[0] = batch(rng)
        if rng.random() < 0.1 and len(other) > 1:
            del other[1]
        inputs.append(other)
    return {"kind": kind, "arguments": {}, "inputs": inputs, "is_listed": True}


@register("Concatenate")
def _concatenate(rng: random.Random, kind: str) -> Case:
    made = _merge(rng, "Add")
    rank = len(made["inputs"][0])
    given = some(rng, axis=lambda: rng.randint(-rank, rank - 1))
    if rng.random() < 0.03:
        given = {"axis": rank}
    axis = given.get("axis", -1)
    for each in made["inputs"][1:]:
        for position in range(len(each)):
            if rng.random() < 0.85 and position < len(made["inputs"][0]):
                each[position] = made["inputs"][0][position]
        if -len(each) <= axis < len(each) and axis % len(each):
            each[axis] = dim(rng, 5)
    return {"kind": kind, "arguments": given, "inputs": made["inputs"], "is_listed": True}


@register(
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LeakyReLU",
    "Masking",
    "ReLU",
    "Rescaling",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ThresholdedReLU",
    "UnitNormalization",
)
def _unchanged(rng: random.Random, kind: str) -> Case:
    given: dict[str, Any] = {}
    if kind == "Activation":
        given["activation"] = rng.choice(["relu", "softmax", "tanh", "linear"])
    elif "Dropout" in kind:
        given["rate"] = 0.5
    elif kind == "GaussianNoise":
        given["stddev"] = 0.5
    elif kind == "Rescaling":
        given["scale"] = 0.5
    elif kind == "ReLU":
        given = some(rng, max_value=lambda: 6.0, negative_slope=lambda: 0.1)
    elif kind == "Softmax":
        given = some(rng, axis=lambda: rng.choice([-1, 1]))
    rank = spatial(kind) + 2 if kind.startswith("Spatial") else rng.randint(2, 5)
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank)]}
