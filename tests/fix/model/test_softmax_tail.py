"""TFL309: logits take the place of probabilities where only the largest counts."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    examples,
    hold_surroundings,
    hold_untouched,
    installed,
    operators,
    outputs_on,
    repaired,
    turn,
)
from tests.fix.model.test_float_io import real
from tests.rules.findings import findings
from tests.runtimes import Array, random_inputs
from tflint.fix.model.model_fix import OutputChange
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ArgMaxOptions, SoftmaxOptions, TensorType
from tflint.model.tables import Model
from tflint.rule import Good

FLOAT32, INT8, INT16, UINT8, INT32 = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
    TensorType.UINT8,
    TensorType.INT32,
)


def ran(before: Model, after: Model, seed: int = 0) -> Iterator[tuple[list[Array], list[Array]]]:
    """What both give, where the first is run: TFLM does not quantise floats to uint8, for one."""
    for runtime in installed():
        inputs = random_inputs(before, seed)
        expected, got = outputs_on(before, inputs, runtime), outputs_on(after, inputs, runtime)
        if isinstance(expected, str):
            assert runtime == "tflm", expected
            continue
        assert not isinstance(got, str), got
        yield expected, got


def hold_best_class(before: Model, after: Model) -> None:
    """The largest output is of the class that it was, but for probabilities that were equal."""
    old, new = before.subgraphs[0], after.subgraphs[0]
    for seed in range(5):
        for expected, got in ran(before, after, seed):
            for place, (a, b) in enumerate(zip(expected, got, strict=True)):
                assert a.shape == b.shape
                was = real(a, old.tensors[old.outputs[place]])
                best = np.argmax(real(b, new.tensors[new.outputs[place]]), axis=-1)
                assert (np.take_along_axis(was, best[..., None], -1)[..., 0] == was.max(-1)).all()


def hold_softmax(before: Model, after: Model, reach: float = 0.05) -> None:
    """The softmax of the new output is the old one."""
    old, new = before.subgraphs[0], after.subgraphs[0]
    for expected, got in ran(before, after):
        was = real(expected[0], old.tensors[old.outputs[0]])
        logits = real(got[0], new.tensors[new.outputs[0]])
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        np.testing.assert_allclose(powers / powers.sum(-1, keepdims=True), was, atol=reach)


def tail(*steps: str, type: TensorType = INT8, beta: float = 1.0, to: TensorType = UINT8) -> Model:
    """A dense layer, SOFTMAX, and what its probabilities go through."""
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 12), type), units=5)
    y = model.softmax(x)
    options = SoftmaxOptions(beta=beta)
    model.operators[-1] = dataclasses.replace(model.operators[-1], builtin_options=options)
    for step in steps:
        if step == "RESHAPE":
            y = model.reshape(y, (1, 1, 5) if len(model.shape(y)) == 2 else (1, 5))
        elif step == "DEQUANTIZE":
            wide = model.tensor(model.shape(y))
            model.operator("DEQUANTIZE", [y], [wide])
            y = wide
        elif step == "QUANTIZE":
            grid = {UINT8: per_tensor(1 / 256), INT8: per_tensor(1 / 256, -128)}
            narrow = model.tensor(model.shape(y), to, grid.get(to, per_tensor(1 / 32768)))
            model.operator("QUANTIZE", [y], [narrow])
            y = narrow
        elif step == "ARG_MAX":
            best = model.tensor(model.shape(y)[:-1], INT32)
            axis = model.constant((), INT32, (-1,))
            model.operator("ARG_MAX", [y, axis], [best], ArgMaxOptions(output_type=INT32))
            y = best
    model.output(y)
    model.signature({"x": 0}, {"y": y})
    return model.build()


def test_the_examples_of_the_rule() -> None:
    for example in examples("TFL309"):
        model = example.build()
        assert isinstance(model, Model)
        if isinstance(example, Good):
            hold_untouched("TFL309", model, target=example.target, unsafe=True)
            continue
        after = repaired("TFL309", model, target=example.target, unsafe=True)
        assert "SOFTMAX" not in operators(after)
        hold_surroundings("TFL309", model, unsafe=True)


def test_safe_repairs_leave_probabilities() -> None:
    hold_untouched("TFL309", tail())


@pytest.mark.parametrize("type", [FLOAT32, INT8, INT16])
def test_logits_are_the_output(type: TensorType) -> None:
    model = tail(type=type)

    rewrite = turn("TFL309", model, unsafe=True)

    assert rewrite is not None
    assert rewrite.outputs == (OutputChange(0, "softmax"),)
    assert "gives logits now" in rewrite.notes[0]
    after = repaired("TFL309", model, unsafe=True)
    graph = after.subgraphs[0]
    assert operators(after) == ["FULLY_CONNECTED"]
    assert [graph.tensors[i].name for i in graph.outputs] == ["main/tensor_4"]
    assert after.signature_defs[0].outputs[0].tensor_index == graph.outputs[0]
    hold_best_class(model, after)
    hold_softmax(model, after)


@pytest.mark.parametrize(
    ("steps", "to"),
    [
        (("RESHAPE",), UINT8),
        (("DEQUANTIZE",), UINT8),
        (("QUANTIZE",), UINT8),
        (("QUANTIZE",), INT16),
        (("RESHAPE", "DEQUANTIZE"), UINT8),
        (("DEQUANTIZE", "RESHAPE", "QUANTIZE"), UINT8),
        (("DEQUANTIZE", "RESHAPE", "QUANTIZE"), INT8),
    ],
)
def test_what_probabilities_go_through_takes_the_scale_of_logits(
    steps: tuple[str, ...], to: TensorType
) -> None:
    model = tail(*steps, to=to)

    after = repaired("TFL309", model, unsafe=True)

    assert operators(after) == ["FULLY_CONNECTED", *steps]
    hold_best_class(model, after)
    hold_softmax(model, after)


def test_the_best_class_of_logits() -> None:
    model = tail("RESHAPE", "ARG_MAX")

    rewrite = turn("TFL309", model, unsafe=True)

    assert rewrite is not None
    assert rewrite.outputs == ()
    assert operators(rewrite.model) == ["FULLY_CONNECTED", "RESHAPE", "ARG_MAX"]


def test_float_probabilities_that_are_quantised_have_no_known_scale_as_logits() -> None:
    model = tail("QUANTIZE", type=FLOAT32, to=INT8)

    hold_untouched("TFL309", model, unsafe=True)
    (finding,) = findings("TFL309", model)
    assert finding.fix is None


@pytest.mark.parametrize("beta", [0.0, -1.0, 2.0])
def test_a_softmax_that_scales_its_logits_stays(beta: float) -> None:
    hold_untouched("TFL309", tail(beta=beta, type=FLOAT32), unsafe=True)


def test_a_best_class_is_the_same_whatever_scales_the_logits() -> None:
    model = tail("ARG_MAX", type=FLOAT32, beta=3.0)

    after = repaired("TFL309", model, unsafe=True)

    for runtime in installed():
        for seed in range(5):
            inputs = random_inputs(model, seed)
            was, is_now = outputs_on(model, inputs, runtime), outputs_on(after, inputs, runtime)
            assert not isinstance(was, str)
            assert not isinstance(is_now, str)
            assert (was[0] == is_now[0]).all()


def test_classes_of_several_softmaxes_are_not_compared() -> None:
    model = ModelBuilder()
    x = model.reshape(model.fully_connected(model.input((1, 12)), units=6), (2, 3))
    y = model.reshape(model.softmax(x), (1, 6))
    model.output(y)
    built = model.build()

    hold_untouched("TFL309", built, unsafe=True)
    assert not findings("TFL309", built)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_tails_at_random(seed: int) -> None:
    rng = random.Random(seed)
    type = rng.choice((FLOAT32, INT8, INT16))
    choices = ("RESHAPE",) if type is FLOAT32 else ("RESHAPE", "DEQUANTIZE")
    model = tail(*rng.choices(choices, k=rng.randint(0, 1)), "RESHAPE", type=type)

    after = repaired("TFL309", model, unsafe=True)

    assert "SOFTMAX" not in operators(after)
    hold_best_class(model, after)
