"""Sound models of at most 1 MB that are laid out to make rules walk too far."""

from __future__ import annotations

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    Conv2DOptions,
    FullyConnectedOptions,
    IfOptions,
    Padding,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model

INT32 = TensorType.INT32


def transposes_into_one_value(count: int) -> Model:
    """Layout transposes that all read one value and all write another."""
    model = ModelBuilder()
    x, y = model.input((1, 3, 8, 8)), model.tensor((1, 8, 8, 3))
    perm = model.constant((4,), INT32, (0, 2, 3, 1))
    for _ in range(count):
        model.operator("TRANSPOSE", [x, perm], [y], TransposeOptions())
        model.operator("RELU", [y], [y])
    model.output(y)
    return model.build()


def dense_layers_on_a_long_chain(count: int) -> Model:
    """Reshapes in a row behind a convolution, and a dense layer on the value at their end."""
    model = ModelBuilder()
    y = model.conv_2d(model.input((1, 8, 8, 1)), filters=2, kernel=1)
    shape = model.constant((4,), INT32, (1, 8, 8, 2))
    weights = model.constant((1, 128))
    out = model.tensor((1, 1))
    for _ in range(count):
        model.operator("RESHAPE", [y, shape], [y])
        model.operator("FULLY_CONNECTED", [y, weights, -1], [out], FullyConnectedOptions())
    model.output(out)
    return model.build()


def convolutions_on_one_value(count: int) -> Model:
    """Convolutions that read and write the same two tensors."""
    model = ModelBuilder()
    x, y = model.input((1, 8, 8, 1)), model.tensor((1, 8, 8, 4))
    w, b = model.constant((4, 3, 3, 1), TensorType.INT8), model.constant((4,))
    options = Conv2DOptions(padding=Padding.SAME, stride_w=1, stride_h=1)
    for _ in range(count):
        model.operator("CONV_2D", [x, w, b], [y], options)
    model.output(y)
    return model.build()


def one_operator_of_many_inputs(count: int) -> Model:
    """A concatenation of one value with itself, over and over."""
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    for _ in range(4):
        model.operator("CONCATENATION", [x] * count, [y])
    model.output(y)
    return model.build()


def tensors_without_operators(count: int) -> Model:
    """Tensors that no one reads, each with a bad scale."""
    model = ModelBuilder()
    x = model.input((1, 4))
    for _ in range(count):
        model.tensor((1, 4), TensorType.INT8, name="")
    model.output(x)
    return model.build()


def unknown_operators(count: int) -> Model:
    """Operators that no runtime has, each with a name of its own."""
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    for i in range(count):
        model.operator(f"Flex{i}", [x], [y])
    model.output(y)
    return model.build()


def branches_into_one_large_subgraph(count: int) -> Model:
    """Branches that all run one subgraph, as large as there are branches."""
    model = ModelBuilder()
    branch = model.subgraph("branch")
    x, y = branch.input((1, 4)), branch.tensor((1, 4))
    flag = model.input((1,), TensorType.BOOL)
    a, b = model.input((1, 4)), model.tensor((1, 4))
    options = IfOptions(then_subgraph_index=1, else_subgraph_index=1)
    for _ in range(count):
        branch.operator("RELU", [x], [y])
        model.operator("IF", [flag, a], [b], options)
    branch.output(y)
    model.output(b)
    return model.build()


def conversions_of_one_value(count: int) -> Model:
    """Float operators between DEQUANTIZE and QUANTIZE that all share their tensors."""
    model = ModelBuilder()
    x, y = model.input((1, 4), TensorType.INT8), model.tensor((1, 4), TensorType.INT8)
    wide = model.tensor((1, 4))
    for _ in range(count):
        model.operator("DEQUANTIZE", [x], [wide])
        model.operator("EXP", [wide], [wide])
        model.operator("QUANTIZE", [wide], [y])
        model.operator("RELU", [y], [x])
    model.output(y)
    return model.build()


def concatenations_of_unlike_scales(count: int) -> Model:
    """Concatenations of many tensors, none of which has the output's scale."""
    model = ModelBuilder()
    int8 = TensorType.INT8
    parts = [model.input((1, 4), int8, per_tensor(0.1)) for _ in range(count)]
    y = model.tensor((1, 4), int8)
    for _ in range(4):
        model.operator("CONCATENATION", parts, [y])
    model.output(y)
    return model.build()


GRAPHS = {
    transposes_into_one_value: 3500,
    dense_layers_on_a_long_chain: 3500,
    convolutions_on_one_value: 7500,
    one_operator_of_many_inputs: 60_000,
    tensors_without_operators: 9000,
    unknown_operators: 4000,
    branches_into_one_large_subgraph: 3500,
    conversions_of_one_value: 3500,
    concatenations_of_unlike_scales: 4000,
}
