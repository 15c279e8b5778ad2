"""TFL405: scales that are equal but for rounding are made equal, and no others."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.fix.model.passes import (
    hold_examples,
    hold_idempotent,
    hold_untouched,
    installed,
    operators,
    outputs_on,
    repaired,
    turn,
)
from tests.rules.findings import findings
from tests.runtimes import random_inputs
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ConcatenationOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model

INT8 = TensorType.INT8


def test_the_examples_of_the_rule_are_repaired() -> None:
    others = [
        "A copy doubles every value",
        "TFLM's concatenation does not rescale int8",
        "A sigmoid that does not end at 1",
        "LiteRT checks that",
    ]
    hold_examples("TFL405", unsafe=True, but=others)


def rescale(model: ModelBuilder, tensor: int, scale: float, zero_point: int = 0) -> None:
    """Give a tensor another scale."""
    quantization = per_tensor(scale, zero_point)
    model.tensors[tensor] = dataclasses.replace(model.tensors[tensor], quantization=quantization)


def chain(seed: int, spread: float) -> Model:
    """Copies, pools and joins, each tensor with a scale of its own."""
    rng = random.Random(seed)
    model = ModelBuilder()

    def scale() -> float:
        return 0.05 * (1 + rng.choice((0, 0, rng.uniform(-spread, spread))))

    ends = [model.input((1, 4, 4, 2), INT8, per_tensor(scale())) for _ in range(2)]
    for _ in range(rng.randint(1, 5)):
        name = rng.choice(("MAX_POOL_2D", "RELU6", "CONCATENATION", "RELU", "MAXIMUM", "ABS"))
        x = rng.choice(ends)
        if name == "MAX_POOL_2D":
            y = model.pool_2d(x, size=1)
            rescale(model, y, scale())
        elif name == "CONCATENATION":
            shape = model.shape(x)
            y = model.tensor((*shape[:3], 2 * shape[3]), INT8, per_tensor(scale()))
            options = ConcatenationOptions(axis=3)
            same = [i for i in ends if model.shape(i) == shape]
            model.operator(name, [x, rng.choice(same)], [y], options, version=2)
        else:
            y = model.tensor(model.shape(x), INT8, per_tensor(scale()))
            same = [i for i in ends if model.shape(i) == model.shape(x)]
            inputs = [x, rng.choice(same)] if name == "MAXIMUM" else [x]
            model.operator(name, inputs, [y], version=2)
        ends.append(y)
    model.output(ends[-1])
    return model.build()


@pytest.mark.parametrize("spread", [1e-5, 2e-3, 0.1])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_what_is_near_is_made_equal_and_nothing_else(spread: float, seed: int) -> None:
    model = chain(seed, spread)
    found = findings("TFL405", model)
    offered = [finding for finding in found if finding.fix is not None]
    event(f"found: {bool(found)}, offered: {bool(offered)}")
    rewrite = turn("TFL405", model, unsafe=True)
    if offered:
        assert rewrite is not None
    if rewrite is None:
        return
    after = rewrite.model
    hold_idempotent("TFL405", after, unsafe=True)
    assert operators(after) == operators(model)
    assert len(findings("TFL405", after)) <= len(found) - len(offered)
    assert all(finding.fix is None for finding in findings("TFL405", after))
    for runtime in installed():
        inputs = random_inputs(model, 1)
        a, b = (outputs_on(m, inputs, runtime) for m in (model, after))
        if isinstance(a, str) or isinstance(b, str):
            continue
        assert np.abs(a[0].astype(int) - b[0].astype(int)).max() <= 1


@pytest.mark.parametrize("off", [2e-6, 1e-4])
def test_a_pool_that_tflm_refused_runs(off: float, tmp_path: Path) -> None:
    model = ModelBuilder()
    x = model.pool_2d(model.conv_2d(model.input((1, 8, 8, 1), INT8), 2, 3))
    rescale(model, x, 0.05 + off)
    model.output(x)
    before = model.build()
    (finding,) = findings("TFL405", before)
    assert finding.severity is Severity.ERROR
    after = repaired("TFL405", before, unsafe=True)

    outcomes = []
    for built in (before, after):
        path = tmp_path / "m.tflite"
        path.write_bytes(write_model(built))
        outcomes.append(runs_on_tflm([path])[0][0])
    assert outcomes == [False, True]


def test_a_sigmoid_that_is_next_to_right_gets_the_scale_that_is() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), INT8)
    y = model.tensor((1, 8), INT8, per_tensor(1 / 256 + 1e-6, -128))
    model.operator("SOFTMAX", [x], [y], version=2)
    model.output(y)
    after = repaired("TFL405", model.build(), unsafe=True)

    found = after.subgraphs[0].tensors[after.subgraphs[0].outputs[0]].quantization
    assert found is not None
    assert found.scale == (1 / 256,)


def test_two_demands_on_one_tensor_leave_it_alone() -> None:
    """A pool behind a softmax, of a scale too far off."""
    model = ModelBuilder()
    x = model.softmax(model.input((1, 4, 4, 2), INT8))
    y = model.pool_2d(x)
    rescale(model, y, 0.1, -128)
    model.output(y)

    (finding,) = findings("TFL405", model.build())
    assert finding.fix is None
    hold_untouched("TFL405", model.build(), unsafe=True)
