"""Small models of every graph shape that matters to the memory planner, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_channel
from tflint.model.schema import (
    AddOptions,
    FullyConnectedOptions,
    IfOptions,
    SVDFOptions,
    TensorType,
)
from tflint.model.tables import Model, QuantizationParameters

T = TensorType


def add(graph: GraphBuilder, x: int, y: int) -> int:
    """x + y."""
    z = graph.tensor(graph.shape(x), graph.type(x))
    graph.operator("ADD", [x, y], [z], AddOptions())
    return z


def chain(graph: GraphBuilder, x: int, length: int) -> int:
    """As many operators in a row, none of which has data of its own."""
    for _ in range(length):
        x = graph.unary("EXP", x)
    return x


def branches() -> Model:
    model = ModelBuilder()
    x = model.input((1, 37))
    left, right = chain(model, x, 3), chain(model, x, 1)
    model.output(add(model, left, add(model, right, x)))
    return model.build()


def output_unread() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    model.unary("EXP", x)
    model.output(chain(model, x, 2))
    return model.build()


def unused_tensors() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    model.tensor((5, 100))
    model.constant((3, 7))
    model.tensor((77,), T.INT8)
    model.output(chain(model, x, 2))
    return model.build()


def input_is_output() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    model.output(x, chain(model, x, 3))
    return model.build()


def input_unread() -> Model:
    model = ModelBuilder()
    model.input((9, 9))
    model.output(chain(model, model.input((1, 33)), 3))
    return model.build()


def several_inputs_and_outputs() -> Model:
    model = ModelBuilder()
    x, y, z = model.input((1, 33)), model.input((1, 33)), model.input((64,), T.INT8)
    model.output(chain(model, x, 3), add(model, x, y), model.unary("RELU", z), chain(model, y, 1))
    return model.build()


def same_output_twice() -> Model:
    model = ModelBuilder()
    y = chain(model, model.input((1, 33), T.FLOAT32), 2)
    model.output(y, y)
    return model.build()


def same_input_twice() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    model.inputs.append(x)
    model.output(chain(model, x, 2))
    return model.build()


def no_operators() -> Model:
    model = ModelBuilder()
    model.output(model.input((1, 33)))
    return model.build()


def scalars() -> Model:
    model = ModelBuilder()
    model.output(chain(model, model.input(()), 3))
    return model.build()


def empty_tensors() -> Model:
    model = ModelBuilder()
    model.input((0, 4))
    model.tensor((3, 0, 2))
    model.output(chain(model, model.input((1, 20)), 2))
    return model.build()


def constant_output() -> Model:
    model = ModelBuilder()
    model.output(chain(model, model.input((1, 33)), 2), model.constant((5, 9)))
    return model.build()


def constant_input() -> Model:
    model = ModelBuilder()
    x = model.constant((1, 33))
    model.inputs.append(x)
    model.output(chain(model, x, 2))
    return model.build()


def variables() -> Model:
    """Several variables; one that nothing uses, one with data, one that is an output."""
    model = ModelBuilder()
    x = model.input((1, 3))
    states = [model.tensor((1, size), is_variable=True) for size in (20, 7, 1)]
    weights = [model.constant(shape) for shape in ((4, 3), (4, 5), (4,))]
    y = model.tensor((1, 4))
    model.operator("SVDF", [x, *weights, states[0]], [y], SVDFOptions(rank=1))
    model.output(y, states[2])
    model.tensor((0,), is_variable=True)
    filled = model.constant((50,))
    model.tensors[filled] = dataclasses.replace(model.tensors[filled], is_variable=True)
    return model.build()


def read_before_made() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    late = model.tensor((1, 33))
    y = add(model, x, late)
    model.operator("EXP", [x], [late])
    model.output(chain(model, y, 2))
    return model.build()


def made_twice() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    y = chain(model, x, 1)
    z = chain(model, y, 2)
    model.operator("EXP", [z], [y])
    model.output(chain(model, y, 2))
    return model.build()


def writes_its_input() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33))
    model.operator("EXP", [x], [x])
    model.output(chain(model, x, 2))
    return model.build()


def _plain(operators: Sequence[tuple[int, int]], output: int) -> Callable[[], Model]:
    """EXP from tensor to tensor, all of one size; 0 is the input."""

    def build() -> Model:
        model = ModelBuilder()
        model.input((1, 100))
        for _ in range(5):
            model.tensor((1, 100))
        for x, y in operators:
            model.operator("EXP", [x], [y])
        model.output(output)
        return model.build()

    return build


def called_twice() -> Model:
    """Subgraphs that two operators call: what they hold lives from the first call on."""
    model = ModelBuilder()
    condition, x = model.input((1,), T.BOOL), model.input((1, 100))
    for then, otherwise in ((1, 2), (2, 1)):
        y = model.tensor((1, 100))
        options = IfOptions(then_subgraph_index=then, else_subgraph_index=otherwise)
        model.operator("IF", [condition, x], [y], options)
        x = chain(model, y, 2)
    model.output(x)
    for length in (2, 3):
        graph = model.subgraph(f"of_{length}")
        graph.output(chain(graph, graph.input((1, 100)), length))
    return model.build()


def unreached_scratch() -> Model:
    """Not for the wheel: TFLM reads the size of a buffer that nobody entered."""
    model = ModelBuilder()
    model.output(chain(model, model.input((1, 33)), 1))
    other = model.subgraph("other")
    x, y = other.input((1, 100)), other.tensor((1, 100))
    other.operator("ADD_N", [x, x], [y])
    other.output(y)
    return model.build()


def made_by_nobody() -> Model:
    model = ModelBuilder()
    model.input((1, 2))
    model.output(chain(model, model.tensor((1, 100)), 3))
    return model.build()


def element_types() -> Model:
    """A tensor of every type, which nothing uses."""
    model = ModelBuilder()
    x = model.input((1, 33))
    for type in T:
        if type not in (T.STRING, T.VARIANT, T.RESOURCE, T.UINT4, T.INT2, T.BFLOAT16):
            if "FLOAT8" not in type.name:
                model.tensor((3, 5), type)
    model.output(chain(model, x, 2))
    return model.build()


def int4_tensors() -> Model:
    model = ModelBuilder()
    x = model.input((1, 33), T.INT4)
    model.tensor((1, 7), T.INT4)
    model.constant((1, 7), T.INT4)
    model.output(x)
    return model.build()


def shared_buffer() -> Model:
    """Tensors on one buffer, on one that is empty, on one that is too short."""
    model = ModelBuilder()
    x = model.input((1, 33))
    first = model.constant((1, 33))
    buffer = model.tensors[first].buffer
    second = model.tensor((1, 33), buffer=buffer)
    empty = model.tensor((1, 33), buffer=model.buffer(b""))
    y = add(model, add(model, x, first), second)
    model.output(add(model, y, empty))
    return model.build()


def odd_quantization() -> Model:
    """Parameters by halves, and more of them than channels."""
    model = ModelBuilder()
    x = model.input((1, 33))
    for scale, zero_point in (
        ((0.5,), ()),
        ((), (3,)),
        ((0.5, 0.25), (1,)),
        ((0.5,) * 9, (0,) * 9),
    ):
        y = model.tensor((1, 33), T.FLOAT32, QuantizationParameters(scale, zero_point))
        model.operator("EXP", [x], [y])
        model.output(y)
        x = y
    return model.build()


def many_tiny_operators() -> Model:
    """The plan is larger than what is planned."""
    model = ModelBuilder()
    model.output(chain(model, model.input((1,)), 300))
    return model.build()


def wide_layer(layer: str) -> Callable[[], Model]:
    """One layer with a scale for each of many channels: preparing it takes the most."""

    def build() -> Model:
        model = ModelBuilder()
        x = model.input((1, 1, 1, 4), T.INT8)
        if layer == "CONV_2D":
            y = model.conv_2d(x, filters=400, kernel=1)
        elif layer == "DEPTHWISE_CONV_2D":
            y = model.depthwise_conv_2d(x, kernel=1, multiplier=100)
        else:
            y = model.fully_connected(x, units=400)
            operator = model.operators[-1]
            for i in operator.inputs[1:]:
                scales = per_channel([0.01] * 400, 0)
                model.tensors[i] = dataclasses.replace(model.tensors[i], quantization=scales)
        small = model.tensor((1, 1), T.INT8)
        w, b = model.constant((1, 400), T.INT8, quantization=per_channel([0.01], 0)), -1
        model.operator("FULLY_CONNECTED", [y, w, b], [small], FullyConnectedOptions(), version=4)
        model.output(small)
        return model.build()

    return build


def second_subgraph() -> Model:
    """Two more subgraphs that nothing calls, one of them without operators."""
    model = ModelBuilder()
    model.output(chain(model, model.input((1, 33)), 3))
    other = model.subgraph("other")
    x = other.input((1, 100), T.INT8)
    other.output(other.unary("RELU", x))
    other.tensor((40,), is_variable=True)
    third = model.subgraph("third")
    third.output(third.input((1, 9)))
    return model.build()


SHAPES: dict[str, Callable[[], Model]] = {
    build.__name__: build
    for build in (
        branches,
        output_unread,
        unused_tensors,
        input_is_output,
        input_unread,
        several_inputs_and_outputs,
        same_output_twice,
        same_input_twice,
        no_operators,
        scalars,
        empty_tensors,
        constant_output,
        constant_input,
        variables,
        read_before_made,
        made_twice,
        writes_its_input,
        made_by_nobody,
        element_types,
        int4_tensors,
        shared_buffer,
        odd_quantization,
        many_tiny_operators,
        second_subgraph,
        called_twice,
    )
} | {
    "remade_later": _plain([(0, 1), (0, 2), (2, 3), (0, 1), (3, 4)], 4),
    "input_remade": _plain([(0, 1), (1, 2), (2, 3), (3, 0)], 3),
    "output_read_before_made": _plain([(0, 1), (4, 2), (2, 3), (3, 4)], 4),
    "output_read_not_made": _plain([(0, 1), (1, 2), (4, 3), (2, 1)], 4),
    "read_not_made": _plain([(0, 1), (4, 2), (2, 3), (3, 1)], 3),
    "wide_conv_2d": wide_layer("CONV_2D"),
    "wide_depthwise_conv_2d": wide_layer("DEPTHWISE_CONV_2D"),
    "wide_fully_connected": wide_layer("FULLY_CONNECTED"),
}
