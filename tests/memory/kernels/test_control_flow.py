"""Subgraphs and resource variables, against the wheel."""

from __future__ import annotations

from probe.control import branch, initialised, loop, variable
from tests.memory.against_wheel import differences, needs_wheel
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import (
    AddOptions,
    AssignVariableOptions,
    IfOptions,
    ReadVariableOptions,
    TensorType,
    VarHandleOptions,
    WhileOptions,
)
from tflint.model.tables import Model

BOOL, FLOAT32, INT32 = TensorType.BOOL, TensorType.FLOAT32, TensorType.INT32
TYPES = (FLOAT32, TensorType.INT8, TensorType.INT64, BOOL)
SHAPE = (20,)


def handle(graph: GraphBuilder, name: str) -> int:
    found = graph.tensor((1,), TensorType.RESOURCE)
    graph.operator("VAR_HANDLE", [], [found], VarHandleOptions(container="", shared_name=name))
    return found


def read(graph: GraphBuilder, variable: int, size: int) -> int:
    y = graph.tensor((size,), FLOAT32)
    graph.operator("READ_VARIABLE", [variable], [y], ReadVariableOptions())
    return y


def variables(names: str, size: int) -> Model:
    """Each of these is assigned and read, in turn."""
    model = ModelBuilder()
    x = model.input((size,), FLOAT32)
    for name in names:
        of_model = handle(model, name)
        model.operator("ASSIGN_VARIABLE", [of_model, x], [], AssignVariableOptions())
        model.output(read(model, of_model, size))
    return model.build()


def less(graph: GraphBuilder, counter: int, than: int) -> int:
    y = graph.tensor((1,), BOOL)
    graph.operator("LESS", [counter, graph.constant((1,), INT32, (than,))], [y])
    return y


def nested() -> Model:
    """IF in the body of WHILE, its branches of different length."""
    model = ModelBuilder()
    counter, x = model.input((1,), INT32), model.input(SHAPE, FLOAT32)
    condition = model.subgraph("condition")
    count = condition.input((1,), INT32)
    condition.input(SHAPE, FLOAT32)
    condition.output(less(condition, count, 3))
    body = model.subgraph("body")
    count, value = body.input((1,), INT32), body.input(SHAPE, FLOAT32)
    chosen = less(body, count, 2)
    following = body.tensor((1,), INT32)
    body.operator("ADD", [count, body.constant((1,), INT32, (1,))], [following], AddOptions())
    result = body.tensor(SHAPE, FLOAT32)
    branches = IfOptions(then_subgraph_index=3, else_subgraph_index=4)
    body.operator("IF", [chosen, value], [result], branches)
    body.output(following, result)
    for length in (1, 3):
        graph = model.subgraph(f"branch {length}")
        y = graph.input(SHAPE, FLOAT32)
        for _ in range(length):
            y = graph.unary("NEG", y)
        graph.output(y)
    last, y = model.tensor((1,), INT32), model.tensor(SHAPE, FLOAT32)
    options = WhileOptions(cond_subgraph_index=1, body_subgraph_index=2)
    model.operator("WHILE", [counter, x], [last, y], options)
    model.output(last, model.unary("NEG", y))
    return model.build()


def handle_from_outside() -> Model:
    """A branch assigns to a variable whose handle it is given."""
    model = ModelBuilder()
    x, chosen = model.input(SHAPE, FLOAT32), model.input((1,), BOOL)
    of_model = handle(model, "variable")
    model.operator("ASSIGN_VARIABLE", [of_model, x], [], AssignVariableOptions())
    y = model.tensor(SHAPE, FLOAT32)
    branches = IfOptions(then_subgraph_index=1, else_subgraph_index=2)
    model.operator("IF", [chosen, of_model, x], [y], branches)
    model.output(y)
    for name in ("then", "else"):
        graph = model.subgraph(name)
        given, value = graph.input((1,), TensorType.RESOURCE), graph.input(SHAPE, FLOAT32)
        if name == "then":
            graph.operator("ASSIGN_VARIABLE", [given, value], [], AssignVariableOptions())
        graph.output(read(graph, given, *SHAPE))
    return model.build()


@needs_wheel
def test_subgraphs() -> None:
    simple = [build(type).model for build in (branch, loop) for type in TYPES]
    assert not differences([*simple, nested()])


@needs_wheel
def test_variables() -> None:
    simple = [build(type).model for build in (variable, initialised) for type in TYPES]
    several = [variables(names, 37) for names in ("a", "aa", "ab", "abc", "abca")]
    assert not differences([*simple, *several, handle_from_outside()])
