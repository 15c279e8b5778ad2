"""TFL307: channels go, and what comes out stays."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.fix.model.dead_networks import dead_network
from tests.fix.model.everywhere import every_place  # noqa: F401
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_idempotent,
    hold_untouched,
    repaired,
    turn,
)
from tests.fix.model.test_unfused_activation import hold_steps
from tests.rules.findings import findings
from tests.rules.test_dead_channels import (
    BETWEEN,
    INT8,
    Weights,
    constant_of,
    overwrite,
    two_convolutions,
)
from tflint.model.builder import ModelBuilder
from tflint.model.schema import ReshapeOptions, TensorType
from tflint.model.writer import write_model


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL307", unsafe=True, but=["All of them"])


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "pointwise"])
@pytest.mark.parametrize("type", [INT8, TensorType.FLOAT32], ids=lambda type: type.name)
@pytest.mark.parametrize(
    ("how", "depthwise"),
    [
        ("empty", False),
        ("empty", True),
        ("empty depthwise", True),
        ("unread", False),
        ("unread", True),
    ],
)
def test_what_is_left_is_the_network_without_them(
    how: str, depthwise: bool, type: TensorType, dense: bool
) -> None:
    weights = Weights(7, type)
    if how == "empty":
        weights.filters[[1, 4]] = 0
    elif how == "empty depthwise":
        weights.depthwise[..., [1, 4]] = 0
    else:
        weights.pointwise[..., [1, 4]] = 0
        weights.dense.reshape(4, 9, 6)[..., [1, 4]] = 0
    model = weights.network(dense=dense, depthwise=depthwise)
    hold_untouched("TFL307", model)
    after = repaired("TFL307", model, unsafe=True)

    less = weights.without(1, 4).network(dense=dense, depthwise=depthwise)
    assert len(write_model(after)) <= len(write_model(less)) + 64
    shapes = [[tensor.shape for tensor in m.subgraphs[0].tensors] for m in (after, less)]
    assert sorted(shapes[0]) == sorted(shapes[1])
    hold_equal(model, after, tolerance=None if type is INT8 else 1e-6)


@pytest.mark.parametrize("between", list(BETWEEN)[:5])
@pytest.mark.parametrize("transposed", [False, True])
def test_they_go_past_what_keeps_channels(between: str, transposed: bool) -> None:
    model = two_convolutions(between, transposed=transposed).build()
    if between == "a constant added":
        # One for each element: the channel is not the same everywhere.
        hold_untouched("TFL307", model, unsafe=True)
        (finding,) = findings("TFL307", model)
        assert finding.fix is None
        return
    after = repaired("TFL307", model, unsafe=True)

    hold_equal(model, after, may_refuse=True)


KINDS = {
    "float32": (TensorType.FLOAT32, TensorType.FLOAT32),
    "float16": (TensorType.FLOAT32, TensorType.FLOAT16),
    "hybrid": (TensorType.FLOAT32, INT8),
    "int8": (INT8, INT8),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_outputs_stay_where_channels_go(kind: str, seed: int) -> None:
    model = dead_network(seed, *KINDS[kind])
    found = findings("TFL307", model)
    offered = sum(finding.fix is not None for finding in found)
    rewrite = turn("TFL307", model, target="litert", unsafe=True)
    event(f"found: {len(found)}, offered: {offered}")
    assert (rewrite is not None) is (offered > 0)
    if rewrite is None:
        return
    after = rewrite.model
    assert len(write_model(after)) < len(write_model(model))
    assert all(finding.fix is None for finding in findings("TFL307", after))
    hold_idempotent("TFL307", after, unsafe=True)
    if kind == "int8":
        hold_steps(model, after, 1)
    else:
        # What is measured for a dynamic range may be less than it was.
        tolerance = 0.1 if kind == "hybrid" else 1e-5
        hold_equal(model, after, tolerance=tolerance, may_refuse=True, seeds=(0, 1))


@pytest.mark.parametrize("target", [(), (4,), (1, 64, 4), (1, 1, 64, 1, 4)])
@pytest.mark.parametrize("is_argument", [False, True])
def test_a_reshape_to_another_rank_than_its_result_has_stays(
    target: tuple[int, ...], is_argument: bool
) -> None:
    """As damaged files have it."""
    model = ModelBuilder()
    y = model.conv_2d(model.input((1, 8, 8, 4), INT8), 4, 1)
    data = constant_of(model, 0, 1)
    overwrite(model, 0, 1, bytes(len(data) // 4) + data[len(data) // 4 :])
    z = model.tensor((1, 1, 64, 4), INT8, model.tensors[y].quantization)
    inputs = [y, model.constant((len(target),), TensorType.INT32, target)] if is_argument else [y]
    options = ReshapeOptions(new_shape=() if is_argument else target)
    model.operator("RESHAPE", inputs, [z], options)
    model.output(model.conv_2d(z, 3, 1))
    if target or is_argument:
        hold_untouched("TFL307", model.build(), unsafe=True)
        assert all(finding.fix is None for finding in findings("TFL307", model.build()))
    else:
        repaired("TFL307", model.build(), unsafe=True)
