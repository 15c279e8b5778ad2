"""Passes about what a file holds take any model whose indices are in range, however odd."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest

from tests.cpu_time import assert_linear
from tests.fix.model.dressed import dressed
from tests.fix.model.passes import fix_for
from tests.rules.findings import findings
from tests.rules.test_damaged_graphs import damaged
from tests.rules.test_graph_rules_survive import any_graph
from tflint.finding import FixSafety
from tflint.fix.model.model_fix import RewriteContext
from tflint.model.builder import ModelBuilder
from tflint.model.graph import dangling_indices
from tflint.model.reader import parse_model
from tflint.model.schema import CallOnceOptions, TensorType, VarHandleOptions
from tflint.model.tables import Model, QuantizationParameters, Tensor
from tflint.model.writer import write_model
from tflint.target.target import find_target

CODES = ("TFL006", "TFL008", "TFL009", "TFL010", "TFL109", "TFL507", "TFL606", "TFL607", "TFL609")
NAMES = (None, "", "x", "\x1b[2J", "<b>", "=1+1", "\udc80", "a" * 5000, "\u200b", "-1(", "x\x07")
SCALES = (0.5, 0.0, -1.0, math.inf, 1e-30)


def _odd_tensor(tensor: Tensor, rng: random.Random) -> Tensor:
    if rng.random() < 0.5:
        tensor = dataclasses.replace(tensor, name=rng.choice(NAMES))
    if rng.random() < 0.5:
        scales = tuple(rng.choice(SCALES) for _ in range(rng.randrange(4)))
        found = QuantizationParameters(
            scale=scales,
            zero_point=tuple(rng.choice((0, 3, 2**40)) for _ in range(rng.randrange(4))),
            min=scales[:1],
            quantized_dimension=rng.choice((-(2**31), -1, 0, 1, 3, 2**31 - 1)),
        )
        tensor = dataclasses.replace(tensor, quantization=found)
    if rng.random() < 0.2:
        signature = tuple(rng.choice((-1, 1, -7, 2**31 - 1)) for _ in range(rng.randrange(10)))
        tensor = dataclasses.replace(tensor, shape_signature=signature)
    return dataclasses.replace(tensor, is_variable=rng.random() < 0.1)


def _odd(seed: int) -> Model:
    rng = random.Random(seed)
    model = rng.choice(
        (any_graph(rng), dressed(seed), damaged(dressed(seed), rng)),
    )
    graph = model.subgraphs[0]
    tensors = tuple(_odd_tensor(tensor, rng) for tensor in graph.tensors)
    graph = dataclasses.replace(graph, tensors=tensors, name=rng.choice(NAMES))
    return dataclasses.replace(model, subgraphs=(graph,), description=rng.choice(NAMES))


@pytest.mark.parametrize("code", CODES)
def test_no_model_is_too_odd(code: str) -> None:
    target, done = find_target("tflm"), 0
    for seed in range(100):
        data = write_model(_odd(seed))
        model = parse_model(data)
        assert not list(dangling_indices(model))
        offered = any(
            finding.fix is not None and finding.fix.safety is FixSafety.SAFE
            for finding in findings(code, data)
        )
        rewrite = fix_for(code).rewrite(RewriteContext(model, target))
        # What the rule offers is done. A finding about several names is offered for the worst.
        assert (rewrite is not None) == offered or (code == "TFL008" and not offered), seed
        if rewrite is None:
            continue
        done += 1
        written = write_model(rewrite.model, compact=True)
        after = parse_model(written)
        assert not list(dangling_indices(after)), seed
        assert fix_for(code).rewrite(RewriteContext(after, target)) is None, seed
        left = [f for f in findings(code, written) if f.fix is not None]
        assert all(f.fix is not None and f.fix.safety is FixSafety.UNSAFE for f in left), seed
    assert done or code in ("TFL009", "TFL010")


def _large(count: int) -> Model:
    """So many operators, constants, names, notes, variables and leftovers of each kind."""
    model = ModelBuilder()
    x = model.input((1, 4), shape_signature=(-1, 4))
    for i in range(count):
        handle = model.tensor((), TensorType.RESOURCE)
        options = VarHandleOptions(shared_name=f"table {i % 7 and i}")
        model.operator("VAR_HANDLE", [], [handle], options)
        model.operator("ASSIGN_VARIABLE", [handle, model.constant((1, 4))], [])
        model.operator("CALL_ONCE", [], [], CallOnceOptions(init_subgraph_index=1))
        read = model.tensor((1, 4))
        model.operator("READ_VARIABLE", [handle], [read])
        y = model.tensor((1, 4), name=f"\x07{i % 3}", is_variable=i % 50 == 7)
        model.operator("ADD", [x, read], [y])
        model.constant((1, 32), values=[float(i % 5)] * 32)
        model.unary("RELU", x)
        x = model.unary("RELU", y)
    model.output(x)
    model.subgraph("init")
    return model.build()


@pytest.mark.parametrize("code", CODES)
def test_time_is_linear_in_the_size_of_a_model(code: str) -> None:
    target = find_target("tflm")

    def repair(model: Model) -> object:
        return fix_for(code).rewrite(RewriteContext(model, target))

    assert_linear(repair, _large, 800)
