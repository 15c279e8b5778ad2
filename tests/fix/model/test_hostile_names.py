"""TFL008: names that act on a reader are plain, and those that programs look up stay."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    repaired,
    rewritten,
    turn,
)
from tests.rules.findings import findings
from tflint.analysis.names import Holder, Named, names, problems
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.schema import ExternalBufferGroup
from tflint.model.tables import Model

HOSTILE = ("\x1b[2J", "<script>alert(1)</script>", "=A1", "\u202egpj", "x" * 8192, "caf\udce9")


def _model(*hostile: str) -> ModelBuilder:
    """A chain of activations whose tensors have these names, between two plain ones."""
    model = ModelBuilder()
    x = model.input((1, 4), name="x")
    for name in (*hostile, "y"):
        y = model.tensor((1, 4), name=name)
        model.operator("RELU", [x], [y])
        x = y
    model.output(x)
    return model


def _interface(text: str) -> Model:
    """A model whose names that programs look up are all this one."""
    model = _model()
    x, y = model.inputs[0], model.outputs[0]
    model.signature({text: x}, {text: y}, key=text)
    model.metadata(text, b"data")
    groups = (ExternalBufferGroup(name=text),)
    return dataclasses.replace(model.build(), external_buffer_groups=groups)


def _names(model: Model) -> list[str | None]:
    return [tensor.name for tensor in model.subgraphs[0].tensors]


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL008", but=("In a custom operator",))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_each_kind_of_name_becomes_plain(name: str) -> None:
    model = _model("before", name).build()
    after = repaired("TFL008", model)

    assert [a == b for a, b in zip(_names(model), _names(after), strict=True)].count(False) == 1
    assert not [problem for named in names(after) for problem in problems(named)]
    hold_equal(model, after)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_whatever_the_names_are_they_end_plain_and_no_two_become_one(texts: list[str]) -> None:
    model = _model(*texts).build()
    after = rewritten("TFL008", model) or model

    assert not findings("TFL008", after)
    changed = [
        b for a, b in zip(_names(model), _names(after), strict=True) if a != (b or "") and a != b
    ]
    assert len(set(changed)) == len(changed)
    assert not set(changed) & set(_names(model))
    assert all(0 < len(name or "") <= 80 for name in changed)


def test_a_name_keeps_what_is_readable_of_it() -> None:
    model = _model("model/\x1b[31mconv2d/Relu:0", "出力\u200b/a").build()
    assert _names(repaired("TFL008", model))[1:3] == ["model/_31mconv2d/Relu:0", "出力_/a"]


def test_descriptions_and_subgraphs_become_plain() -> None:
    model = _model().build()
    graph = dataclasses.replace(model.subgraphs[0], name="a\nb")
    model = dataclasses.replace(
        model, description="Made for you.\x1b]0;x\x07 (v2)", subgraphs=(graph,)
    )
    after = repaired("TFL008", model)

    assert after.description == "Made for you. 0;x  (v2)"
    assert after.subgraphs[0].name == "a_b"


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_that_programs_look_up_change_on_request_only(name: str) -> None:
    model = _interface(name)
    hold_untouched("TFL008", model)
    rewrite = turn("TFL008", model, unsafe=True)

    assert rewrite is not None
    assert rewrite.safety is FixSafety.UNSAFE
    assert rewrite.places == 5
    assert rewrite.notes
    assert not findings("TFL008", rewrite.model)
    assert rewrite.model.subgraphs == model.subgraphs


def test_no_two_signatures_become_one() -> None:
    model = _model()
    x, y = model.inputs[0], model.outputs[0]
    for key in ("a\x07", "a", "a\x08"):
        model.signature({"b\x07": x}, {"c": y}, key=key)
    after = rewritten("TFL008", model.build(), unsafe=True)

    assert after is not None
    assert [s.signature_key for s in after.signature_defs] == ["a_0", "a", "a_2"]
    assert [s.inputs[0].name for s in after.signature_defs] == ["b", "b", "b"]


def test_with_safe_names_alone_the_repair_is_safe() -> None:
    rewrite = turn("TFL008", _model("\x07").build(), unsafe=True)
    assert rewrite is not None
    assert rewrite.safety is FixSafety.SAFE


def test_custom_operators_keep_their_names() -> None:
    model = ModelBuilder()
    y = model.tensor((1, 4), name="y\x07")
    model.operator("Conv\x1b[8m", [model.input((1, 4))], [y])
    model.output(y)
    after = rewritten("TFL008", model.build(), unsafe=True)

    assert after is not None
    assert after.operator_codes[0].custom_code == "Conv\x1b[8m"
    left = [named.holder for named in names(after) if problems(named)]
    assert left == [Holder.OPERATOR]


def test_a_name_that_says_nothing_else_is_numbered() -> None:
    after = repaired("TFL008", _model("\x07", "\x08").build())
    assert _names(after) == ["x", "_1", "_2", "y"]
    assert not problems(Named("_1", ""))
