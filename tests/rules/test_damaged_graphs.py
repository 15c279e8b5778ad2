"""Rules about architecture and layout take any graph that can be walked, and never raise."""

from __future__ import annotations

import dataclasses
import random

import pytest

from tests.random_networks import random_network
from tflint.analysis.needed import needed
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_model
from tflint.model.graph import Graph
from tflint.model.schema import (
    ActivationFunctionType,
    Conv2DOptions,
    Padding,
    Pool2DOptions,
    TensorType,
)
from tflint.model.tables import Model, Operator, SubGraph, Tensor
from tflint.target.target import find_target

CODES = ("TFL101", "TFL109", "TFL111", "TFL304", "TFL305", "TFL306", "TFL309", "TFL703")
DIMENSIONS = (-(2**31), -1, 0, 1, 2, 3, 7, 8, 2**31 - 1)
NUMBERS = (-(2**31), -1, 0, 1, 2, 3, 2**31 - 1)
NAMES = (
    "MUL",
    "ADD",
    "SUB",
    "DIV",
    "MAX_POOL_2D",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "TRANSPOSE",
    "PAD",
    "RESHAPE",
    "CONCATENATION",
    "SOFTMAX",
    "ARG_MAX",
    "SPLIT",
    "SLICE",
    "STRIDED_SLICE",
    "MEAN",
    "DEQUANTIZE",
    "QUANTIZE",
    "CAST",
    "RELU",
)


def damaged_tensor(tensor: Tensor, rng: random.Random) -> Tensor:
    kind = rng.randrange(4)
    shape = list(tensor.shape)
    if kind == 0 and shape:
        shape[rng.randrange(len(shape))] = rng.choice(DIMENSIONS)
    elif kind == 1:
        shape = [rng.choice(DIMENSIONS) for _ in range(rng.randrange(7))]
    elif kind == 2:
        return dataclasses.replace(tensor, type=rng.choice(list(TensorType)))
    else:
        return dataclasses.replace(
            tensor, shape_signature=tuple(rng.choice((-1, 1)) for _ in range(rng.randrange(6)))
        )
    return dataclasses.replace(tensor, shape=tuple(shape))


def damaged_operator(operator: Operator, tensors: int, rng: random.Random) -> Operator:
    kind = rng.randrange(5)
    if kind == 0:
        return dataclasses.replace(operator, builtin_options=None)
    if kind == 1:
        return dataclasses.replace(
            operator,
            inputs=tuple(rng.randrange(tensors) for _ in range(rng.randrange(4))),
        )
    if kind == 2:
        return dataclasses.replace(
            operator,
            outputs=tuple(rng.randrange(tensors) for _ in range(rng.randrange(3))),
        )
    sizes = [rng.choice(NUMBERS) for _ in range(4)]
    padding, fused = Padding(rng.randrange(3)), ActivationFunctionType(rng.randrange(8))
    options = (
        Pool2DOptions(padding, *sizes, fused)
        if kind == 3
        else Conv2DOptions(padding, *sizes[:2], fused, *sizes[2:])
    )
    return dataclasses.replace(operator, builtin_options=options)


def damaged(model: Model, rng: random.Random) -> Model:
    """A few tensors, operators and operators' names changed, all indices in range."""
    graph: SubGraph = model.subgraphs[0]
    tensors, operators = list(graph.tensors), list(graph.operators)
    for _ in range(rng.randint(1, 4)):
        t = rng.randrange(len(tensors))
        tensors[t] = damaged_tensor(tensors[t], rng)
        if operators:
            o = rng.randrange(len(operators))
            operators[o] = damaged_operator(operators[o], len(tensors), rng)
    graph = dataclasses.replace(graph, tensors=tuple(tensors), operators=tuple(operators))
    codes = list(model.operator_codes)
    if codes:
        # Another operator's name on the same inputs and options.
        other = random_codes()[rng.choice(NAMES)]
        c = rng.randrange(len(codes))
        codes[c] = dataclasses.replace(
            codes[c], builtin_code=other, deprecated_builtin_code=min(other, 127), custom_code=None
        )
    return dataclasses.replace(
        model, subgraphs=(graph, *model.subgraphs[1:]), operator_codes=tuple(codes)
    )


def random_codes() -> dict[str, int]:
    from tflint.model.schema import BUILTIN_OPERATORS

    return {name: BUILTIN_OPERATORS.index(name) for name in NAMES}


@pytest.mark.parametrize("first", range(0, 2000, 500))
def test_damaged_graphs_are_survived(first: int) -> None:
    rules = [rule for rule in all_rules() if rule.meta.code in CODES]
    assert len(rules) == len(CODES)
    target = find_target("tflm")
    for seed in range(first, first + 500):
        rng = random.Random(seed)
        model = damaged(random_network(seed), rng)
        check_model(model, rules, target, "damaged.tflite")
        for value, need in needed(Graph(model, 0)).items():
            shape = model.subgraphs[0].tensors[value].shape
            for span, size in zip(need or (), shape, strict=need is not None):
                assert span.size == 0 or 0 <= span.first <= span.last < size, (seed, value)
