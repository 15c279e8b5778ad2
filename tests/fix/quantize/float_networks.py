"""Small float networks of the kinds that get quantised, and inputs for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.fix.proof.samples import Samples
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    Conv2DOptions,
    Padding,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    SqueezeOptions,
    TensorType,
)
from tflint.model.tables import Model

FLOAT32, INT32 = TensorType.FLOAT32, TensorType.INT32
NONE = ActivationFunctionType.NONE


def image_network(
    *, weights: TensorType | None = None, seed: int = 0, classes: int = 3, batch: int = 1
) -> Model:
    """CONV_2D, MAX_POOL_2D, CONV_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX; `weights` as given."""
    model = ModelBuilder(seed=seed)
    x = model.input((batch, 8, 8, 2), name="image")
    x = model.conv_2d(x, filters=4, kernel=3, weights=weights)
    x = model.pool_2d(x)
    x = model.conv_2d(x, filters=8, kernel=2, weights=weights)
    x = model.fully_connected(model.flatten(x), units=classes, weights=weights)
    model.output(model.softmax(x))
    return model.build()


def sequence_network(*, seed: int = 0) -> Model:
    """Conv1D, ReLU, MaxPool1D, Conv1D, GlobalMaxPool1D, Dense, sigmoid, as in 2020."""
    model = ModelBuilder(seed=seed)
    x = model.input((1, 20, 3), name="readings")
    x = _conv_1d(model, x, 4)
    x = _pool_1d(model, x)
    x = _conv_1d(model, x, 6)
    y = model.tensor((1, 6))
    axis = model.constant((1,), INT32, (1,))
    model.operator("REDUCE_MAX", [x, axis], [y], ReducerOptions())
    y = model.fully_connected(y, units=1)
    model.output(model.unary("LOGISTIC", y))
    return model.build()


def dilated_network(
    dilation: int = 2,
    *,
    length: int = 16,
    pads: tuple[int, int] = (0, 0),
    crops: tuple[int, int] = (0, 0),
    is_open: bool = False,
    channels: int = 3,
    output: bool = False,
    kernel: int = 3,
    seed: int = 0,
) -> Model:
    """A dilated Conv1D as Keras 2 has it; `is_open` as it is stored for an open batch."""
    model = ModelBuilder(seed=seed)
    x = model.unary("TANH", model.input((1, length, channels)))
    batch = 1 if is_open else dilation
    short = (length + sum(pads)) // dilation
    block = model.constant((1,), INT32, (dilation,))
    spread = model.tensor((batch, short, channels))
    rows = model.constant((1, 2), INT32, pads)
    model.operator("SPACE_TO_BATCH_ND", [x, block, rows], [spread])
    wide = model.tensor((batch, 1, short, channels))
    model.operator("EXPAND_DIMS", [spread, model.constant((), INT32, (1,))], [wide])
    made = model.tensor((batch, 1, short - kernel + 1, 4))
    options = Conv2DOptions(
        padding=Padding.VALID,
        stride_w=1,
        stride_h=1,
        fused_activation_function=ActivationFunctionType.RELU,
    )
    weights = model.constant((4, 1, kernel, channels))
    model.operator("CONV_2D", [wide, weights, model.constant((4,))], [made], options)
    shape = (-1, short - kernel + 1, 4)
    flat = model.tensor((batch, *shape[1:]))
    to = model.constant((3,), INT32, shape)
    model.operator("RESHAPE", [made, to], [flat], ReshapeOptions(new_shape=shape))
    result = model.tensor((1, dilation * shape[1] - sum(crops), 4))
    ends = model.constant((1, 2), INT32, crops)
    model.operator("BATCH_TO_SPACE_ND", [flat, block, ends], [result])
    model.output(model.unary("TANH", result), *([flat] if output else []))
    return model.build()


def _expand(model: ModelBuilder, x: int, axis: int) -> int:
    shape = list(model.shape(x))
    shape.insert(axis, 1)
    y = model.tensor(shape)
    model.operator("EXPAND_DIMS", [x, model.constant((), INT32, (axis,))], [y])
    return y


def _squeeze(model: ModelBuilder, x: int, axis: int) -> int:
    shape = list(model.shape(x))
    del shape[axis]
    y = model.tensor(shape)
    model.operator("SQUEEZE", [x], [y], SqueezeOptions(squeeze_dims=(axis,)))
    return y


def _conv_1d(model: ModelBuilder, x: int, filters: int) -> int:
    wide = _expand(model, x, 1)
    batch, _, length, channels = model.shape(wide)
    w = model.constant((filters, 1, 3, channels))
    b = model.constant((filters,), values=[0.0] * filters)
    y = model.tensor((batch, 1, length - 2, filters))
    options = Conv2DOptions(padding=Padding.VALID, stride_w=1, stride_h=1)
    model.operator("CONV_2D", [wide, w, b], [y], options)
    y = _squeeze(model, y, 1)
    z = model.tensor(model.shape(y))
    model.operator("ADD", [y, model.constant((filters,))], [z])
    return model.unary("RELU", z)


def _pool_1d(model: ModelBuilder, x: int) -> int:
    wide = _expand(model, x, 2)
    batch, length, _, channels = model.shape(wide)
    y = model.tensor((batch, length // 2, 1, channels))
    options = Pool2DOptions(
        padding=Padding.VALID, stride_h=2, stride_w=1, filter_height=2, filter_width=1
    )
    model.operator("MAX_POOL_2D", [wide], [y], options)
    return _squeeze(model, y, 2)


def reshaped(model: ModelBuilder, x: int, shape: tuple[int, ...]) -> int:
    """A RESHAPE of a float tensor."""
    y = model.tensor(shape)
    to = model.constant((len(shape),), INT32, shape)
    model.operator("RESHAPE", [x, to], [y], ReshapeOptions(new_shape=shape))
    return y


def float_inputs(model: Model, count: int = 40, seed: int = 0) -> tuple[NDArray[Any], ...]:
    """Real-valued inputs of the first subgraph, (count, *shape)."""
    rng = np.random.default_rng(seed)
    graph = model.subgraphs[0]
    return tuple(
        rng.standard_normal((count, *graph.tensors[index].shape)).astype(np.float32)
        for index in graph.inputs
    )


def float_samples(model: Model, count: int = 40, seed: int = 0) -> Samples:
    """The same, as samples."""
    return Samples(float_inputs(model, count, seed), source="a test")
