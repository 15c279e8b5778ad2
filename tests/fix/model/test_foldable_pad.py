"""TFL608: the convolution pads by itself, and every bit stays."""

from __future__ import annotations

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.fix.model.everywhere import every_place  # noqa: F401
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    operators,
    repaired,
    repaired_to_the_end,
)
from tests.rules.findings import findings
from tests.rules.test_foldable_pad import FLOAT32, INT8, INT32, ZERO, padded
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import DepthwiseConv2DOptions, Padding, PadOptions, TensorType


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL608")


few = st.integers(0, 3)


@pytest.mark.parametrize("type", [FLOAT32, INT8])
@settings(max_examples=120, deadline=None)
@given(
    pads=st.tuples(few, few, few, few),
    sizes=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    by_zero=st.none() | st.booleans(),
    convolutions=st.integers(1, 2),
)
def test_it_repairs_what_the_rule_reports_and_nothing_else(
    pads: tuple[int, ...],
    sizes: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    dilation: int,
    by_zero: bool | None,
    convolutions: int,
    type: TensorType,
) -> None:
    assume(any(pads))
    value = None if by_zero is None else ZERO[type] if by_zero else 5
    model = padded(
        pads,
        sizes=sizes,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        value=value,
        type=type,
        convolutions=convolutions,
    )
    assume(min(model.subgraphs[0].tensors[-1].shape) > 0)
    event(f"reported: {bool(findings('TFL608', model))}")
    if not findings("TFL608", model):
        hold_untouched("TFL608", model)
        return
    after = repaired("TFL608", model)

    assert operators(after) == ["CONV_2D"] * convolutions
    hold_equal(model, after)


@pytest.mark.parametrize("type", [FLOAT32, INT8])
def test_a_pad_behind_a_pad_goes_alone(type: TensorType) -> None:
    """What is left needs more than SAME gives."""
    model = ModelBuilder()
    quantization = None if type is FLOAT32 else per_tensor(0.05, 3)
    x = model.input((1, 6, 6, 2), type, quantization)
    for rows in (8, 10):
        y = model.tensor((1, rows, rows, 2), type, quantization)
        paddings = model.constant((4, 2), INT32, (0, 0, 1, 1, 1, 1, 0, 0))
        model.operator("PAD", [x, paddings], [y], PadOptions())
        x = y
    y = model.depthwise_conv_2d(x, 3, padding=Padding.VALID)
    model.output(y)
    built = model.build()
    after = repaired_to_the_end("TFL608", built)

    assert operators(after) == ["PAD", "DEPTHWISE_CONV_2D"]
    (options,) = (op.builtin_options for op in after.subgraphs[0].operators[1:])
    assert isinstance(options, DepthwiseConv2DOptions)
    assert options.padding is Padding.SAME
    hold_equal(built, after)
