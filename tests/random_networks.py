"""Networks put together at random from what people use, some of it wrong on purpose."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ArgMaxOptions,
    ConcatenationOptions,
    ExpandDimsOptions,
    MulOptions,
    Padding,
    PadOptions,
    ReducerOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SplitOptions,
    StridedSliceOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model

FLOAT32, INT8, INT16, INT32, UINT8 = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
    TensorType.INT32,
    TensorType.UINT8,
)
# How weights are stored: mostly as fits the activations, sometimes so that no MCU takes it.
WEIGHTS = {
    FLOAT32: (None, None, None, None, None, INT8, TensorType.FLOAT16),
    INT8: (None,),
    INT16: (None,),
    UINT8: (None,),
}
UNARY = {
    FLOAT32: (
        "RELU",
        "RELU6",
        "LOGISTIC",
        "TANH",
        "ABS",
        "EXP",
        "SQRT",
        "NEG",
        "HARD_SWISH",
        "GELU",
        "FLOOR",
        "ELU",
        "LEAKY_RELU",
        "NotThere",
    ),
    INT8: (
        "RELU",
        "RELU6",
        "HARD_SWISH",
        "LEAKY_RELU",
        "ABS",
        "EXP",
        "FLOOR",
        "GELU",
        "LOGISTIC",
        "TANH",
        "L2_NORMALIZATION",
    ),
    INT16: ("RELU", "LEAKY_RELU", "ABS", "NEG", "HARD_SWISH", "LOGISTIC", "TANH"),
    UINT8: ("RELU", "LEAKY_RELU"),
}

TYPES = (FLOAT32, FLOAT32, FLOAT32, INT8, INT8, INT8, INT16, UINT8)

Layer = Callable[[GraphBuilder, int, random.Random], int]


def conv(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    if len(graph.shape(x)) != 4:
        return x
    return graph.conv_2d(
        x,
        filters=rng.choice((2, 4, 8)),
        kernel=rng.choice((1, 3)),
        stride=rng.choice((1, 2)),
        padding=Padding.SAME,
        activation=rng.choice((ActivationFunctionType.NONE, ActivationFunctionType.RELU)),
        weights=rng.choice(WEIGHTS[graph.type(x)]),
    )


def depthwise(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    if len(graph.shape(x)) != 4:
        return x
    weights = rng.choice(WEIGHTS[graph.type(x)])
    return graph.depthwise_conv_2d(x, kernel=3, multiplier=rng.choice((1, 2)), weights=weights)


def dense(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    flat = graph.flatten(x) if len(graph.shape(x)) > 2 else x
    weights = rng.choice(WEIGHTS[graph.type(x)])
    return graph.fully_connected(flat, units=rng.choice((2, 5)), weights=weights)


def pool(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    if len(graph.shape(x)) != 4 or min(graph.shape(x)[1:3]) < 2:
        return x
    return graph.pool_2d(x, rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D")))


def unary(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    return graph.unary(rng.choice(UNARY[graph.type(x)]), x)


def binary(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    name = rng.choice(("ADD", "MUL", "SUB", "DIV", "MAXIMUM", "POW"))
    other = graph.constant(graph.shape(x)[-1:], graph.type(x)) if rng.random() < 0.5 else x
    options = {"ADD": AddOptions(), "MUL": MulOptions()}.get(name)
    y = graph.tensor(graph.shape(x), graph.type(x))
    graph.operator(name, [x, other], [y], options)
    return y


def mean(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    if len(graph.shape(x)) != 4:
        return x
    name = rng.choice(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_PROD"))
    batch, _, _, channels = graph.shape(x)
    y = graph.tensor((batch, channels), graph.type(x), graph.tensors[x].quantization)
    axis = graph.constant((2,), INT32, (1, 2))
    graph.operator(name, [x, axis], [y], ReducerOptions())
    return y


def pad(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    shape = graph.shape(x)
    y = graph.tensor([d + 2 for d in shape], graph.type(x), graph.tensors[x].quantization)
    if rng.random() < 0.8:
        paddings = graph.constant((len(shape), 2), INT32, (1,) * (2 * len(shape)))
    else:
        paddings = graph.input((len(shape), 2), INT32)
    graph.operator("PAD", [x, paddings], [y], PadOptions())
    return y


def transpose(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    shape = graph.shape(x)
    perm = list(range(len(shape)))
    rng.shuffle(perm)
    y = graph.tensor([shape[p] for p in perm], graph.type(x), graph.tensors[x].quantization)
    argument = graph.constant((len(perm),), INT32, perm)
    graph.operator("TRANSPOSE", [x, argument], [y], TransposeOptions())
    return y


def concatenation(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    shape = list(graph.shape(x))
    shape[-1] *= 2
    y = graph.tensor(shape, graph.type(x), graph.tensors[x].quantization)
    options = ConcatenationOptions(axis=len(shape) - 1)
    graph.operator("CONCATENATION", [x, x], [y], options)
    return y


def change_type(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    if graph.type(x) is FLOAT32:
        y = graph.tensor(graph.shape(x), INT8, per_tensor(0.05, 3))
        graph.operator("QUANTIZE", [x], [y])
    else:
        y = graph.tensor(graph.shape(x), FLOAT32)
        graph.operator("DEQUANTIZE", [x], [y])
    return y


def expand(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    y = graph.tensor((1, *graph.shape(x)), graph.type(x), graph.tensors[x].quantization)
    axis = graph.constant((), INT32, (0,)) if rng.random() < 0.8 else graph.input((), INT32)
    graph.operator("EXPAND_DIMS", [x, axis], [y], ExpandDimsOptions())
    return y


def strided_slice(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    rank = len(graph.shape(x))
    y = graph.tensor(graph.shape(x), graph.type(x), graph.tensors[x].quantization)
    arguments = [
        graph.constant((rank,), INT32, values)
        for values in ((0,) * rank, graph.shape(x), (1,) * rank)
    ]
    graph.operator("STRIDED_SLICE", [x, *arguments], [y], StridedSliceOptions())
    return y


def split(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    *rest, last = graph.shape(x)
    if last % 2:
        return x
    parts = [
        graph.tensor((*rest, last // 2), graph.type(x), graph.tensors[x].quantization)
        for _ in range(2)
    ]
    axis = graph.constant((), INT32, (len(rest),))
    graph.operator("SPLIT", [axis, x], parts, SplitOptions(num_splits=2))
    graph.output(parts[1])
    return parts[0]


def arg_max(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    type = rng.choice((INT32, TensorType.INT64))
    y = graph.tensor(graph.shape(x)[:-1], type)
    axis = graph.constant((), INT32, (len(graph.shape(x)) - 1,))
    graph.operator("ARG_MAX", [x, axis], [y], ArgMaxOptions(output_type=type))
    graph.output(y)
    return x


def resize(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    if len(graph.shape(x)) != 4:
        return x
    batch, height, width, channels = graph.shape(x)
    shape = (batch, 2 * height, 2 * width, channels)
    y = graph.tensor(shape, graph.type(x), graph.tensors[x].quantization)
    size = graph.constant((2,), INT32, shape[1:3])
    if rng.random() < 0.5:
        graph.operator("RESIZE_BILINEAR", [x, size], [y], ResizeBilinearOptions())
    else:
        options = ResizeNearestNeighborOptions()
        graph.operator("RESIZE_NEAREST_NEIGHBOR", [x, size], [y], options)
    return y


def custom(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    return graph.unary(rng.choice(("FlexErf", "MyOperator")), x)


def softmax(graph: GraphBuilder, x: int, rng: random.Random) -> int:
    return graph.softmax(x)


LAYERS: tuple[tuple[Layer, int], ...] = (
    (conv, 6),
    (depthwise, 3),
    (dense, 3),
    (pool, 3),
    (unary, 3),
    (binary, 3),
    (mean, 1),
    (pad, 1),
    (transpose, 1),
    (concatenation, 1),
    (change_type, 1),
    (softmax, 1),
    (expand, 1),
    (strided_slice, 1),
    (split, 1),
    (arg_max, 1),
    (resize, 1),
)


def requantise(model: ModelBuilder, rng: random.Random) -> None:
    """Give one activation another scale or zero point, and leave its neighbours as they are."""
    biased = {
        i for operator in model.operators for i in operator.inputs[:1] if len(operator.inputs) > 2
    }
    quantised = [
        i
        for i, tensor in enumerate(model.tensors)
        if tensor.type in (INT8, INT16)
        and not tensor.buffer
        and tensor.quantization is not None
        # Its scale is in the bias, too, which is another story.
        and i not in biased
    ]
    if not quantised:
        return
    index = rng.choice(quantised)
    tensor = model.tensors[index]
    assert tensor.quantization is not None
    scale, zero_point = tensor.quantization.scale[0], tensor.quantization.zero_point[0]
    factor = rng.choice((1, 2, 1 + 1e-5, 1 + 1e-3))
    changed = per_tensor(scale * factor, zero_point + rng.choice((0, 0, 5)))
    model.tensors[index] = dataclasses.replace(tensor, quantization=changed)


def random_network(seed: int) -> Model:
    """A network of one to five layers; the same seed gives the same network."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    x = model.input((1, 8, 8, rng.choice((1, 3))), rng.choice(TYPES))
    layers, weights = zip(*LAYERS, strict=True)
    for layer in rng.choices(layers, weights, k=rng.randint(1, 5)):
        x = layer(model, x, rng)
    if rng.random() < 0.05:
        x = custom(model, x, rng)
    if not model.operators:
        x = model.unary("RELU", x)
    model.output(x)
    if rng.random() < 0.4:
        requantise(model, rng)
    return model.build()
