"""What is said of integer kernels is what was read off the runtime, and what float kernels give."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.runtimes import run
from tflint.analysis.integer_grids import INT8, INT16, UINT8, Grid, covering, grid_of
from tflint.analysis.integer_kernels import _KERNELS, Scales, integer_kernel
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.record import Record
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    LeakyReluOptions,
    MulOptions,
    Pool2DOptions,
    SubOptions,
    TensorType,
)
from tflint.target.runtime import Demand, load_runtime

TFLM = load_runtime("tflm")
OF_ONE_OPERAND = sorted(
    name
    for name in _KERNELS
    if (kernel := TFLM.kernel(name)) is not None and kernel.demanded("INT8->INT8")
)


def _demanded(name: str, type: str) -> list[Demand]:
    """What a kernel demands where all but shapes and axes are of this type."""
    kernel = TFLM.kernel(name)
    found: list[Demand] = []
    for signature, demands in (kernel.demands if kernel is not None else {}).items():
        inputs, _, output = signature.partition("->")
        types = set(inputs.split(",")) - {"INT32", "INT64", "BOOL", "none"}
        if types == {type} and output == type:
            found += demands
    return found


@pytest.mark.parametrize("type", ["INT8", "INT16"])
@pytest.mark.parametrize("name", sorted(_KERNELS))
def test_scales_are_what_the_runtime_demands(name: str, type: str) -> None:
    known, demands = _KERNELS[name], _demanded(name, type)
    fixed = [d for d in demands if d.operand is None and d.value is not None]
    alike = [d for d in demands if d.value is None and d.operand is not None]
    if known.scales is Scales.FIXED:
        grid = dict(known.fixed).get(TensorType[type])
        for demand in fixed:
            assert grid is not None
            value = grid.scale if demand.parameter == "scale" else grid.zero_point
            assert value == pytest.approx(demand.value, rel=max(demand.share, 1e-6))
    elif known.scales is not Scales.SAME:
        assert not alike
        assert not [d for d in fixed if d.parameter == "scale"]
    assert not (known.scales is Scales.SAME and fixed and type == "INT8")


@pytest.mark.parametrize("name", OF_ONE_OPERAND)
def test_demands_of_one_operand_are_known(name: str) -> None:
    """The other way round: what demands one scale, or a fixed one, is not taken to rescale."""
    assert _KERNELS[name].scales in (Scales.SAME, Scales.FIXED)


def _fused(kind: ActivationFunctionType) -> tuple[Record, ...]:
    return tuple(
        options(fused_activation_function=kind) for options in (AddOptions, SubOptions, MulOptions)
    )


OPERATORS: list[tuple[str, int, Record | None]] = [
    *((name, 1, None) for name in ("RELU", "RELU6", "ABS", "HARD_SWISH", "LOGISTIC", "TANH")),
    *(("LEAKY_RELU", 1, LeakyReluOptions(alpha=alpha)) for alpha in (0.25, -0.5, 2.0)),
    *((name, 2, None) for name in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU")),
    *(
        (name, 2, options)
        for kind in ActivationFunctionType
        if kind.name in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
        for name, options in zip(("ADD", "SUB", "MUL"), _fused(kind), strict=True)
    ),
]


@pytest.mark.parametrize(("name", "count", "options"), OPERATORS)
def test_bounds_hold_what_float_kernels_give(name: str, count: int, options: Record | None) -> None:
    model = ModelBuilder()
    operands = [model.input((1, 1, 1, 64))]
    if count == 2:
        operands.append(
            model.constant((1, 1, 64), values=[random.Random(i).uniform(-2, 1) for i in range(64)])
            if name == "PRELU"
            else model.input((1, 1, 1, 64))
        )
    y = model.tensor((1, 1, 1, 64))
    model.operator(name, operands, [y], options)
    model.output(y)
    built = model.build()
    (node,) = graphs(built)[0].nodes
    kernel = integer_kernel(node)
    assert kernel is not None
    rng = np.random.default_rng(3)
    for _ in range(6):
        ends = [sorted(rng.uniform(-8, 8, 2)) for _ in operands]
        inputs = [rng.uniform(*end, (1, 1, 1, 64)).astype(np.float32) for end in ends]
        if name == "PRELU":
            inputs, ends[1] = inputs[:1], [-2.0, 1.0]
        (got,) = run(built, inputs, "litert")
        bounds = [(float(low), float(high)) for low, high in ends]
        if kernel.scales is Scales.FIXED:
            found = dict(kernel.fixed)[INT8].bounds
            assert found[0] <= got.min()
            assert got.max() <= found[1] + 1 / 128
            continue
        assert kernel.bounds is not None
        low, high = kernel.bounds(node, bounds) or (0.0, 0.0)
        assert low - 1e-4 <= got.min()
        assert got.max() <= high + 1e-4


def test_an_activation_that_integers_do_not_clamp_is_not_known() -> None:
    model = ModelBuilder()
    x = model.input((1, 4, 4, 1))
    y = model.tensor((1, 4, 4, 1))
    options = Pool2DOptions(fused_activation_function=ActivationFunctionType.TANH)
    model.operator("MAX_POOL_2D", [x], [y], options)
    (node,) = graphs(model.build())[0].nodes

    assert integer_kernel(node) is None


@pytest.mark.parametrize("type", [INT8, UINT8, INT16])
@pytest.mark.parametrize("bounds", [(-1.0, 3.0), (0.0, 6.0), (2.0, 5.0), (-4.0, -1.0), (0.0, 0.0)])
def test_a_grid_covers_bounds_and_zero(bounds: tuple[float, float], type: TensorType) -> None:
    grid = covering(bounds, type)

    assert grid is not None
    low, high = grid.bounds
    step = grid.scale
    assert low - step / 2 <= min(bounds[0], 0)
    assert max(bounds[1], 0) <= high + step / 2
    if bounds[0] < bounds[1] and type is not INT16:
        assert high - low <= (max(bounds[1], 0) - min(bounds[0], 0)) * 1.01


@pytest.mark.parametrize("bounds", [(0.0, float("inf")), (float("nan"), 1.0), (-1e39, 1e39)])
def test_no_grid_covers_what_is_not_finite(bounds: tuple[float, float]) -> None:
    assert covering(bounds, INT8) is None


def test_grids_that_cannot_be_trusted_are_none() -> None:
    model = ModelBuilder()
    grids = (
        per_tensor(0.0),
        per_tensor(float("nan")),
        per_tensor(float("inf")),
        per_tensor(0.1, 300),
        per_channel((0.1, 0.2), 0),
    )
    for grid in grids:
        model.tensor((2,), INT8, grid)
    model.tensor((2,), INT16, per_tensor(0.1, 1))
    model.tensor((2,), TensorType.INT32, per_tensor(0.1))
    model.tensor((2,), INT8, per_tensor(0.5, 3))
    *others, last = graphs(model.build())[0].values

    assert [grid_of(value) for value in others] == [None] * len(others)
    assert grid_of(last) == Grid(INT8, 0.5, 3)
    assert Grid(UINT8, 0.5, 131).as_type(INT8) == Grid(INT8, 0.5, 3)
