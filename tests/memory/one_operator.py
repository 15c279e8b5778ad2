"""Models of one operator, in every signature that TFLM was found to take, held to the wheel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flatbuffers import flexbuffers

from probe.cases import attempt, variants
from probe.recipes import RECIPES
from probe.survey import parse
from tests.memory.against_wheel import differences
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters

FACTS = Path(__file__).parents[2] / "mcu_runtime/tflint_mcu_runtime/facts/tflm.json"
# So many scales make the temporary tensors of `Prepare` the most that the arena holds.
MANY_SCALES = 3000

Tensors = Sequence[tuple[tuple[int, ...], TensorType]]


def accepted(operator: str) -> list[str]:
    """The signatures that TFLM takes."""
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    return list(facts["operators"][operator]["accepts"])


def models(operator: str) -> Iterator[bytes]:
    """Every signature at the usual rank, the first at every rank, in all variants."""
    recipe = RECIPES[operator]
    for number, signature in enumerate(map(parse, accepted(operator))):
        for rank in recipe.ranks if number == 0 else (recipe.rank,):
            case = recipe.case(rank)
            for variant in variants(case, signature):
                yield attempt(operator, case, signature, variant).model


def wrong(operators: Sequence[str], *, smallest: bool = True) -> list[str]:
    """What is computed otherwise than measured; each operator has to be taken at least once."""
    all_models = {operator: list(models(operator)) for operator in operators}
    found = differences([m for each in all_models.values() for m in each], smallest=smallest)
    refusals = [line for line in found if "TFLM refuses it" in line]
    lines = [line for line in found if line not in refusals]
    for operator, each in all_models.items():
        if sum(f" {operator}: TFLM" in line for line in refusals) == len(each):
            lines.append(f"{operator}: TFLM takes none of {len(each)} models")
    return lines


def wrong_temporaries(operators: Sequence[str]) -> list[str]:
    """The same where temporary tensors are what the arena's size depends on.

    One operand at a time has thousands of scales; none is an input or output of the graph.
    """
    isolated: list[Model] = []
    for operator in operators:
        recipe = RECIPES[operator]
        signature = parse(accepted(operator)[-1])
        variant = next(iter(variants(recipe.typical, signature)))
        model = parse_model(attempt(operator, recipe.typical, signature, variant).model)
        node = model.subgraphs[0].operators[0]
        isolated += [
            with_many_scales(model, operand)
            for operand in dict.fromkeys((*node.inputs, *node.outputs))
            if operand >= 0
        ]
    return differences(isolated)


def with_many_scales(model: Model, operand: int) -> Model:
    """The model without the operator's tensors at its ends, one of them quantised."""
    graph = model.subgraphs[0]
    tensors = list(graph.tensors)
    scales = QuantizationParameters(scale=(0.0625,) * MANY_SCALES, zero_point=(0,) * MANY_SCALES)
    tensors[operand] = replace(tensors[operand], quantization=scales)
    end = replace(
        tensors[0],
        shape=(1,),
        type=TensorType.FLOAT32,
        buffer=0,
        is_variable=False,
        quantization=None,
    )
    ends = (len(tensors),)
    graph = replace(graph, tensors=(*tensors, end), inputs=ends, outputs=ends)
    return replace(model, subgraphs=(graph,))


def custom(
    operator: str, inputs: Tensors, outputs: Tensors, options: dict[str, object] | None = None
) -> Model:
    """A custom operator with options in a FlexBuffer."""
    model = ModelBuilder()
    x = [model.input(shape, type) for shape, type in inputs]
    y = [model.tensor(shape, type) for shape, type in outputs]
    written = bytes(flexbuffers.Dumps(options)) if options is not None else None
    model.operator(operator, x, y, custom_options=written)
    model.output(*y)
    return model.build()
