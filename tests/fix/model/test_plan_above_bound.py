"""TFL506: the operators in another order give the same, in a smaller arena."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    operators,
    repaired_to_the_end,
    rewritten,
)
from tests.memory.random_graphs import random_graph
from tests.rules.findings import findings
from tflint.memory.usage import memory_use
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model
from tflint.target.target import find_target

INT8 = TensorType.INT8
GAPS = "Sizes that do not stack up"


def test_the_examples_of_the_rule_are_repaired() -> None:
    """Gaps between tensors are another matter: no order closes them."""
    hold_examples("TFL506", but=(GAPS,))


def arena(model: Model, target: str = "tflm") -> int:
    return memory_use(model, graphs(model), find_target(target)).arena.min_arena_bytes


def branches(seed: int) -> Model:
    """Branches that widen by different amounts, their operators in any order that works."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    x = model.input((1, 8), INT8)
    ends = [x] * rng.randint(2, 4)
    for _ in range(rng.randint(4, 10)):
        at = rng.randrange(len(ends))
        ends[at] = model.fully_connected(ends[at], units=rng.choice((8, 64, 512)))
    total, *rest = (model.fully_connected(end, units=8) for end in ends)
    for end in rest:
        y = model.tensor((1, 8), INT8)
        model.operator("ADD", [total, end], [y], AddOptions())
        total = y
    model.output(total)
    return model.build()


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_branches_give_the_same_and_never_take_more(seed: int) -> None:
    model = branches(seed)
    found = findings("TFL506", model)
    after = repaired_to_the_end("TFL506", model)

    assert sorted(operators(after)) == sorted(operators(model))
    assert arena(after) <= arena(model)
    if found and "another order" in found[0].message:
        assert arena(after) < arena(model)
        hold_equal(model, after)
    assert not any("another order" in f.message for f in findings("TFL506", after))


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_any_graph_is_left_no_worse(seed: int) -> None:
    """Subgraphs, variables, plans of the file's own, values that nothing makes."""
    model = random_graph(seed)
    after = rewritten("TFL506", model)

    if after is not None:
        assert arena(after) < arena(model)
        assert after.subgraphs[1:] == model.subgraphs[1:]


def test_the_branches_are_not_all_in_the_best_order() -> None:
    assert sum(rewritten("TFL506", branches(seed)) is not None for seed in range(40)) > 5


@pytest.mark.parametrize("target", ["litert", "cortex-m55"])
def test_the_order_is_that_for_the_target(target: str) -> None:
    model = branches(3)
    assert rewritten("TFL506", model) is not None
    after = rewritten("TFL506", model, target=target)

    if target == "litert":
        assert after is None
    else:
        assert after is not None
        assert arena(after, target) < arena(model, target)


def test_an_order_that_the_file_asks_for_stays() -> None:
    model = ModelBuilder()
    x = model.input((1, 16), INT8)
    wide = [model.fully_connected(x, units=4096) for _ in range(2)]
    ends = [model.fully_connected(y, units=16) for y in wide]
    model.output(*ends)
    assert rewritten("TFL506", model.build()) is not None

    model.metadata("model_control_dependencies", bytes(16))
    hold_untouched("TFL506", model.build())
    assert not any("another order" in f.message for f in findings("TFL506", model.build()))
