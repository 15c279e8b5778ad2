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
        given["groups"] = rng.choice([1, 2, 3, 3, 0])
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


def sequence(rng: random.Random, rank: int = 3) -> list[int | None]:
    """A shape with features, mostly known."""
    given = shape(rng, rank, 8)
    if given[-1] is None and rng.random() < 0.8:
        given[-1] = 4
    return given


def _recurrent_arguments(rng: random.Random) -> dict[str, Any]:
    given = some(rng, return_sequences=lambda: both(rng), return_state=lambda: both(rng))
    if rng.random() < 0.1:
        given |= {"stateful": True}
    if rng.random() < 0.1:
        given |= {"unroll": True}
    return given


@register("LSTM", "GRU", "SimpleRNN")
def _recurrent(rng: random.Random, kind: str) -> Case:
    given = _recurrent_arguments(rng) | some(rng, use_bias=lambda: both(rng))
    if kind == "GRU":
        given |= some(rng, reset_after=lambda: both(rng))
    given["units"] = a_count(rng)
    return {"kind": kind, "arguments": given, "inputs": [sequence(rng)]}


@register("RNN")
def _rnn(rng: random.Random, kind: str) -> Case:
    cells = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        kind_of_cell = rng.choice(["LSTMCell", "GRUCell", "SimpleRNNCell"])
        cells.append({"kind": kind_of_cell, "arguments": {"units": rng.randint(1, 5)}})
    cell: Any = cells[0] if len(cells) == 1 else {"layers": cells}
    if len(cells) > 1 and both(rng):
        cell = {"kind": "StackedRNNCells", "arguments": {"cells": {"layers": cells}}}
    given = some(rng, return_sequences=lambda: both(rng)) | {"cell": cell}
    if len(cells) == 1:
        given |= some(rng, return_state=lambda: both(rng))
    return {"kind": kind, "arguments": given, "inputs": [sequence(rng)]}


@register("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def _conv_lstm(rng: random.Random, kind: str) -> Case:
    rank = spatial(kind)
    given = some(
        rng,
        return_sequences=lambda: both(rng),
        return_state=lambda: both(rng),
        padding=lambda: rng.choice(["same", "valid"]),
        data_format=lambda: a_format(rng),
        use_bias=lambda: both(rng),
    )
    if rng.random() < 0.2:
        given["strides"] = sizes(rng, rank, 2)
    if rng.random() < 0.2:
        given["dilation_rate"] = sizes(rng, rank, 2)
    given |= {"filters": rng.randint(1, 4), "kernel_size": sizes(rng, rank, 3)}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank + 3, 5)]}


@register("Bidirectional")
def _bidirectional(rng: random.Random, kind: str) -> Case:
    inner = layer(rng, rng.choice(["LSTM", "GRU", "SimpleRNN"]))
    inner["arguments"].pop("unroll", None)
    given: dict[str, Any] = {"layer": inner}
    given |= some(rng, merge_mode=lambda: rng.choice(["concat", "sum", "mul", "ave", None]))
    return {"kind": kind, "arguments": given, "inputs": [sequence(rng)]}


@register("TimeDistributed")
def _time_distributed(rng: random.Random, kind: str) -> Case:
    inner_kind = rng.choice(
        [
            "Dense",
            "Conv2D",
            "MaxPooling2D",
            "Flatten",
            "Dropout",
            "BatchNormalization",
            "Conv1D",
            "GlobalAveragePooling2D",
            "LSTM",
            "Reshape",
        ]
    )
    made = MAKERS[inner_kind](rng)
    made["arguments"].pop("return_state", None)
    given = made["inputs"][0]
    inputs = [[given[0], rng.choice([None, 3, 5]), *given[1:]]]
    inner = {"kind": inner_kind, "arguments": made["arguments"]}
    return {"kind": kind, "arguments": {"layer": inner}, "inputs": inputs}


@register("SpectralNormalization")
def _spectral(rng: random.Random, kind: str) -> Case:
    made = MAKERS[rng.choice(["Dense", "Conv2D", "Conv1D"])](rng)
    inner = {"kind": made["kind"], "arguments": made["arguments"]}
    return {"kind": kind, "arguments": {"layer": inner}, "inputs": made["inputs"]}


