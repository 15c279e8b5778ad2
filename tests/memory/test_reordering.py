"""The better order, planned, and run on TFLM itself."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from tests.memory.against_wheel import arena_on_wheel, differences, needs_wheel
from tests.runtimes import assert_bit_equal
from tflint.lint.memory_report import report_on
from tflint.memory import reordering, usage
from tflint.memory.arena import Arena, plan_arena
from tflint.memory.reordering import reorder, with_order
from tflint.memory.requests import WHEEL
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target


def _branches(seed: int, count: int = 4) -> Model:
    """Branches that widen by different amounts, begun together, ended together."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    x = model.input((1, 32), TensorType.INT8)
    wide = [model.fully_connected(x, units=256 * rng.randint(4, 40)) for _ in range(count)]
    ends = [model.fully_connected(y, units=16) for y in wide]
    total = ends[0]
    for end in ends[1:]:
        y = model.tensor((1, 16), TensorType.INT8)
        model.operator("ADD", [total, end], [y], AddOptions())
        total = y
    model.output(total)
    return model.build()


def test_branches_take_less_one_after_the_other() -> None:
    for seed in range(5):
        model = _branches(seed)
        arena = plan_arena(model, graphs(model), WHEEL)
        better = reorder(model, graphs(model), arena)

        assert better is not None
        assert better.found.is_optimal
        assert better.arena.nonpersistent_bytes < arena.nonpersistent_bytes
        assert better.arena.lower_bound_bytes == better.found.peak_after


@needs_wheel
def test_results_stay_the_same_and_tflm_agrees() -> None:
    model = _branches(1)
    better = reorder(model, graphs(model), plan_arena(model, graphs(model), WHEEL))
    assert better is not None
    assert not differences([model, better.model])
    assert_bit_equal(model, better.model, "tflm")
    assert (
        arena_on_wheel(write_model(better.model)).min_arena_bytes
        < arena_on_wheel(write_model(model)).min_arena_bytes
    )


def test_a_chain_keeps_its_order() -> None:
    builder = ModelBuilder()
    x = builder.input((1, 8, 8, 2), TensorType.INT8)
    builder.output(builder.pool_2d(builder.conv_2d(x, filters=4, kernel=3)))
    model = builder.build()
    arena = plan_arena(model, graphs(model), WHEEL)
    found = reorder(model, graphs(model), arena)

    assert found is not None
    assert found.model is model
    assert found.found.is_optimal


def test_the_order_is_that_of_the_indices() -> None:
    model = _branches(2)
    count = len(model.subgraphs[0].operators)
    order = np.random.default_rng(0).permutation(count).tolist()
    operators = with_order(model, order).subgraphs[0].operators

    assert [operators[i] for i in range(count)] == [
        model.subgraphs[0].operators[index] for index in order
    ]


def test_no_order_is_planned_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the one that the model has, whose plan is known: planning is what takes the time."""
    model = _branches(0)
    arena = arena_on_wheel(write_model(model))
    planned: list[Model] = []

    def counted(changed: Model, *rest: Any) -> Arena:
        planned.append(changed)
        return plan_arena(changed, *rest)

    monkeypatch.setattr(reordering, "plan_arena", counted)
    better = reorder(model, graphs(model), arena)
    assert better is not None
    assert better.arena.arena_bytes < arena.arena_bytes
    assert len(planned) == len(better.found.candidates) - 1


def test_a_report_plans_the_model_as_it_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[Model] = []

    def counted(model: Model, *rest: Any) -> Arena:
        planned.append(model)
        return plan_arena(model, *rest)

    monkeypatch.setattr(usage, "plan_arena", counted)
    report_on(_branches(0), find_target("tflm"), "model.tflite")
    assert len(planned) == 1
