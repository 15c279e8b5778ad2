"""TFL507: variables that hold a constant are one, and what does change keeps its RAM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    operators,
    repaired,
    rewritten,
    turn,
)
from tests.rules.findings import findings
from tests.runtimes import run
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import CallOnceOptions, TensorType, VarHandleOptions
from tflint.model.tables import Model

SHAPE = (1, 8)


def _handle(graph: GraphBuilder, name: str = "table") -> int:
    handle = graph.tensor((), TensorType.RESOURCE)
    graph.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name=name))
    return handle


def _read(graph: GraphBuilder, handle: int) -> int:
    result = graph.tensor(SHAPE)
    graph.operator("READ_VARIABLE", [handle], [result])
    return result


def _add(graph: GraphBuilder, a: int, b: int) -> int:
    result = graph.tensor(SHAPE)
    graph.operator("ADD", [a, b], [result])
    return result


def _table(*steps: str) -> Model:
    """A model that adds a variable to its input; `steps` are done in this order."""
    model = ModelBuilder()
    x = model.input(SHAPE)
    handle, table = _handle(model), model.constant(SHAPE)
    for step in steps:
        if step == "assign":
            model.operator("ASSIGN_VARIABLE", [handle, table], [])
        elif step == "assign another":
            model.operator("ASSIGN_VARIABLE", [handle, model.constant(SHAPE)], [])
        elif step == "update":
            model.operator("ASSIGN_VARIABLE", [handle, x], [])
        elif step == "read":
            x = _add(model, x, _read(model, handle))
        elif step == "give away":
            model.output(handle)
    model.output(x)
    return model.build()


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL507")


@pytest.mark.parametrize(
    "steps",
    [("assign", "read"), ("assign", "read", "read"), ("assign", "assign", "read", "assign")],
    ids=" ".join,
)
def test_a_variable_of_one_constant_is_read_in_place(steps: tuple[str, ...]) -> None:
    model = _table(*steps)
    after = repaired("TFL507", model)

    assert set(operators(after)) == {"ADD"}
    assert hold_equal(model, after, seeds=range(2)) == 4


@pytest.mark.parametrize("steps", [("assign",), ("update", "assign another")], ids=" ".join)
def test_a_variable_that_nobody_reads_goes(steps: tuple[str, ...]) -> None:
    model = ModelBuilder()
    handle = _handle(model)
    x = model.input(SHAPE)
    for step in steps:
        value = x if step == "update" else model.constant(SHAPE)
        model.operator("ASSIGN_VARIABLE", [handle, value], [])
    model.output(model.unary("RELU", x))
    built = model.build()
    after = repaired("TFL507", built)

    assert operators(after) == ["RELU"]
    hold_equal(built, after)


@pytest.mark.parametrize(
    "steps",
    [
        ("read", "assign"),
        ("read",),
        ("assign", "update", "read"),
        ("assign", "assign another", "read"),
        ("assign", "read", "give away"),
    ],
    ids=" ".join,
)
def test_what_may_hold_something_else_stays(steps: tuple[str, ...]) -> None:
    model = _table(*steps)
    hold_untouched("TFL507", model)
    assert all(finding.fix is None for finding in findings("TFL507", model))


def _initialised(*, first: bool = True) -> Model:
    """A variable that a subgraph of its own assigns, as converters write tables."""
    model = ModelBuilder()
    x = model.input(SHAPE)
    if first:
        model.operator("CALL_ONCE", [], [], CallOnceOptions(init_subgraph_index=1))
    x = _add(model, x, _read(model, _handle(model)))
    if not first:
        model.operator("CALL_ONCE", [], [], CallOnceOptions(init_subgraph_index=1))
    model.output(x)
    init = model.subgraph("init")
    init.operator("ASSIGN_VARIABLE", [_handle(init), init.constant(SHAPE)], [])
    return model.build()


def test_a_table_that_is_initialised_once_is_a_constant() -> None:
    model = _initialised()
    after = repaired("TFL507", model)

    assert operators(after) == ["ADD"]
    assert operators(after, 1) == []
    assert len(after.subgraphs) == 2
    assert hold_equal(model, after, seeds=range(2)) == 4


def test_a_table_that_is_initialised_too_late_stays() -> None:
    hold_untouched("TFL507", _initialised(first=False))


def test_a_variable_of_the_same_name_in_another_subgraph_is_the_same() -> None:
    model = ModelBuilder()
    x = model.input(SHAPE)
    handle = _handle(model)
    model.operator("ASSIGN_VARIABLE", [handle, model.constant(SHAPE)], [])
    model.output(_add(model, x, _read(model, handle)))
    other = model.subgraph("other")
    y = other.input(SHAPE)
    other.operator("ASSIGN_VARIABLE", [_handle(other), y], [])
    hold_untouched("TFL507", model.build())


# Variable tensors


def _state(*, stored: bool, read: bool, written: bool = False) -> Model:
    model = ModelBuilder()
    x = model.input(SHAPE)
    data = np.arange(8, dtype=np.float32).tobytes()
    buffer = model.buffer(data) if stored else 0
    state = model.tensor(SHAPE, name="state", buffer=buffer, is_variable=True)
    if read:
        x = _add(model, x, state)
    if written:
        model.operator("RELU", [x], [state])
        x = model.unary("RELU", x)
    model.output(model.unary("ABS", x))
    return model.build()


def test_values_that_are_never_loaded_go() -> None:
    model = _state(stored=True, read=True)
    rewrite = turn("TFL507", model)

    assert rewrite is not None
    assert rewrite.notes == ("`state` starts from zero, as it did: what was stored for it is gone",)
    assert not any(buffer.data for buffer in rewrite.model.buffers)
    # LiteRT refuses a variable with data.
    assert hold_equal(model, rewrite.model, runtimes=("tflm",), seeds=range(2)) == 2
    run(rewrite.model, [np.ones(SHAPE, np.float32)], "litert")


@pytest.mark.parametrize("stored", [False, True])
def test_a_variable_that_nothing_touches_goes(stored: bool) -> None:
    model = _state(stored=stored, read=False)
    after = repaired("TFL507", model)

    assert len(after.subgraphs[0].tensors) == 2
    hold_equal(model, after, runtimes=("tflm",))


def test_a_variable_that_is_only_written_is_none() -> None:
    model = _state(stored=False, read=False, written=True)
    after = repaired("TFL507", model)

    assert not any(tensor.is_variable for tensor in after.subgraphs[0].tensors)
    hold_equal(model, after)


def test_intermediates_of_an_operator_stay() -> None:
    model = ModelBuilder()
    x = model.input(SHAPE)
    state = model.tensor(SHAPE, is_variable=True)
    y = model.tensor(SHAPE)
    model.operator("ADD", [x, x], [y], intermediates=[state])
    model.output(y)
    hold_untouched("TFL507", model.build())


def test_on_litert_there_is_nothing_to_say() -> None:
    hold_untouched("TFL507", _state(stored=True, read=True), target="litert")


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(["assign", "assign another", "update", "read", "read"]),
        min_size=1,
        max_size=5,
    ),
)
def test_any_order_of_uses_answers_the_same(steps: list[str]) -> None:
    model = _table(*steps)
    after = rewritten("TFL507", model)
    if after is None:
        assert all(finding.fix is None for finding in findings("TFL507", model))
        return
    assert not findings("TFL507", after)
    hold_equal(model, after, may_refuse=True)