@register("Embedding", "ReversibleEmbedding")
def _embedding(rng: random.Random, kind: str) -> Case:
    given: dict[str, Any] = {"input_dim": a_count(rng, 50), "output_dim": a_count(rng)}
    if kind == "ReversibleEmbedding":
        given |= some(rng, tie_weights=lambda: both(rng))
    inputs = [shape(rng, rng.randint(1, 3))]
    return {"kind": kind, "arguments": given, "inputs": inputs, "dtypes": ["int32"]}


@register("PReLU")
def _prelu(rng: random.Random, kind: str) -> Case:
    rank = rng.randint(2, 4)
    axes = sorted(rng.sample(range(1, rank), rng.randint(1, rank - 1)))
    given = some(rng, shared_axes=lambda: axes)
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank)]}


@register("LayerNormalization", "RMSNormalization", "GroupNormalization", "Normalization")
def _normalization(rng: random.Random, kind: str) -> Case:
    rank = rng.randint(2, 4)
    given = some(rng, axis=lambda: rng.choice([-1, 1, -1, 2, rank - 1, rank]))
    if kind in ("LayerNormalization", "RMSNormalization", "Normalization") and rng.random() < 0.2:
        given["axis"] = sorted(rng.sample(range(1, rank), rng.randint(1, rank - 1)))
    if kind == "Normalization":
        if rng.random() < 0.2:
            given = {"mean": 0.5, "variance": 2.0, "axis": None}
    elif kind != "RMSNormalization":
        given |= some(rng, scale=lambda: both(rng), center=lambda: both(rng))
    if kind == "GroupNormalization":
        given["groups"] = rng.choice([1, 2, 3, -1])
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank)]}


@register("Dot")
def _dot(rng: random.Random, kind: str) -> Case:
    first, second = ([batch(rng), *(dim(rng, 5) for _ in range(rng.randint(1, 3)))] for _ in "ab")
    axes: Any = [rng.randint(1, len(first) - 1), rng.randint(1, len(second) - 1)]
    if both(rng):
        axes = rng.choice([-1, 1, 1])
    pair = axes if isinstance(axes, list) else [axes, axes]
    if rng.random() < 0.85:
        second[pair[1]] = first[pair[0]]
    if rng.random() < 0.05:
        axes = 3
    inputs = [first, second]
    return {"kind": kind, "arguments": {"axes": axes}, "inputs": inputs, "is_listed": True}


@register("Attention", "AdditiveAttention")
def _attention(rng: random.Random, kind: str) -> Case:
    first, steps, width = batch(rng), dim(rng, 6), rng.randint(1, 6)
    inputs = [[first, dim(rng, 6), width], [first, steps, width]]
    if both(rng):
        inputs[1][2] = rng.randint(1, 6)
        inputs.append([first, steps, width])
    given = some(rng, use_scale=lambda: both(rng))
    if kind == "Attention":
        given |= some(rng, score_mode=lambda: rng.choice(["dot", "concat"]))
    return {"kind": kind, "arguments": given, "inputs": inputs, "is_listed": True}


@register("MultiHeadAttention")
def _multi_head(rng: random.Random, kind: str) -> Case:
    first, steps = batch(rng), dim(rng, 6)
    inputs = [[first, dim(rng, 6), rng.randint(1, 6)], [first, steps, rng.randint(1, 6)]]
    if both(rng):
        inputs.append([first, steps, rng.randint(1, 6)])
    given = some(
        rng,
        value_dim=lambda: rng.randint(1, 5),
        use_bias=lambda: both(rng),
        output_shape=lambda: rng.choice([3, [5], [2, 3]]),
    )
    given |= {"num_heads": a_count(rng, 3), "key_dim": a_count(rng, 4)}
    return {"kind": kind, "arguments": given, "inputs": inputs, "is_spread": True}


@register("GroupQueryAttention")
def _grouped(rng: random.Random, kind: str) -> Case:
    made = _multi_head(rng, kind)
    made["arguments"] = {
        "head_dim": rng.randint(1, 4),
        "num_query_heads": rng.choice([2, 4, 6]),
        "num_key_value_heads": rng.choice([1, 2, 4]),
        **some(rng, use_bias=lambda: both(rng)),
    }
    return made


