"""No kernel's description stumbles over operators that lack tensors or have absurd ones."""

from __future__ import annotations

import json

import pytest

from tests.memory.one_operator import FACTS
from tflint.memory.abi import CORTEX_M
from tflint.memory.arena import plan_arena
from tflint.memory.requests import WHEEL, Build, Library
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import TensorType

KNOWN = json.loads(FACTS.read_text(encoding="utf-8"))
OPERATORS = sorted((*KNOWN["operators"], *KNOWN["custom_operators"]))
BUILDS = (WHEEL, *(Build(CORTEX_M, library) for library in Library))
SHAPES = ((), (0,), (-1, -1), (2**31 - 1,) * 6, (-(2**31), 3, 0, 7), (1,) * 40)
TYPES = (TensorType.INT8, TensorType.INT16, TensorType.FLOAT32, TensorType.STRING)


@pytest.mark.parametrize("operator", OPERATORS)
def test_anything_is_planned(operator: str) -> None:
    for inputs, outputs in ((0, 0), (1, 0), (0, 1), (2, 1), (5, 2), (25, 1)):
        for number, shape in enumerate(SHAPES):
            model = ModelBuilder()
            type = TYPES[(number + inputs) % len(TYPES)]
            x = [model.tensor(shape, type) for _ in range(inputs)]
            y = [model.tensor(shape, type) for _ in range(outputs)]
            model.operator(operator, x, y, custom_options=b"\xff\x01")
            model.output(*y)
            built = model.build()
            for build in BUILDS:
                arena = plan_arena(built, graphs(built), build)
                assert arena.min_arena_bytes >= arena.arena_bytes > 0
