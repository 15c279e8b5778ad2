"""TFL109: an open batch is closed, any other open dimension is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    repaired,
    rewritten,
)
from tests.random_networks import random_network
from tests.rules.findings import findings
from tflint.model.builder import ModelBuilder
from tflint.model.record import ABSENT
from tflint.model.tables import Model


def _network(*signatures: Sequence[int], later: Sequence[int] = ()) -> ModelBuilder:
    """A sum of inputs of shape (1, 4, 2), each with one of these signatures."""
    model = ModelBuilder()
    x = 0
    for number, signature in enumerate(signatures):
        given = model.input((1, 4, 2), shape_signature=signature, name=f"x{number}")
        if not number:
            x = given
            continue
        y = model.tensor((1, 4, 2), shape_signature=later)
        model.operator("ADD", [x, given], [y])
        x = y
    model.output(model.unary("RELU", x))
    return model


def _signatures(model: Model) -> list[tuple[int, ...]]:
    return [tensor.shape_signature for tensor in model.subgraphs[0].tensors]


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL109", but=("The length of a sequence", "The length of a recording"))


def test_what_is_open_behind_the_inputs_closes_too() -> None:
    model = _network((-1, 4, 2), (-1, 4, 2), later=(-1, -1, 2)).build()
    after = repaired("TFL109", model)

    assert set(_signatures(after)) == {()}
    assert all(t.shape_signature is ABSENT for t in after.subgraphs[0].tensors)
    hold_equal(model, after)


def test_signatures_that_leave_nothing_open_stay() -> None:
    model = _network((-1, 4, 2), (1, 4, 2)).build()
    assert (1, 4, 2) in _signatures(repaired("TFL109", model))


@pytest.mark.parametrize(
    "signatures",
    [[(1, -1, 2)], [(-1, -1, 2)], [(-1, 4, 2), (1, 4, -1)], [(1, 4, 2)], [()]],
    ids=["a length", "both", "a length beside", "nothing", "none"],
)
def test_other_dimensions_stay_open(signatures: list[tuple[int, ...]]) -> None:
    hold_untouched("TFL109", _network(*signatures).build())


def test_subgraphs_that_are_only_called_stay_as_they_are() -> None:
    model = _network((-1, 4, 2))
    for name in ("called", "signed"):
        other = model.subgraph(name)
        x = other.input((1, 4), shape_signature=(-1, 4))
        y = other.unary("RELU", x)
        other.output(y)
    built = model.build()
    main = built.subgraphs[0]
    signed = ModelBuilder()
    x = signed.input((1, 4))
    signed.signature({"x": x}, {"x": x})
    entry = dataclasses.replace(signed.build().signature_defs[0], subgraph_index=2)
    after = repaired("TFL109", dataclasses.replace(built, signature_defs=(entry,)))

    assert main.inputs == after.subgraphs[0].inputs
    first = [graph.tensors[0].shape_signature for graph in after.subgraphs]
    assert first == [(), (-1, 4), ()]


def test_litert_resizes_a_batch() -> None:
    hold_untouched("TFL109", _network((-1, 4, 2)).build(), target="litert")


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_random_networks_answer_the_same(seed: int) -> None:
    model = random_network(seed)
    graph = model.subgraphs[0]
    tensors = tuple(
        dataclasses.replace(t, shape_signature=(-1, *t.shape[1:])) if t.shape[:1] == (1,) else t
        for t in graph.tensors
    )
    graph = dataclasses.replace(graph, tensors=tensors)
    model = dataclasses.replace(model, subgraphs=(graph,))
    after = rewritten("TFL109", model)

    assert after is not None
    assert not findings("TFL109", after)
    hold_equal(model, after, may_refuse=True)
