"""When tensors are alive, also where subgraphs call each other without end."""

from __future__ import annotations

from tflint.memory.abi import CORTEX_M
from tflint.memory.arena import plan_arena
from tflint.memory.lifetimes import NEVER, lifetimes
from tflint.memory.requests import Build
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import IfOptions, TensorType
from tflint.model.tables import Model


def _calls(graph: GraphBuilder, then: int, otherwise: int) -> None:
    """A subgraph that runs one of two others, or one of them twice over."""
    condition = graph.input((1,), TensorType.BOOL)
    x = graph.input((1, 4))
    y = graph.tensor((1, 4))
    options = IfOptions(then_subgraph_index=then, else_subgraph_index=otherwise)
    graph.operator("IF", [condition, x], [y], options)
    graph.output(y)


def _doubling(depth: int) -> Model:
    """Subgraphs of which each calls the next twice: 2 to the power of `depth` runs of the last."""
    model = ModelBuilder()
    _calls(model, 1, 1)
    for index in range(1, depth):
        _calls(model.subgraph(f"level {index}"), index + 1, index + 1)
    last = model.subgraph("last")
    last.output(last.unary("ABS", last.input((1, 4))))
    return model.build()


def test_scopes_of_called_subgraphs() -> None:
    found = lifetimes(graphs(_doubling(2)))

    assert found.endless is None
    assert not found.is_cut_short
    names = [node.name if node is not None else "" for node in found.scopes]
    one_call = ["", "IF", "", "ABS", "", "ABS"]
    assert names == ["", "IF", *one_call, *one_call]
    # The operator's inputs are alive as long as what it calls runs.
    assert found.operators[0] == ((1, len(names) - 1),)


def test_what_nobody_calls_is_never_alive() -> None:
    model = ModelBuilder()
    model.output(model.unary("ABS", model.input((1, 4))))
    other = model.subgraph("other")
    other.output(other.unary("ABS", other.input((1, 4))))

    assert set(lifetimes(graphs(model.build())).tensors[1]) == {NEVER}


def test_runs_that_double_are_not_followed_for_ever() -> None:
    model = _doubling(40)
    found = lifetimes(graphs(model))
    arena = plan_arena(model, graphs(model), Build(CORTEX_M))

    assert found.is_cut_short
    assert len(found.scopes) < 200_000
    assert any("run so often" in doubt.reason for _, doubt in arena.doubts)


def test_a_subgraph_that_calls_itself_cannot_be_planned() -> None:
    model = ModelBuilder()
    _calls(model, 0, 0)
    built = model.build()

    assert "calls itself" in (lifetimes(graphs(built)).endless or "")
    assert plan_arena(built, graphs(built), Build(CORTEX_M)).fault
