"""TFL009: constants stand where the format wants them, and the answers are the same."""

from __future__ import annotations

import dataclasses

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
from tflint.model.tables import Model, OperatorCode
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
def test_whatever_is_written_is_aligned(step: int) -> None:
    data = moved_constants(_dense(), step)
    work = start(data, find_target("tflm"))
    repair(work, find_target("tflm"), is_wanted=lambda code: code == "TFL009")

    (one,) = work.steps
    assert (one.code, one.places) == ("TFL009", 2)
    # Aligned is how a file is written anew, whoever asks for it.
    assert one.bytes_saved == 0
    assert work.data == write_model(_dense(), compact=True)


def test_alignment_may_enlarge_the_file_and_other_repairs_may_not() -> None:
    model = _dense()
    tight = len(write_model(model, compact=True)) - 8
    data = moved_constants(model, 4)
    for code, taken in (("TFL009", True), ("TFL607", False)):
        work = start(data, find_target("tflm"))
        # As if the file had been shorter, packed without regard to boundaries.
        work.before = data[:tight]
        spare = (*work.model.operator_codes, OperatorCode(5, builtin_code=5))
        work.model = dataclasses.replace(work.model, operator_codes=spare)
        repair(work, find_target("tflm"), is_wanted=lambda wanted, code=code: wanted == code)
        assert bool(work.steps) == taken


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
