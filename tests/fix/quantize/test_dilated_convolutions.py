"""Convolutions between rearranged batches dilate by themselves, and every number stays."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from tests.fix.quantize.float_networks import dilated_network, float_inputs
from tests.runtimes import run
from tflint.fix.quantize.dilated_convolutions import with_dilated_convolutions
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Padding,
    TensorType,
)
from tflint.model.tables import Model

INT32 = TensorType.INT32
Pair = tuple[int, int]


def _names(model: Model) -> list[str]:
    return [node.name for node in graphs(model)[0].nodes]


def _hold_equal(before: Model, after: Model, *, on_tflm: bool = False) -> None:
    for values in zip(*float_inputs(before, 3), strict=True):
        left = run(before, list(values), "litert")
        for runtime in ("litert", "tflm") if on_tflm else ("litert",):
            for a, b in zip(left, run(after, list(values), runtime), strict=True):
                assert a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize(
    ("dilation", "length", "pads", "crops"),
    [
        (2, 16, (0, 0), (0, 0)),
        (2, 17, (0, 1), (0, 1)),  # To a multiple of the dilation, and back.
        (2, 16, (2, 2), (0, 0)),  # As wide as before.
        (3, 16, (3, 5), (0, 3)),
        (4, 9, (8, 3), (0, 3)),  # Only what was before counts.
    ],
)
def test_over_time(dilation: int, length: int, pads: Pair, crops: Pair, is_open: bool) -> None:
    before = dilated_network(dilation, length=length, pads=pads, crops=crops, is_open=is_open)
    after = with_dilated_convolutions(before)
    padding = ["PAD"] if pads != crops else []
    assert _names(after) == ["TANH", *padding, "RESHAPE", "CONV_2D", "RESHAPE", "TANH"]
    # TFLM goes by the shapes in the file, which hold now.
    _hold_equal(before, after, on_tflm=True)
    assert with_dilated_convolutions(after) is after


@pytest.mark.parametrize("is_depthwise", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_over_space(seed: int, is_depthwise: bool) -> None:
    rng = random.Random(seed)
    dilation = (rng.randint(1, 3), rng.randint(2, 3))
    crops = tuple((0, rng.randint(0, 1)) for _ in dilation)
    pads = tuple((rng.randint(0, 2), c[1] + rng.randint(0, 2)) for c in crops)
    short = (rng.randint(6, 7), rng.randint(6, 8))
    sizes = [n * d - sum(p) for n, d, p in zip(short, dilation, pads, strict=True)]
    model = ModelBuilder(seed=seed)
    x = model.unary("TANH", model.input((1, *sizes, 2)))
    block = model.constant((2,), INT32, dilation)
    spread = model.tensor((dilation[0] * dilation[1], *short, 2))
    rows = model.constant((2, 2), INT32, [n for pair in pads for n in pair])
    model.operator("SPACE_TO_BATCH_ND", [x, block, rows], [spread])
    kernel = (rng.randint(1, 2), rng.randint(2, 3))
    made = model.tensor(
        (dilation[0] * dilation[1], *(n - k + 1 for n, k in zip(short, kernel, strict=True)), 2)
    )
    weights = model.constant((1 if is_depthwise else 2, *kernel, 2))
    shared = {"padding": Padding.VALID, "stride_w": 1, "stride_h": 1}
    options: Conv2DOptions | DepthwiseConv2DOptions = (
        DepthwiseConv2DOptions(**shared, depth_multiplier=1)  # type: ignore[arg-type]
        if is_depthwise
        else Conv2DOptions(**shared)  # type: ignore[arg-type]
    )
    name = "DEPTHWISE_CONV_2D" if is_depthwise else "CONV_2D"
    model.operator(name, [spread, weights, model.constant((2,))], [made], options)
    wide = [
        d * (n - k + 1) - sum(c) for d, n, k, c in zip(dilation, short, kernel, crops, strict=True)
    ]
    result = model.tensor((1, *wide, 2))
    ends = model.constant((2, 2), INT32, [n for pair in crops for n in pair])
    model.operator("BATCH_TO_SPACE_ND", [made, block, ends], [result])
    model.output(result)
    before = model.build()
    after = with_dilated_convolutions(before)
    assert name in _names(after)
    assert "SPACE_TO_BATCH_ND" not in _names(after)
    _hold_equal(before, after, on_tflm=True)


@pytest.mark.parametrize(
    "before",
    [
        dilated_network(crops=(1, 1)),  # What is cut off at the start was computed.
        dilated_network(crops=(0, 2)),  # More is cut off than was put there.
        dilated_network(output=True),  # The rearranged values are an answer.
    ],
)
def test_what_is_another_thing_stays(before: Model) -> None:
    assert with_dilated_convolutions(before) is before


def test_hostile_arguments_stay() -> None:
    before = dilated_network()
    sound = graphs(before)[0].nodes[1]
    for position, width in ((1, 1), (2, 2)):
        value = sound.input(position)
        assert value is not None
        for number in (0, -1, 2**31 - 1, -(2**31)):
            data = struct.pack(f"<{width}i", *[number] * width)
            buffers = list(before.buffers)
            at = value.tensor.buffer
            buffers[at] = buffers[at].__class__(data=data)
            changed = before.__class__(
                **{
                    name: getattr(before, name)
                    for name in before.__dataclass_fields__
                    if name != "buffers"
                },
                buffers=tuple(buffers),
            )
            # 0 pads are what there were.
            if (position, number) != (2, 0):
                assert with_dilated_convolutions(changed) is changed
