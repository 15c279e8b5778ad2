"""Operators that need more than themselves: subgraphs, and variables that outlive a call.

Every model here hands three numbers from its input (or an initialising subgraph) to its
output; it is accepted when they arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from probe.cases import FED, Attempt, Feed, T, pack
from probe.tables import Json
from probe.tflm import ALL, WRONG, ask
from probe.worker import Outcome, try_all
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import (
    AddOptions,
    AssignVariableOptions,
    CallOnceOptions,
    IfOptions,
    ReadVariableOptions,
    TensorType,
    VarHandleOptions,
    WhileOptions,
)
from tflint.model.writer import write_model

SHAPE = (3,)
NUMBERS = (1.0, 0.0, 1.0)
Build = Callable[[TensorType], Attempt]


OPERATORS = ("ASSIGN_VARIABLE", "CALL_ONCE", "IF", "READ_VARIABLE", "VAR_HANDLE", "WHILE")


def entry(name: str) -> Mapping[str, Json]:
    """The table's entry of one of these operators.

    IF and WHILE copy what goes in and comes out from and to their subgraphs, in any mixture:
    they list types of single tensors in place of signatures.
    """
    if name in ("IF", "WHILE"):
        result: dict[str, Json] = {
            "tensor_types": accepted(answers(branch if name == "IF" else loop, FED))
        }
        if name == "IF":
            conditions = answers(condition, ALL)
            result["condition_types"] = accepted(conditions)
            result["says"] = {"condition FLOAT32": conditions[T.FLOAT32].says}
        return result
    if name == "CALL_ONCE":
        return {"accepts": ["->"] if accepted(answers(initialised, (T.FLOAT32,))) else []}
    types = accepted(answers(variable, FED))
    form = {
        "ASSIGN_VARIABLE": "RESOURCE,{}->",
        "READ_VARIABLE": "RESOURCE->{}",
        "VAR_HANDLE": "->RESOURCE",
    }[name]
    return {"accepts": sorted({form.format(type) for type in types})}


def accepted(outcomes: Mapping[TensorType, Outcome]) -> list[str]:
    """The names of the types that work, in order."""
    return sorted(type.name for type, outcome in outcomes.items() if outcome.accepted)


def answers(build: Build, types: tuple[TensorType, ...]) -> dict[TensorType, Outcome]:
    """Whether the numbers arrive, for each type."""
    outcomes = try_all([build(type) for type in types], ask)
    return {type: judged(type, outcome) for type, outcome in zip(types, outcomes, strict=True)}


def judged(type: TensorType, outcome: Outcome) -> Outcome:
    """The outcome, refused when other numbers came out."""
    if outcome.accepted and outcome.results != (NUMBERS,):
        return Outcome(accepted=False, says=WRONG)
    return outcome


def feed(model: ModelBuilder, type: TensorType) -> tuple[int, Feed]:
    """A graph input with the numbers."""
    return model.input(SHAPE, type), Feed(type, SHAPE, pack(NUMBERS, type))


def finished(model: ModelBuilder, *feeds: Feed) -> Attempt:
    """The model, with its outputs to be read as they are."""
    outputs = tuple((model.type(index), None) for index in model.outputs)
    return Attempt(write_model(model.build()), feeds, (), outputs)


def copy(graph: GraphBuilder, x: int) -> int:
    """An operator that works for any type."""
    y = graph.tensor(graph.shape(x), graph.type(x))
    graph.operator("RESHAPE", [x], [y])
    return y


def handle(graph: GraphBuilder) -> int:
    """The one variable of these models."""
    variable = graph.tensor((1,), T.RESOURCE)
    options = VarHandleOptions(container="", shared_name="variable")
    graph.operator("VAR_HANDLE", [], [variable], options)
    return variable


def variable(type: TensorType) -> Attempt:
    """Assign the input to a variable and read it back."""
    model = ModelBuilder()
    x, numbers = feed(model, type)
    of_model = handle(model)
    model.operator("ASSIGN_VARIABLE", [of_model, x], [], AssignVariableOptions())
    y = model.tensor(SHAPE, type)
    model.operator("READ_VARIABLE", [of_model], [y], ReadVariableOptions())
    model.output(y)
    return finished(model, numbers)


def initialised(type: TensorType) -> Attempt:
    """Assign a constant in a subgraph that runs once; read it in the main graph."""
    model = ModelBuilder()
    once = model.subgraph("once")
    value = once.constant(SHAPE, type, pack(NUMBERS, type))
    once.operator("ASSIGN_VARIABLE", [handle(once), value], [], AssignVariableOptions())
    model.operator("CALL_ONCE", [], [], CallOnceOptions(init_subgraph_index=1))
    y = model.tensor(SHAPE, type)
    model.operator("READ_VARIABLE", [handle(model)], [y], ReadVariableOptions())
    model.output(y)
    return finished(model)


def branch(type: TensorType, chosen: TensorType = T.BOOL) -> Attempt:
    """IF whose two branches both copy."""
    model = ModelBuilder()
    flag = model.input((1,), chosen)
    x, numbers = feed(model, type)
    for name in ("then", "else"):
        graph = model.subgraph(name)
        graph.output(copy(graph, graph.input(SHAPE, type)))
    y = model.tensor(SHAPE, type)
    options = IfOptions(then_subgraph_index=1, else_subgraph_index=2)
    model.operator("IF", [flag, x], [y], options)
    model.output(y)
    feeds = (Feed(chosen, (1,), pack((1,), chosen)),) if chosen in FED else ()
    return finished(model, *feeds, numbers)


def condition(type: TensorType) -> Attempt:
    """IF with a condition of this type."""
    return branch(T.FLOAT32, type)


def loop(type: TensorType) -> Attempt:
    """WHILE that copies three times."""
    model = ModelBuilder()
    counter = model.input((1,), T.INT32)
    x, numbers = feed(model, type)
    going = model.subgraph("condition")
    count = going.input((1,), T.INT32)
    going.input(SHAPE, type)
    less = going.tensor((1,), T.BOOL)
    going.operator("LESS", [count, going.constant((1,), T.INT32, (3,))], [less])
    going.output(less)
    body = model.subgraph("body")
    count = body.input((1,), T.INT32)
    value = body.input(SHAPE, type)
    following = body.tensor((1,), T.INT32)
    one = body.constant((1,), T.INT32, (1,))
    body.operator("ADD", [count, one], [following], AddOptions())
    body.output(following, copy(body, value))
    last, y = model.tensor((1,), T.INT32), model.tensor(SHAPE, type)
    options = WhileOptions(cond_subgraph_index=1, body_subgraph_index=2)
    model.operator("WHILE", [counter, x], [last, y], options)
    model.output(y)
    return finished(model, Feed(T.INT32, (1,), pack((0,), T.INT32)), numbers)
