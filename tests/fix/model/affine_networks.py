"""Networks around affine runs, drawn at random: patterns that fold, and what comes near them."""

from __future__ import annotations

import random
import struct

from tests.analysis.test_affine import OPTIONS
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    FullyConnectedOptions,
    Padding,
    TensorType,
    TransposeConvOptions,
)
from tflint.model.tables import Model

NONE, RELU = ActivationFunctionType.NONE, ActivationFunctionType.RELU
RELU6 = ActivationFunctionType.RELU6
FLOAT32, FLOAT16 = TensorType.FLOAT32, TensorType.FLOAT16
LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


def layer(model: ModelBuilder, x: int, rng: random.Random, weights: TensorType) -> int:
    """A linear layer; a dense one flattens what it reads."""
    activation = rng.choice((NONE, NONE, NONE, RELU))
    padding = rng.choice((Padding.SAME, Padding.VALID))
    shape = model.shape(x)
    name = rng.choice(LAYERS)
    if len(shape) != 4 or min(shape[1:3]) < 3:
        name = "FULLY_CONNECTED"
    if name == "CONV_2D":
        size = rng.choice((1, 3))
        y = model.conv_2d(x, 4, size, padding=padding, activation=activation, weights=weights)
    elif name == "DEPTHWISE_CONV_2D":
        times = rng.choice((1, 1, 2)) if shape[3] < 8 else 1
        y = model.depthwise_conv_2d(
            x, 3, multiplier=times, padding=padding, activation=activation, weights=weights
        )
    elif name == "FULLY_CONNECTED":
        flat = model.flatten(x) if rng.random() < 0.5 else x
        y = model.fully_connected(flat, 4, activation=activation, weights=weights)
        if rng.random() < 0.2:
            keep = FullyConnectedOptions(fused_activation_function=activation)
            bare = (*model.operators.pop().inputs[:2], -1)
            model.operator("FULLY_CONNECTED", bare, [y], keep)
    else:
        constants = model.constant((4, 3, 3, shape[3])), model.constant((4,))
        to = (1, shape[1] + 2, shape[2] + 2, 4)
        size_of = model.constant((4,), TensorType.INT32, to)
        y = model.tensor(to)
        options = TransposeConvOptions(padding=Padding.VALID, stride_w=1, stride_h=1)
        inputs = [size_of, constants[0], x, *constants[1 : rng.randint(1, 2)]]
        model.operator(name, inputs, [y], options, version=len(inputs) - 1)
    return y


def constant(
    model: ModelBuilder, shape: tuple[int, ...], rng: random.Random, *, float16: bool
) -> int:
    count = 1
    for size in shape:
        count *= size
    sign = rng.choice((1, 1, 1, -1))
    values = [sign * rng.uniform(0.5, 2) for _ in range(count)]
    if rng.random() < 0.1:
        values[0] = -values[0]
    if not float16:
        return model.constant(shape, FLOAT32, values)
    raw = struct.pack(f"<{count}e", *values)
    y = model.tensor(shape)
    model.operator("DEQUANTIZE", [model.constant(shape, FLOAT16, raw)], [y])
    return y


def affine(model: ModelBuilder, x: int, rng: random.Random, *, float16: bool) -> int:
    """One to three operators; now and then with an activation, or along another dimension."""
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(("MUL", "MUL", "ADD", "ADD", "SUB", "DIV"))
        shape = model.shape(x)
        of = rng.choice((shape[-1:], shape[-1:], shape[-1:], (), (1,), (1,) * len(shape)))
        if rng.random() < 0.06:
            of = shape if rng.random() < 0.5 else (*shape[:-1], 1)
        c = constant(model, of, rng, float16=float16)
        y = model.tensor(shape)
        turned = rng.random() < 0.2 and name != "DIV"
        activation = rng.choice((NONE,) * 9 + (RELU, RELU6))
        model.operator(name, [c, x] if turned else [x, c], [y], OPTIONS[name](activation))
        if rng.random() < 0.04:
            model.output(y)
        x = y
    return x


def between(model: ModelBuilder, x: int, rng: random.Random) -> int:
    """Reshapes, pools, an activation, or nothing."""
    kind, shape = rng.choice(("", "", "", "reshape", "pool", "activation")), model.shape(x)
    if kind == "reshape" and len(shape) == 4:
        _, height, width, channels = shape
        to = rng.choice(
            (
                (1, height * width, channels),
                (1, width, height, channels),
                (1, channels, height, width),
            )
        )
        return model.reshape(x, to)
    if kind == "pool" and len(shape) == 4 and min(shape[1:3]) >= 2:
        name = rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D"))
        return model.pool_2d(x, name, padding=rng.choice((Padding.SAME, Padding.VALID)))
    return model.unary("RELU", x) if kind == "activation" else x


def affine_network(seed: int, weights: TensorType = FLOAT32) -> Model:
    """Layers and affine runs in turn."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    x = model.input((1, 6, 6, rng.choice((1, 2, 4))))
    for _ in range(rng.randint(1, 2)):
        if rng.random() < 0.5:
            x = affine(model, x, rng, float16=weights is FLOAT16)
            x = between(model, x, rng)
        x = layer(model, x, rng, weights)
        if rng.random() < 0.1:
            model.output(x)
        x = between(model, x, rng)
        if rng.random() < 0.6:
            x = affine(model, x, rng, float16=weights is FLOAT16)
    model.output(x)
    return model.build()


def norm_network(seed: int, weights: TensorType = FLOAT32) -> Model:
    """Batch normalisation behind an activation or a pool, and a layer behind it."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    x = model.conv_2d(model.input((1, 8, 8, 2)), 4, 3, activation=rng.choice((NONE, RELU, RELU)))
    if rng.random() < 0.4:
        x = between(model, x, rng)
    for name in ("MUL", rng.choice(("ADD", "SUB"))):
        y, shape = model.tensor(model.shape(x)), model.shape(x)[-1:]
        c = constant(model, shape, rng, float16=weights is FLOAT16)
        model.operator(name, [x, c], [y], OPTIONS[name]())
        x = y
    if rng.random() < 0.1:
        x = affine(model, x, rng, float16=False)
    for _ in range(rng.randint(0, 2)):
        x = between(model, x, rng)
    x = layer(model, x, rng, weights)
    model.output(x)
    return model.build()