@register("EinsumDense")
def _einsum(rng: random.Random, kind: str) -> Case:
    equation, rank, outputs = rng.choice(
        [
            ("ab,bc->ac", 2, [64]),
            ("abc,cd->abd", 3, [None, 8]),
            ("...x,xy->...y", 3, [8]),
            ("...x,xy->...y", 4, [8]),
            ("abc,cde->abde", 3, [None, 2, 3]),
            ("bqm,muh->bquh", 3, [None, 2, 4]),
            ("ab...,bc->ac...", 4, [5]),
            ("abc,bd->adc", 3, [6, None]),
        ]
    )
    given = {"equation": equation, "output_shape": outputs}
    letters = equation.split("->")[1].replace(".", "")
    given |= some(rng, bias_axes=lambda: rng.choice(letters[1:] or letters))
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, rank)]}


@register("Resizing", "CenterCrop", "RandomCrop", "RandomHeight", "RandomWidth")
def _resized(rng: random.Random, kind: str) -> Case:
    given: dict[str, Any] = {"height": rng.randint(1, 6), "width": rng.randint(1, 6)}
    if kind in ("RandomHeight", "RandomWidth"):
        given = {"factor": 0.2}
    inputs = [[batch(rng), rng.randint(6, 12), rng.randint(6, 12), 3]]
    if rng.random() < 0.2:
        inputs = [inputs[0][1:]]
    return {"kind": kind, "arguments": given, "inputs": inputs}


@register("RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomTranslation")
def _augmented(rng: random.Random, kind: str) -> Case:
    given: dict[str, Any] = {} if kind == "RandomFlip" else {"factor": 0.2}
    if kind == "RandomZoom":
        given = {"height_factor": 0.2}
    elif kind == "RandomTranslation":
        given = {"height_factor": 0.2, "width_factor": 0.1}
    inputs = [[batch(rng), rng.randint(1, 12), rng.randint(1, 12), rng.choice([1, 3])]]
    return {"kind": kind, "arguments": given, "inputs": inputs}


@register("CategoryEncoding")
def _categories(rng: random.Random, kind: str) -> Case:
    given = some(rng, output_mode=lambda: rng.choice(["one_hot", "multi_hot", "count"]))
    given["num_tokens"] = a_count(rng)
    inputs = [[batch(rng), rng.choice([1, 1, 3])]]
    return {"kind": kind, "arguments": given, "inputs": inputs, "dtypes": ["int32"]}


@register("Hashing", "Discretization")
def _hashed(rng: random.Random, kind: str) -> Case:
    given: dict[str, Any] = {"num_bins": 5}
    if kind == "Discretization":
        given = {"bin_boundaries": [0.0, 1.0]}
    inputs = [[batch(rng), dim(rng)]]
    dtypes = ["int32" if kind == "Hashing" else "float32"]
    return {"kind": kind, "arguments": given, "inputs": inputs, "dtypes": dtypes}


@register("MelSpectrogram", "STFTSpectrogram")
def _spectrogram(rng: random.Random, kind: str) -> Case:
    if kind == "MelSpectrogram":
        given = some(
            rng,
            sequence_stride=lambda: rng.randint(50, 400),
            num_mel_bins=lambda: rng.randint(4, 9),
        )
        given["fft_length"] = 512
        return {"kind": kind, "arguments": given, "inputs": [[batch(rng), rng.randint(900, 3000)]]}
    given = some(
        rng,
        mode=lambda: rng.choice(["log", "magnitude", "stft", "real"]),
        frame_step=lambda: rng.randint(1, 40),
        expand_dims=lambda: both(rng),
        padding=lambda: rng.choice(["same", "valid"]),
        data_format=lambda: a_format(rng),
    )
    given["frame_length"] = rng.choice([16, 33, 64])
    if both(rng):
        given["fft_length"] = 128
    return {"kind": kind, "arguments": given, "inputs": [[batch(rng), rng.randint(60, 300), 2]]}


@register("Sequential")
def _sequential(rng: random.Random, kind: str) -> Case:
    layers: list[Case] = [
        {"kind": "Conv2D", "arguments": {"filters": 4, "kernel_size": rng.randint(1, 4)}},
        {"kind": "MaxPooling2D", "arguments": {}},
        {"kind": "Flatten", "arguments": {}},
        {"kind": "Dense", "arguments": {"units": 3}},
    ]
    given = {"layers": {"layers": layers[rng.randint(0, 1) :]}}
    return {"kind": kind, "arguments": given, "inputs": [shape(rng, 4)]}
