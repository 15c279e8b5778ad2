"""Networks with dead channels, drawn at random."""

from __future__ import annotations

import random
import struct

from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    ExpandDimsOptions,
    Padding,
    PadOptions,
    ReducerOptions,
    SqueezeOptions,
    TensorType,
)
from tflint.model.tables import Buffer, Model

NONE, RELU = ActivationFunctionType.NONE, ActivationFunctionType.RELU
FLOAT32, FLOAT16, INT8 = TensorType.FLOAT32, TensorType.FLOAT16, TensorType.INT8
INT32 = TensorType.INT32
WIDTHS = {FLOAT32: 4, FLOAT16: 2, INT8: 1}
_SMOOTH = ("RELU", "RELU6", "LOGISTIC", "TANH", "LEAKY_RELU", "ABS", "HARD_SWISH")
_INT8 = ("RELU", "RELU6", "LEAKY_RELU", "ABS")


def constants_of(model: ModelBuilder, place: int) -> int:
    """The stored tensor behind an input of the last operator."""
    read = model.operators[-1].inputs[place]
    for operator in model.operators:
        if operator.outputs == (read,):
            return operator.inputs[0]
    return read


def clear(model: ModelBuilder, axis: int, gone: list[int], every: int) -> None:
    """Zeros for these channels, along an axis of the last operator's weights."""
    tensor = model.tensors[constants_of(model, 1)]
    width, shape = WIDTHS[tensor.type], tensor.shape
    data = bytearray(model.buffers[tensor.buffer].data or b"")
    inner = 1
    for size in shape[axis + 1 :]:
        inner *= size
    for at in range(len(data) // width):
        if at // inner % shape[axis] % every in gone:
            data[at * width : (at + 1) * width] = bytes(width)
    model.buffers[tensor.buffer] = Buffer(bytes(data))


def some_bias(model: ModelBuilder, rng: random.Random) -> None:
    """An integer bias that is not zero."""
    tensor = model.tensors[constants_of(model, 2)]
    if tensor.type is INT32:
        values = [rng.randint(-800, 800) for _ in range(tensor.shape[0])]
        model.buffers[tensor.buffer] = Buffer(struct.pack(f"<{len(values)}i", *values))


def step(model: ModelBuilder, x: int, rng: random.Random) -> int:
    """Something that channels go through, or not."""
    shape, type = model.shape(x), model.type(x)
    quantization = model.tensors[x].quantization
    kind = rng.choice(("unary", "unary", "pool", "pad", "reshape", "constant", "mean", "squeeze"))
    if kind == "unary":
        return model.unary(rng.choice(_SMOOTH if type is FLOAT32 else _INT8), x)
    if kind == "constant":
        name = rng.choice(("ADD", "MUL", "SUB", "MAXIMUM", "PRELU"))
        y = model.tensor(shape, type, quantization)
        model.operator(name, [x, model.constant(rng.choice((shape[-1:], (1,))), type)], [y])
        return y
    if len(shape) != 4 or min(shape[1:3]) < 2:
        return x
    if kind == "pool":
        name = rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D"))
        return model.pool_2d(x, name, padding=rng.choice((Padding.SAME, Padding.VALID)))
    if kind == "pad":
        y = model.tensor((1, shape[1] + 1, shape[2] + 1, shape[3]), type, quantization)
        paddings = model.constant((4, 2), INT32, (0, 0, 1, 0, 0, 1, 0, 0))
        model.operator("PAD", [x, paddings], [y], PadOptions())
        return y
    if kind == "reshape":
        return model.reshape(x, (1, shape[1] * shape[2], 1, shape[3]))
    if kind == "mean":
        y = model.tensor((1, 1, 1, shape[3]), type, quantization)
        axes = model.constant((2,), INT32, (1, 2))
        model.operator(rng.choice(("MEAN", "REDUCE_MAX")), [x, axes], [y], ReducerOptions(True))
        return y
    y = model.tensor((1, *shape), type, quantization)
    at = model.constant((1,), INT32, (0,))
    model.operator("EXPAND_DIMS", [x, at], [y], ExpandDimsOptions())
    z = model.tensor(shape, type, quantization)
    model.operator("SQUEEZE", [y], [z], SqueezeOptions(squeeze_dims=(0,)))
    return z


def dead_network(seed: int, type: TensorType, weights: TensorType) -> Model:
    """Layers in a row, with zeros among their rows and their columns."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    count = rng.choice((2, 4, 6))
    empty = rng.sample(range(count), rng.randint(0, count - 1))
    unread = rng.sample(range(count), rng.randint(0, count - 1))
    x = model.input((1, 7, 7, rng.choice((1, 2))), type)
    activation = rng.choice((NONE, RELU))
    if rng.random() < 0.7:
        y = model.conv_2d(x, count, 3, activation=activation, weights=weights)
        clear(model, 0, empty, count)
    elif model.shape(x)[3] == 1 and rng.random() < 0.5:
        y = model.depthwise_conv_2d(x, 3, multiplier=count, weights=weights)
        clear(model, 3, empty, count)
    else:
        y = model.fully_connected(x, count, activation=activation, weights=weights)
        clear(model, 0, empty, count)
    some_bias(model, rng)
    for _ in range(rng.randint(0, 3)):
        y = step(model, y, rng)
        if len(model.shape(y)) == 4 and min(model.shape(y)[1:3]) > 2 and rng.random() < 0.3:
            padding = rng.choice((Padding.SAME, Padding.VALID))
            y = model.depthwise_conv_2d(y, 3, padding=padding, weights=weights)
            clear(model, 3, rng.sample(range(count), rng.randint(0, 1)), count)
            some_bias(model, rng)
    for _ in range(rng.choice((1, 1, 2))):
        shape = model.shape(y)
        if len(shape) == 4 and min(shape[1:3]) > 2 and rng.random() < 0.6:
            padding = rng.choice((Padding.SAME, Padding.VALID))
            z = model.conv_2d(y, 3, 3, padding=padding, activation=NONE, weights=weights)
            clear(model, 3, unread, count)
        else:
            flat = model.flatten(y) if rng.random() < 0.5 else y
            z = model.fully_connected(flat, 3, weights=weights)
            clear(model, 1, unread, count)
        model.output(z)
    if rng.random() < 0.1:
        model.output(y)
    return model.build()
