"""TFL009: constants stand where the format wants them, and the answers are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import fix_for, hold_equal, hold_untouched
from tests.random_networks import random_network
from tests.rules.findings import findings
from tflint.fix.model.model_fix import RewriteContext
from tflint.fix.model.repair import repair, start
from tflint.lint.registry import find_rule
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.rule import Bad
from tflint.target.target import find_target
from tflint_rules.example_models import moved_constants


def _dense() -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 16)), 4))
    return model.build()


def _realigned(data: bytes, target: str = "tflm") -> Model | None:
    context = RewriteContext(parse_model(data), find_target(target))
    rewrite = fix_for("TFL009").rewrite(context)
    return None if rewrite is None else rewrite.model


def test_the_examples_of_the_rule_are_repaired() -> None:
    rule = find_rule("TFL009")
    assert rule is not None
    for example in rule.examples:
        data = example.build()
        if not isinstance(data, bytes):
            continue
        after = _realigned(data, example.target)
        assert (after is not None) == isinstance(example, Bad)
        if after is None:
            continue
        for compact in (False, True):
            written = write_model(after, compact=compact)
            assert not findings("TFL009", written, example.target)
            assert parse_model(written) == parse_model(data)
        assert _realigned(written, example.target) is None
        hold_equal(parse_model(data), after, may_refuse=True)


@pytest.mark.parametrize("step", [4, 8])
def test_only_this_repair_may_enlarge_the_file_and_says_so(step: int) -> None:
    aligned = write_model(_dense(), compact=True)
    # Half as long as any writer's: without padding, and with all that may be shared.
    data = moved_constants(_dense(), step)
    work = start(data, find_target("tflm"))
    repair(work, find_target("tflm"), is_wanted=lambda code: code == "TFL009")

    (one,) = work.steps
    assert (one.code, one.places) == ("TFL009", 2)
    assert one.bytes_saved == len(data) - len(work.data)
    assert len(work.data) == len(aligned)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([4, 8, 16]))
def test_random_networks_answer_the_same(seed: int, step: int) -> None:
    model = random_network(seed)
    data = moved_constants(model, step)
    after = _realigned(data)

    assert (after is not None) == bool(findings("TFL009", data))
    if after is not None:
        assert not findings("TFL009", write_model(after))
        hold_equal(parse_model(data), after, may_refuse=True)


def test_what_is_aligned_stays_as_it_is() -> None:
    hold_untouched("TFL009", _dense())
