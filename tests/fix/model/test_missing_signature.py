"""TFL701: on request, a signature that names inputs and outputs, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import hold_equal, hold_examples, hold_untouched, repaired
from tests.random_networks import random_network
from tflint.fix.model.repair import repair, start
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target


def _network(*names: str | None) -> Model:
    """A sum of inputs with these names."""
    model = ModelBuilder()
    x = 0
    for number, name in enumerate(names):
        given = model.input((1, 4), name=name)
        y = model.tensor((1, 4), name="sum")
        model.operator("ADD", [given, x if number else given], [y])
        x = y
    model.output(x)
    return model.build()


def _named(model: Model) -> list[str | None]:
    (signature,) = model.signature_defs
    return [entry.name for entry in (*signature.inputs, *signature.outputs)]


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL701")


def test_inputs_and_outputs_are_named_after_their_tensors() -> None:
    model = _network("serving_default_x:0", "y")
    after = repaired("TFL701", model)

    (signature,) = after.signature_defs
    assert signature.signature_key == "serving_default"
    assert _named(after) == ["serving_default_x:0", "y", "sum"]
    tensors = [entry.tensor_index for entry in (*signature.inputs, *signature.outputs)]
    assert tensors == [*model.subgraphs[0].inputs, *model.subgraphs[0].outputs]
    hold_equal(model, after)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("", None), ["input_0", "main/tensor_2", "sum"]),
        (("x", "x", "x"), ["x", "x_1", "x_2", "sum"]),
        (("\x1b[2J", "=A1", "x" * 300), ["input_0", "input_1", "input_2", "sum"]),
        (("input_1", ""), ["input_1", "input_1_1", "sum"]),
    ],
)
def test_every_name_can_be_written_and_no_two_are_the_same(
    names: tuple[str | None, ...], expected: list[str]
) -> None:
    assert _named(repaired("TFL701", _network(*names))) == expected


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_random_networks_answer_the_same(seed: int) -> None:
    model = random_network(seed)
    hold_equal(model, repaired("TFL701", model), may_refuse=True)


def test_a_model_with_a_signature_stays_as_it_is() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    model.output(x)
    model.signature({"x": x}, {"y": x}, key="anything")
    hold_untouched("TFL701", model.build())


@pytest.mark.parametrize("requested", [False, True])
def test_it_is_only_done_on_request(requested: bool) -> None:
    work = start(write_model(_network("x")), find_target("tflm"))
    codes = frozenset(("TFL701",)) if requested else frozenset()
    repair(work, find_target("tflm"), requested=codes)
    assert bool(work.model.signature_defs) == requested


def test_litert_calls_it_by_name() -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs `quantize`")
    after = repaired("TFL701", _network("x"))
    interpreter = litert.Interpreter(model_content=write_model(after))
    result = interpreter.get_signature_runner("serving_default")(x=np.ones((1, 4), np.float32))
    np.testing.assert_array_equal(result["sum"], np.full((1, 4), 2, np.float32))
