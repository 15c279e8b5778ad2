"""What the probes found out, in the form of the committed tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from probe import tflm
from probe.cases import Signature, T
from probe.recipe import Recipe
from probe.scales import demands
from probe.survey import Run, Survey, parse

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

# Types of data, weights and bias in which models reach microcontrollers by mistake: float16
# and dynamic range, the uint8 of old converters, integers as Python has them, 16x8.
MISTAKES = (
    (T.FLOAT16, T.FLOAT16, T.FLOAT16),
    (T.FLOAT32, T.INT8, T.FLOAT32),
    (T.UINT8, T.UINT8, T.INT32),
    (T.INT64, T.INT64, T.INT64),
    (T.INT16, T.INT8, T.INT64),
)


def entry(name: str, recipe: Recipe) -> dict[str, Json]:
    """One operator's line of the table: everything asked, everything answered."""
    survey = Survey(name, recipe)
    survey.types()
    table: dict[str, Json] = {"accepts": sorted(map(str, survey.accepted))}
    if not survey.accepted:
        return {**table, "says": says(survey)}
    table.update(constants(survey))
    if len(recipe.ranks) > 1:
        table.update(ranks(survey))
    variadic = [
        side
        for side, slots in (("inputs", survey.case.inputs), ("outputs", survey.case.outputs))
        if any(slot.repeat > 1 for slot in slots)
    ]
    if variadic:
        table["variadic"] = variadic[0]
    if any(variant.dropped for variant in survey.accepted.values()):
        table["none_only_unlisted"] = True
    uninitialized = survey.uninitialized()
    if uninitialized:
        table["reads_uninitialized_memory"] = sorted(map(str, uninitialized))
    table["says"] = says(survey)
    probed = survey.tried, survey.crashes, survey.wrong
    demanded = demands(survey, uninitialized)
    if demanded:
        table["demands"] = demanded
    table["probed"] = dict(zip(("models", "crashes", "wrong_results"), probed, strict=True))
    return table


def demands_of(name: str, recipe: Recipe, accepts: Sequence[str], run: Run = tflm.run) -> Json:
    """What the kernel demands of scales for those of these signatures that it accepts."""
    survey = Survey(name, recipe, run)
    quantised = [signature for signature in accepts if "INT8" in signature or "INT16" in signature]
    survey.settle(parse(signature) for signature in quantised)
    return demands(survey, survey.uninitialized())


def constants(survey: Survey) -> dict[str, Json]:
    """Inputs that have to be constant for every signature, and those for some only."""
    found = survey.constants()
    for_all: list[Json] = []
    for_some: dict[str, Json] = {}
    for position, signatures in found.items():
        concerned = [s for s in survey.accepted if s.inputs[position] is not None]
        if len(signatures) == len(concerned):
            for_all.append(position)
        else:
            for_some[str(position)] = sorted(map(str, signatures))
    table: dict[str, Json] = {"constant_inputs": for_all}
    if for_some:
        table["constant_inputs_for"] = for_some
    return table


def ranks(survey: Survey) -> dict[str, Json]:
    """The highest rank of the main input, with the signatures that stop earlier."""
    table = highest("max_rank", survey.ranks())
    if survey.recipe.broadcast is not None:
        table.update(highest("max_rank_broadcast", survey.ranks(broadcast=True)))
    return table


def highest(key: str, found: Mapping[Signature, list[int]]) -> dict[str, Json]:
    """The most any signature takes, and the signatures that stop earlier."""
    until = {str(signature): unbroken(ranks) for signature, ranks in found.items()}
    most = max(until.values())
    table: dict[str, Json] = {key: most}
    exceptions = {name: rank for name, rank in sorted(until.items()) if rank != most}
    if exceptions:
        table[f"{key}_exceptions"] = exceptions
    return table


def unbroken(ranks: list[int]) -> int:
    """The last rank of the first run of neighbours; 0 when there is none."""
    for before, after in pairwise([*ranks, 99]):
        if after != before + 1:
            return before
    return 0


def says(survey: Survey) -> dict[str, Json]:
    """What the runtime says to the mistakes that people make with models."""
    mistakes = [parse("FLOAT16->FLOAT32")] if survey.name == "DEQUANTIZE" else []
    for signature in survey.accepted:
        types = set(survey.data_types(signature))
        of_floats = T.FLOAT32 in types and types <= {T.FLOAT32, T.BOOL, T.INT32}
        if of_floats and not survey.recipe.templates:
            mistakes += [mistake(survey, signature, *types) for types in MISTAKES]
    return {
        str(signature): outcome.says
        for signature in mistakes
        if (outcome := survey.refused.get(signature)) is not None
    }


def mistake(survey: Survey, signature: Signature, data: T, weights: T, bias: T) -> Signature:
    """A signature of floats with these types in their place."""
    types = {"weights": weights, "bias": bias, "data": data}
    return survey.signature(
        [
            types[slot.role] if old is T.FLOAT32 else old
            for slot, old in zip(survey.case.inputs, signature.inputs, strict=True)
        ]
        + [data if old is T.FLOAT32 else old for old in signature.outputs]
    )


def write(path: Path, table: Mapping[str, Json]) -> None:
    """Write a table with keys in order and short lists on one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(layout(table) + "\n", encoding="utf-8")


def layout(value: Json, indent: str = "") -> str:
    """JSON that takes one line for whatever fits and diffs well where it does not."""
    flat = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(indent) + len(flat) <= 100 or not isinstance(value, (list, Mapping)) or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        items = [inner + layout(item, inner) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    items = [f"{inner}{json.dumps(key)}: {layout(value[key], inner)}" for key in sorted(value)]
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"
