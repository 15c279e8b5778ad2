"""The weights of a float model, whichever operators hold them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tflint.convert.unit import Unit
from tflint.convert.weighted_units import units
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    BatchMatMulOptions,
    MulOptions,
    TensorType,
    WhileOptions,
)

NONE = ActivationFunctionType.NONE
RELU = ActivationFunctionType.RELU


def _constant(builder: GraphBuilder, *values: float, shape: tuple[int, ...] | None = None) -> int:
    return builder.constant(shape or (len(values),), values=values)


def _elementwise(
    builder: GraphBuilder,
    name: str,
    x: int,
    constant: int,
    activation: ActivationFunctionType = NONE,
) -> int:
    options = AddOptions if name == "ADD" else MulOptions
    y = builder.tensor(builder.shape(x), TensorType.FLOAT32)
    builder.operator(name, [x, constant], [y], options(fused_activation_function=activation))
    return y


def _stored(builder: ModelBuilder, buffer: int) -> NDArray[np.float32]:
    data = builder.buffers[buffer].data
    assert data is not None
    return np.frombuffer(data, "<f4")


def _only(builder: ModelBuilder) -> Unit:
    (unit,) = units(builder.build())
    return unit


def test_a_convolution_is_in_the_order_of_keras() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 6, 6, 2))
    y = builder.conv_2d(x, 4, (3, 2))
    builder.output(y)

    unit = _only(builder)

    stored = _stored(builder, 1).reshape(4, 3, 2, 2)
    assert unit.key == ("convolution", (3, 2, 2, 4))
    assert unit.kernel is not None
    assert (unit.kernel == stored.transpose(1, 2, 3, 0)).all()
    assert unit.offset is not None
    assert unit.offset.shape == (4,)


def test_a_window_of_one_row_is_that_of_one_dimension() -> None:
    shapes = []
    for kernel, sizes in (((1, 3), (1, 1, 9, 2)), ((3, 1), (1, 9, 1, 2))):
        builder = ModelBuilder()
        builder.output(builder.conv_2d(builder.input(sizes), 4, kernel))
        shapes.append(_only(builder).key)
    assert shapes == [("convolution", (3, 2, 4))] * 2


def test_a_dense_layer_is_the_same_in_every_operator() -> None:
    """FULLY_CONNECTED, a product of matrices and a convolution without a window."""
    weights = np.arange(6, dtype="<f4").reshape(3, 2)
    found = []

    builder = ModelBuilder()
    x, y = builder.input((1, 3)), builder.tensor((1, 2), TensorType.FLOAT32)
    w = builder.constant((2, 3), values=weights.T.tobytes())
    builder.operator("FULLY_CONNECTED", [x, w, -1], [y])
    builder.output(y)
    found.append(_only(builder))

    for turned in (False, True):
        builder = ModelBuilder()
        x, y = builder.input((1, 3)), builder.tensor((1, 2), TensorType.FLOAT32)
        data = weights.T if turned else weights
        w = builder.constant(data.shape, values=data.tobytes())
        builder.operator("BATCH_MATMUL", [x, w], [y], BatchMatMulOptions(adj_y=turned))
        builder.output(y)
        found.append(_only(builder))

    for unit in found:
        assert unit.key == ("dense", (3, 2))
        assert unit.kernel is not None
        assert (unit.kernel == weights).all()


def test_one_input_channel_is_depthwise_whatever_the_operator() -> None:
    keys = set()
    for name in ("conv_2d", "depthwise_conv_2d"):
        builder = ModelBuilder()
        x = builder.input((1, 6, 6, 1))
        make = {"conv_2d": {"filters": 4}, "depthwise_conv_2d": {"multiplier": 4}}[name]
        builder.output(getattr(builder, name)(x, kernel=3, **make))
        keys.add(_only(builder).key)
    assert keys == {("depthwise", (3, 3, 4))}


def test_what_follows_a_kernel_at_once_belongs_to_it() -> None:
    """A bias behind a RESHAPE, then a normalisation: one scale and one offset."""
    builder = ModelBuilder()
    x = builder.input((1, 4, 4, 2))
    y = builder.conv_2d(x, 3, 3, activation=NONE)
    y = builder.reshape(y, (1, 4, 3))
    y = _elementwise(builder, "ADD", y, _constant(builder, 1, 2, 3))
    y = _elementwise(builder, "MUL", y, _constant(builder, 2, 4, 8, shape=(1, 1, 3)))
    y = _elementwise(builder, "ADD", y, _constant(builder, 5, 5, 5), RELU)
    builder.output(y)

    unit = _only(builder)

    assert unit.scale is not None
    assert unit.scale.tolist() == [2, 4, 8]
    bias = _stored(builder, 2)
    assert unit.offset is not None
    assert unit.offset == pytest.approx((bias + np.array([1, 2, 3])) * np.array([2, 4, 8]) + 5)
    assert unit.whole is not None
    assert unit.kernel is not None
    assert (unit.whole == unit.kernel * unit.scale).all()


@pytest.mark.parametrize("reason", ["activation", "second reader", "another size"])
def test_what_does_not_follow_at_once_is_a_unit_of_its_own(reason: str) -> None:
    builder = ModelBuilder()
    x = builder.input((1, 4, 4, 2))
    y = builder.conv_2d(x, 3, 3, activation=RELU if reason == "activation" else NONE)
    values = (2.0, 2.0) if reason == "another size" else (2.0, 4.0, 8.0)
    shape = (1, 2, 1, 1) if reason == "another size" else (3,)
    z = _elementwise(builder, "MUL", y, _constant(builder, *values, shape=shape))
    builder.output(z)
    if reason == "second reader":
        builder.output(builder.unary("RELU", y))

    kinds = [unit.kind for unit in units(builder.build())]

    assert kinds == ["convolution", "vector"]


def test_the_map_that_was_flattened_is_known() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 4, 3, 2))
    y = builder.unary("RELU", builder.flatten(x))
    builder.output(builder.fully_connected(y, 5))
    assert _only(builder).flattened == (4, 3, 2)


def test_the_order_does_not_depend_on_that_of_the_file() -> None:
    def network(is_first_first: bool) -> list[tuple[int, ...]]:
        builder = ModelBuilder()
        x = builder.input((1, 6, 6, 2))
        parts: dict[int, int] = {}
        for filters in (3, 5) if is_first_first else (5, 3):
            parts[filters] = builder.conv_2d(x, filters, 3)
        y = builder.tensor((1, 4, 4, 8), TensorType.FLOAT32)
        builder.operator("CONCATENATION", [parts[3], parts[5]], [y])
        builder.output(y)
        return [unit.shape for unit in units(builder.build())]

    assert network(True) == network(False) == [(3, 3, 2, 3), (3, 3, 2, 5)]


def test_constants_that_a_loop_is_given_are_its_weights() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 3))
    weights = builder.constant((4, 3))
    body, condition = builder.subgraph("body"), builder.subgraph("condition")
    for graph in (body, condition):
        graph.input((1, 3))
        graph.input((4, 3))
    y = body.tensor((1, 4), TensorType.FLOAT32)
    body.operator("FULLY_CONNECTED", [body.inputs[0], body.inputs[1], -1], [y])
    body.output(y, body.inputs[1])
    done = builder.tensor((1, 4), TensorType.FLOAT32), builder.tensor((4, 3), TensorType.FLOAT32)
    options = WhileOptions(cond_subgraph_index=2, body_subgraph_index=1)
    builder.operator("WHILE", [x, weights], done, options)
    builder.output(done[0])
    assert [unit.key for unit in units(builder.build())] == [("dense", (3, 4))]


def test_an_operator_on_constants_alone_uses_no_weights() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 3))
    held = _elementwise(builder, "MUL", _constant(builder, 1, 2, 3), _constant(builder, 2, 2, 2))
    builder.output(_elementwise(builder, "ADD", x, held))
    unit = _only(builder)
    assert unit.offset is not None
    assert unit.offset.tolist() == [2, 4, 6]


def test_gates_of_a_fused_recurrence_stand_side_by_side() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 5, 3))
    inputs = [builder.constant((4, 3)) for _ in range(4)]
    recurrent = [builder.constant((4, 4)) for _ in range(4)]
    biases = [builder.constant((4,)) for _ in range(4)]
    state = [builder.tensor((1, 4), TensorType.FLOAT32, is_variable=True) for _ in range(2)]
    y = builder.tensor((1, 5, 4), TensorType.FLOAT32)
    operands = [x, *inputs, *recurrent, -1, -1, -1, *biases, -1, -1, *state, -1, -1, -1, -1]
    builder.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, [y])
    builder.output(y)
    keys = [unit.key for unit in units(builder.build())]
    assert keys == [("dense", (3, 16)), ("dense", (4, 16)), ("vector", (16,))]


def test_constants_that_do_not_fit_their_shape_are_no_weights() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 3))
    w = builder.constant((2, 3), values=b"\0" * 8)
    y = builder.tensor((1, 2), TensorType.FLOAT32)
    builder.operator("FULLY_CONNECTED", [x, w, -1], [y])
    builder.output(y)
    assert units(builder.build()) == []
