"""Side effects keep their order; graphs whose order cannot be known safe are left alone."""

from __future__ import annotations

import dataclasses

import pytest

from tflint.memory.order import best_order
from tflint.memory.order_effects import has_unknown_effects, kept_sequences, unorderable
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model


def graph_of(model: ModelBuilder) -> Graph:
    return Graph(model.build(), 0)


def chosen(graph: Graph) -> tuple[int, ...]:
    return best_order(graph, {}).order


@pytest.mark.parametrize(
    "name",
    ["RANDOM_UNIFORM", "IF", "WHILE", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "HASHTABLE"],
)
def test_operators_with_state_elsewhere_keep_their_order(name: str) -> None:
    graph = ModelBuilder()
    x = graph.input([1, 8])
    for kind in (name, "RELU", "NotThere", "RELU", name):
        graph.operator(kind, [x], [graph.tensor([1, 8])])

    assert list(kept_sequences(graph_of(graph))) == [(0, 2), (2, 4)]


def test_operators_without_state_are_free() -> None:
    graph = ModelBuilder()
    x = graph.input([1, 8])
    graph.output(graph.fully_connected(graph.unary("RELU", graph.unary("LOGISTIC", x)), 3))
    made = graph_of(graph)

    assert not any(map(has_unknown_effects, made.nodes))
    assert list(kept_sequences(made)) == []


def variables(graph: GraphBuilder) -> None:
    """Two filters with a state each, and one more reader of the first state."""
    x = graph.input([1, 8])
    states = [graph.tensor([1, 8], is_variable=True) for _ in range(2)]
    for state in (*states, states[0]):
        graph.operator("ADD", [x, state], [graph.tensor([1, 8])])


def test_operators_of_one_variable_keep_their_order_and_others_are_free() -> None:
    graph = ModelBuilder()
    variables(graph)

    assert list(kept_sequences(graph_of(graph))) == [(0, 2)]


def test_a_variable_that_is_written_and_read() -> None:
    graph = ModelBuilder()
    x = graph.input([1, 8])
    state = graph.tensor([1, 8], is_variable=True)
    graph.operator("RELU", [x], [state])
    graph.operator("RELU", [state], [graph.tensor([1, 8])])
    graph.operator("ABS", [x], [state])
    made = graph_of(graph)

    assert unorderable(made) is None
    assert list(kept_sequences(made)) == [(0, 1), (1, 2)]
    assert chosen(made) == (0, 1, 2)


def small() -> Model:
    """Two branches from one input and their sum."""
    graph = ModelBuilder()
    x = graph.input([1, 8], name="in")
    a, b = graph.unary("RELU", x), graph.unary("ABS", x)
    total = graph.tensor([1, 8], name="sum")
    graph.operator("ADD", [a, b], [total])
    graph.output(total)
    return graph.build()


def changed(model: Model, operator: int, **fields: tuple[int, ...]) -> Graph:
    graph = model.subgraphs[0]
    operators = list(graph.operators)
    operators[operator] = dataclasses.replace(operators[operator], **fields)  # type: ignore[arg-type]
    graph = dataclasses.replace(graph, operators=tuple(operators))
    return Graph(dataclasses.replace(model, subgraphs=(graph,)), 0)


@pytest.mark.parametrize(
    ("operator", "fields", "reason"),
    [
        (1, {"outputs": (1,)}, "tensor 1 (main/tensor_1) is made by operators 0 and 1"),
        (0, {"inputs": (3,)}, "operator 0 (RELU) reads tensor 3 (sum) before it is made"),
        (0, {"inputs": (1,)}, "operator 0 (RELU) reads tensor 1 (main/tensor_1) before it is made"),
        (
            1,
            {"outputs": ()},
            "operator 2 (ADD) reads tensor 2 (main/tensor_2), which nothing makes",
        ),
        (0, {"outputs": (0,)}, "operator 0 (RELU) writes an input of the graph, tensor 0 (in)"),
    ],
)
def test_graphs_that_keep_their_order(
    operator: int, fields: dict[str, tuple[int, ...]], reason: str
) -> None:
    graph = changed(small(), operator, **fields)

    found = best_order(graph, {})

    assert found.reason == reason
    assert found.order == (0, 1, 2)
    assert found.candidates == ((0, 1, 2),)
    assert found.peak_before == found.peak_after > 0
    assert found.lower_bound <= found.peak_after


def test_a_constant_that_is_written() -> None:
    graph = ModelBuilder()
    graph.operator("RELU", [graph.input([1, 8])], [graph.constant([1, 8], name="\x1b[31m")])

    assert unorderable(graph_of(graph)) == (
        "operator 0 (RELU) writes a constant, tensor 1 (\\x1b[31m)"
    )


def test_constants_and_left_out_inputs_make_nobody_wait() -> None:
    graph = ModelBuilder()
    x = graph.input([1, 8])
    weights = graph.constant([4, 8], TensorType.FLOAT32)
    out = graph.tensor([1, 4])
    graph.operator("FULLY_CONNECTED", [x, weights, -1], [out])
    graph.output(out)

    assert unorderable(graph_of(graph)) is None
