"""Rules that walk graphs take any graph: cycles, missing inputs, several writers, odd shapes."""

from __future__ import annotations

import random

import pytest

from tflint.analysis.fusion import CARRIERS
from tflint.analysis.operator_kinds import BINARY, RESHAPES, UNARY
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_model
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    BUILTIN_OPERATORS,
    AddOptions,
    Conv2DOptions,
    Padding,
    TensorType,
)
from tflint.model.tables import Model
from tflint.target.target import find_target

RULES = [r for r in all_rules() if r.meta.code.startswith("TFL6") or r.meta.code == "TFL210"]
NAMES = (
    *CARRIERS,
    *RESHAPES,
    *sorted(UNARY | BINARY),
    *["TRANSPOSE", "PAD", "PADV2", "SHAPE", "PACK", "DEQUANTIZE"] * 6,
    *BUILTIN_OPERATORS[:20],
    "Custom",
)
SHAPES = ((), (0,), (1,), (4,), (2, 2), (1, 4), (1, 2, 2, 1), (1, 4, 4, 1), (-1, 4), (4, 2))
TYPES = (TensorType.FLOAT32, TensorType.INT8, TensorType.INT32, TensorType.BOOL)


def any_graph(rng: random.Random) -> Model:
    """Operators over tensors drawn at random: what they read may come later, or not at all."""
    model = ModelBuilder(seed=rng.randint(0, 9))
    for _ in range(rng.randint(1, 3)):
        model.input(rng.choice(SHAPES), rng.choice(TYPES))
    for _ in range(rng.randint(2, 12)):
        shape, type = rng.choice(SHAPES), rng.choice(TYPES)
        if rng.random() < 0.4:
            values = bytes(rng.choice((0, 1, 2, 3)) for _ in range(rng.randint(1, 64)))
            model.constant(shape, type, values)
        else:
            model.tensor(shape, type, is_variable=rng.random() < 0.05)
    count = len(model.tensors)
    options = (
        None,
        AddOptions(),
        Conv2DOptions(padding=Padding.VALID, stride_w=1, stride_h=rng.randint(-1, 2)),
    )
    for _ in range(rng.randint(1, 12)):
        model.operator(
            rng.choice(NAMES),
            [rng.randrange(count) for _ in range(rng.randint(0, 4))],
            [rng.randrange(count) for _ in range(rng.randint(0, 2))],
            rng.choice(options),
        )
    model.output(*(rng.randrange(count) for _ in range(rng.randint(0, 2))))
    return model.build()


@pytest.mark.parametrize("target", ["tflm", "litert"])
def test_no_graph_is_too_odd(target: str) -> None:
    found = 0
    for seed in range(1500):
        model = any_graph(random.Random(seed))
        found += len(check_model(model, RULES, find_target(target), "m.tflite").findings)
    assert found > 500


def test_long_runs_take_time_in_proportion() -> None:
    """Runs, chains and groups of tens of thousands of operators, none of them recursive."""
    model = ModelBuilder()
    x = model.unary("TANH", model.input((1, 4)))
    constant, order = model.constant((4,)), model.constant((2,), TensorType.INT32, (1, 0))
    known = constant
    for _ in range(3000):
        y, z, turned = model.tensor((1, 4)), model.tensor((1, 4)), model.tensor((4, 1))
        model.operator("ADD", [x, constant], [y], AddOptions())
        model.operator("TRANSPOSE", [y, order], [turned])
        model.operator("RESHAPE", [turned], [z])
        x, folded = z, model.tensor((4,))
        model.operator("ADD", [known, constant], [folded], AddOptions())
        known = folded
    model.output(x)
    report = check_model(model.build(), RULES, find_target("tflm"), "m.tflite")

    assert report.findings
    assert all(len(finding.message) < 400 for finding in report.findings)
