"""What operators on constants are said to give is what LiteRT and TFLM compute, bit for bit."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.kernel_cases import (
    BOOL,
    CASES,
    FLOAT32,
    INT8,
    INT32,
    INT64,
    Case,
    Shape,
    ints,
)
from tests.fix.model.passes import installed, outputs_on
from tflint.analysis.evaluable import _COMPARISONS, _ELEMENTS
from tflint.fix.model.evaluation import evaluated, stored_array
from tflint.fix.model.kernels.kernel import dtype_of
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    AddOptions,
    DivOptions,
    FillOptions,
    GatherOptions,
    MulOptions,
    RangeOptions,
    ReducerOptions,
    TensorType,
    TileOptions,
)
from tflint.model.tables import Model, QuantizationParameters

TYPE_OF = {np.dtype(dtype_of(t)).str: t for t in (FLOAT32, INT8, INT32, INT64, BOOL)}


def probe(name: str, case: Case) -> Model:
    """A model whose outputs are the operator's, and one that it needs an input for."""
    inputs, type, shapes, options = case
    model = ModelBuilder()
    x = model.input((1, 2))
    arrays = [np.asarray(array) for array in inputs]
    scale = model_scale(type, shapes)
    made = [model.tensor(shape, type, scale if name == "QUANTIZE" else None) for shape in shapes]
    constants = [
        model.constant(a.shape, TYPE_OF[a.dtype.str], np.ascontiguousarray(a).tobytes())
        for a in arrays
    ]
    version = 2 if INT8 in (type, *(TYPE_OF[a.dtype.str] for a in arrays)) else 1
    model.operator(name, constants, made, options, version=version)
    model.output(model.unary("RELU", x), *made)
    return model.build()


def model_scale(type: TensorType, shapes: Sequence[Shape]) -> QuantizationParameters:
    """A scale that differs from case to case, and a zero point where the type has them."""
    elements = sum(map(math.prod, shapes))
    zero_point = 0 if type is TensorType.INT16 else elements % 100
    return per_tensor((0.5, 0.05, 0.1, 1 / 3, 7.3e4)[elements % 5], zero_point)


def hold(name: str, case: Case) -> int:
    """On how many runtimes the outputs are as computed; 0 where nothing is said of them."""
    model = probe(name, case)
    node = Graph(model, 0).nodes[0]
    found = evaluated(node, [None if v is None else stored_array(v) for v in node.inputs])
    if found is None:
        return 0
    ran = 0
    for runtime in installed():
        got = outputs_on(model, [np.zeros((1, 2), np.float32)], runtime)
        if isinstance(got, str):
            continue
        ran += 1
        for ours, theirs in zip(found, got[1:], strict=True):
            assert ours.dtype == theirs.dtype
            assert ours.tobytes() == theirs.tobytes(), (runtime, name, case, ours, theirs)
    return ran


def test_every_operator_that_is_said_to_be_evaluable_is_tried() -> None:
    assert {*_ELEMENTS, *_COMPARISONS, "SHAPE", "RANK", "QUANTIZE", "ARG_MAX", "ARG_MIN"} == set(
        CASES
    )


@pytest.mark.parametrize("name", sorted(CASES))
def test_results_are_those_of_the_runtimes(name: str) -> None:
    ran = [hold(name, CASES[name](random.Random(seed))) for seed in range(25)]

    assert sum(map(bool, ran)) > 4, "nothing was said, or nothing ran"


@settings(max_examples=150)
@given(st.sampled_from(sorted(CASES)), st.integers(0, 10**6))
def test_whatever_is_asked_nothing_is_raised(name: str, seed: int) -> None:
    """With another operator's inputs, outputs and options."""
    rng = random.Random(seed)
    inputs, type, shapes, options = CASES[rng.choice(sorted(CASES))](rng)
    if rng.random() < 0.3:
        options = None
    if rng.random() < 0.3:
        shapes = [tuple(rng.choice((0, -1, 3, 2**40)) for _ in s) for s in shapes]
    model = probe(name, (inputs, type, shapes, options))
    node = Graph(model, 0).nodes[0]
    found = evaluated(node, [None if v is None else stored_array(v) for v in node.inputs])

    if found is not None:
        assert [array.shape for array in found] == [value.shape for value in node.outputs]


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("MUL", [ints(2**30), ints(4)]),
        ("ADD", [ints(2**31 - 1), ints(1)]),
        ("DIV", [ints(1), ints(0)]),
        ("FLOOR_MOD", [ints(1), ints(0)]),
        ("MUL", [np.array([1e30], np.float32), np.array([1e30], np.float32)]),
        ("MUL", [np.array([1e-30], np.float32), np.array([1e-15], np.float32)]),
        ("DIV", [np.array([1], np.float32), np.array([0], np.float32)]),
        ("ADD", [np.array([np.nan], np.float32), np.array([0], np.float32)]),
        ("GATHER", [ints(1, 2, 3), ints(3)]),
        ("GATHER", [ints(1, 2, 3), ints(-1)]),
        ("SQRT", [np.array([-1], np.float32)]),
        ("RSQRT", [np.array([0], np.float32)]),
        ("REDUCE_MAX", [np.array([0.0, -0.0], np.float32), ints(0)]),
    ],
)
def test_what_kernels_may_see_differently_is_not_computed(name: str, inputs: list[Any]) -> None:
    array = inputs[0]
    shape = (1,)
    options = {"MUL": MulOptions(), "ADD": AddOptions(), "DIV": DivOptions()}.get(name)
    if name.startswith("REDUCE"):
        options = ReducerOptions(keep_dims=True)
    if name == "GATHER":
        options = GatherOptions()

    assert hold(name, (inputs, TYPE_OF[array.dtype.str], [shape], options)) == 0


def test_a_result_is_not_larger_than_its_tensor_is_said_to_be() -> None:
    """Shapes are held against the declared one before anything is computed."""
    huge, one = ints(2**20, 2**20), np.float32(1)
    square = np.ones((1, 1), np.float32)
    numbers = [ints(n, scalar=True) for n in (0, 2**31 - 1, 1)]

    assert hold("FILL", ([huge, one], FLOAT32, [(2, 2)], FillOptions())) == 0
    assert hold("FILL", ([huge, one], FLOAT32, [(2**20, 2**20)], FillOptions())) == 0
    assert hold("BROADCAST_TO", ([square, huge], FLOAT32, [(2, 2)], None)) == 0
    assert hold("TILE", ([square, huge], FLOAT32, [(2, 2)], TileOptions())) == 0
    assert hold("RANGE", (numbers, INT32, [(3,)], RangeOptions())) == 0
