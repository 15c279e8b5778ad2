"""Every repair takes every model whose indices are in range, and gives a sound one or none."""

from __future__ import annotations

import random
import time

import pytest

from tests.lint import hostile_graphs
from tests.random_networks import random_network
from tests.rules.test_damaged_graphs import damaged
from tests.rules.test_graph_rules_survive import any_graph
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.registry import model_fixes
from tflint.model.graph import dangling_indices
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target

EVERY = frozenset(fix.code for fix in model_fixes())
every_fix = pytest.mark.parametrize("fix", model_fixes(), ids=lambda fix: fix.code)
# Hostile graphs of this many operators take this long, with room for a busy machine.
COUNT, MOST_SECONDS = 1500, 6.0


def tried(fix: ModelFix, model: Model, *, unsafe: bool, target: str = "tflm") -> Rewrite | None:
    context = RewriteContext(model, find_target(target), unsafe=unsafe, requested=EVERY)
    rewrite = fix.rewrite(context)
    if rewrite is not None:
        assert rewrite.places > 0
        written = parse_model(write_model(rewrite.model))
        assert not list(dangling_indices(written))
        assert len(written.subgraphs) == len(model.subgraphs)
        for old, new in zip(model.subgraphs, written.subgraphs, strict=True):
            assert (len(old.inputs), len(old.outputs)) == (len(new.inputs), len(new.outputs))
    return rewrite


@every_fix
def test_no_graph_is_too_odd(fix: ModelFix) -> None:
    for seed in range(250):
        model = any_graph(random.Random(seed))
        tried(fix, model, unsafe=seed % 2 == 0, target="litert" if seed % 3 == 0 else "tflm")


@every_fix
def test_no_damage_is_too_great(fix: ModelFix) -> None:
    for seed in range(120):
        rng = random.Random(seed)
        model = random_network(seed)
        for _ in range(rng.randint(0, 2)):
            model = damaged(model, rng)
        if not list(dangling_indices(model)):
            tried(fix, model, unsafe=seed % 2 == 0)


GRAPHS = [
    build
    for name, build in sorted(vars(hostile_graphs).items())
    if callable(build) and getattr(build, "__module__", "") == hostile_graphs.__name__
]


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
def test_hostile_graphs_take_time_in_proportion(build: object) -> None:
    model = build(COUNT)  # type: ignore[operator]
    for fix in model_fixes():
        start = time.process_time()
        tried(fix, model, unsafe=True)
        assert time.process_time() - start < MOST_SECONDS, fix.code
