"""TFL603: the operator before carries the activation, to the bit or to a rounding step."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.test_fusion import FLOAT32, INT8, INT16, carrier, network
from tests.analysis.test_fusion import runs as runs_on
from tests.fix.model.everywhere import every_place  # noqa: F401
from tests.fix.model.passes import (
    examples,
    hold_equal,
    hold_examples,
    hold_idempotent,
    hold_untouched,
    installed,
    operators,
    outputs_on,
    repaired,
    repaired_to_the_end,
    turn,
)
from tests.rules.findings import findings
from tests.runtimes import random_inputs
from tflint.analysis.fusion import CARRIERS
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ActivationFunctionType, TensorType
from tflint.model.tables import Model

TWO_SCALES = "int8 with two scales"
SHAPES = ((1, 6, 6, 3), (1, 36, 3), (36, 3), (1, 1, 36, 3))


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL603", but=[TWO_SCALES])


def test_what_is_rounded_once_instead_of_twice_is_not_safe() -> None:
    (example,) = (example for example in examples("TFL603") if example.title == TWO_SCALES)
    model = example.build()
    assert isinstance(model, Model)
    rewrite = turn("TFL603", model, unsafe=True)

    assert rewrite is not None
    assert rewrite.safety is FixSafety.UNSAFE
    assert operators(rewrite.model) == ["CONV_2D"]
    hold_steps(model, rewrite.model, 1)


def hold_steps(before: Model, after: Model, steps: int) -> None:
    """The integers that come out are at most so many apart."""
    for runtime in installed():
        inputs = random_inputs(before, 1)
        expected, got = (outputs_on(model, inputs, runtime) for model in (before, after))
        if isinstance(expected, str):
            continue
        assert not isinstance(got, str), got
        for a, b in zip(expected, got, strict=True):
            assert np.abs(a.astype(int) - b.astype(int)).max() <= steps


@pytest.mark.parametrize("type", [FLOAT32, INT8, INT16])
@pytest.mark.parametrize("name", CARRIERS)
@settings(max_examples=8, deadline=None)
@given(
    zero=st.integers(-128, 127),
    activations=st.lists(st.sampled_from(["RELU", "RELU6"]), min_size=1, max_size=3),
)
def test_every_carrier_takes_all_that_follow(
    name: str, type: TensorType, zero: int, activations: list[str]
) -> None:
    if type not in CARRIERS[name]:
        return
    before = network(name, type, activations, zero=zero if type is INT8 else 0)
    after = repaired("TFL603", before)

    assert operators(after) == [name]
    here = [runtime for runtime in ("litert", "tflm") if runs_on(name, type, runtime)]
    assert not here or hold_equal(before, after, runtimes=here)


def chain(seed: int, type: TensorType) -> Model:
    """A convolution, reshapes, activations (some of another scale) and others in any order."""
    rng, model = random.Random(seed), ModelBuilder(seed=seed)
    scale = 0.05
    x = model.input((1, 8, 8, 2), type)
    y = model.conv_2d(x, 3, 3, activation=ActivationFunctionType.NONE)
    for _ in range(rng.randint(1, 6)):
        kind = rng.choice(["RELU", "RELU6", "RELU", "reshape", "other"])
        if kind == "reshape":
            y = model.reshape(y, rng.choice(SHAPES))
        elif kind == "other":
            y = model.unary(rng.choice(["LEAKY_RELU", "ABS"]), y)
            if rng.random() < 0.3:
                model.output(y)
        else:
            z = model.tensor(model.shape(y), type, model.tensors[y].quantization)
            if type is INT8 and rng.random() < 0.3:
                scale *= rng.choice((0.5, 0.75, 1.25))
                again = dataclasses.replace(model.tensors[z], quantization=per_tensor(scale, -100))
                model.tensors[z] = again
            model.operator(kind, [y], [z])
            y = z
    model.output(y)
    return model.build()


@pytest.mark.parametrize("type", [FLOAT32, INT8])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_activations_find_their_carrier_past_reshapes(seed: int, type: TensorType) -> None:
    model = chain(seed, type)
    found = findings("TFL603", model)
    safe = [f for f in found if f.fix is not None and f.fix.safety is FixSafety.SAFE]
    offered = sum(finding.fix is not None for finding in found)
    if not offered:
        hold_untouched("TFL603", model, unsafe=True)
        return
    after = repaired_to_the_end("TFL603", model)
    # One behind another that is not safe has to wait for that.
    assert len(operators(model)) - len(operators(after)) <= len(safe)
    hold_equal(model, after, may_refuse=True)
    if len(safe) == len(found):
        assert not findings("TFL603", after)
    rewrite = turn("TFL603", model, unsafe=True)
    assert rewrite is not None
    assert rewrite.places == offered
    assert len(operators(rewrite.model)) == len(operators(model)) - offered
    assert all(finding.fix is None for finding in findings("TFL603", rewrite.model))
    hold_idempotent("TFL603", rewrite.model, unsafe=True)


def test_reshapes_in_between_take_the_new_scale() -> None:
    model = ModelBuilder()
    x = model.reshape(carrier(model, "CONV_2D", INT8, 0.05, 0), (1, 16, 3))
    y = model.tensor((1, 16, 3), INT8, per_tensor(0.02, -128))
    model.operator("RELU", [x], [y])
    model.output(y)
    before = model.build()
    hold_untouched("TFL603", before)
    after = repaired("TFL603", before, unsafe=True)

    assert operators(after) == ["CONV_2D", "RESHAPE"]
    # The convolution rounds to steps of 0.05 first: 2.5 of the others.
    hold_steps(before, after, 3)


def test_what_the_carrier_cuts_off_is_not_to_come_back() -> None:
    """A RELU whose scale reaches twice as far as the convolution's."""
    model = ModelBuilder()
    x = carrier(model, "CONV_2D", INT8, 0.05, 0)
    y = model.tensor(model.shape(x), INT8, per_tensor(0.05, -128))
    model.operator("RELU", [x], [y])
    model.output(y)
    before = model.build()

    (finding,) = findings("TFL603", before)
    assert finding.fix is None
    assert "CONV_2D #0 would be cut off, or scaled, otherwise" in finding.help
    hold_untouched("TFL603", before, unsafe=True)
