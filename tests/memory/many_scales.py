"""One-operator models in which the temporary tensors of `Prepare` are what takes the most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from probe.cases import attempt, variants
from probe.recipes import RECIPES
from probe.survey import parse
from tests.memory.against_wheel import differences
from tests.memory.one_operator import accepted
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.tables import Model, QuantizationParameters, Tensor
from tflint.model.types import QUANTIZED_RANGES

# By how much the number of scales grows from tensor to tensor: by squares, so that it tells
# which tensors a kernel looks at, and how often.
FEWEST, STEP = 150, 37


def wrong_with_many_scales(operators: Sequence[str]) -> list[str]:
    """What is computed otherwise than measured; each signature has to be taken in one way."""
    ways = {
        (operator, signature): list(_ways(operator, signature))
        for operator in operators
        for signature in accepted(operator)
    }
    every = [model for models in ways.values() for model in models]
    found = {int(line.partition(":")[0]): line for line in differences(every)}
    wrong = [line for line in found.values() if "TFLM refuses it" not in line]
    first = 0
    for (operator, signature), models in ways.items():
        if all(first + i in found for i in range(len(models))):
            wrong.append(f"{operator} {signature}: {found[first]}")
        first += len(models)
    return wrong


def _ways(operator: str, signature: str) -> Iterator[Model]:
    """As it is; with many scales on all tensors, on activations, on quantised activations."""
    case, types = RECIPES[operator].typical, parse(signature)
    for variant in variants(case, types):
        model = parse_model(attempt(operator, case, types, variant).model)
        tensors = model.subgraphs[0].tensors
        activations = [
            i for i, tensor in enumerate(tensors) if not model.buffers[tensor.buffer].data
        ]
        quantised = [i for i in activations if tensors[i].type in QUANTIZED_RANGES]
        for chosen in ([], range(len(tensors)), activations, quantised):
            yield _widened(model, chosen)


def _widened(model: Model, chosen: Sequence[int]) -> Model:
    """The operator's tensors with many scales, none of them an input or output of the graph."""
    graph = model.subgraphs[0]
    tensors = list(graph.tensors)
    for number, i in enumerate(chosen):
        count = FEWEST + STEP * number**2
        tensors[i] = replace(tensors[i], quantization=_repeated(tensors[i], count))
    apart = ModelBuilder()
    end = (len(tensors),)
    apart.tensor((1,))
    tensors.append(apart.tensors[0])
    changed = replace(graph, tensors=tuple(tensors), inputs=end, outputs=end)
    return replace(model, subgraphs=(changed,))


def _repeated(tensor: Tensor, count: int) -> QuantizationParameters:
    known = tensor.quantization
    scale = known.scale[0] if known is not None and known.scale else 0.0625
    zero_point = known.zero_point[0] if known is not None and known.zero_point else 0
    return QuantizationParameters(scale=(scale,) * count, zero_point=(zero_point,) * count)
