"""What a kernel demands of the scales and zero points of its operands.

Each quantised operand of an accepted signature is given another scale, or another zero point,
than the rest, one at a time and then all together. What comes out tells whether the kernel
rescales, refuses, or computes from the raw numbers as if nothing were different.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from probe.cases import SCALE, Shift, Signature, T, Types, Variant, quantization
from probe.survey import Survey
from probe.tflm import WRONG, Trial

# The types that quantised models compute with.
TYPES = (T.INT8, T.INT16, T.UINT8)
OUTPUT = "output"
# What a kernel does, from harmless to fatal.
HARM = RESCALED, IGNORED, REFUSED, CRASHES = "rescaled", "ignored", "refused", "crashes"
# Other inputs must shrink, outputs grow, so that nothing saturates.
OTHER_SCALE = {True: Shift(4), False: Shift(1 / 4)}
# Sixteen steps are worth 1 at the usual scale.
OTHER_ZERO_POINT = Shift(steps=16)
# How far a scale may be off where kernels compare it: halved this often from a factor of two.
HALVINGS = 24
# Steps in which the last halving is looked at again.
FINER = 32
# What messages end with: numbers that differ from run to run, and the node.
_OPERANDS = re.compile(r" ?\([-\d.]+ != [-\d.]+\)(?=Node|$)|Node number \d.*$")

Shifts: TypeAlias = Mapping[int, Shift]
# One demand, as it stands in the table.
Demand: TypeAlias = dict[str, str | float | int]


@dataclass(frozen=True, slots=True)
class Operands:
    """The quantised operands of a signature: for each name its places among all operands.

    Names are positions of inputs, and `output` for all outputs. Weights have a scale that
    means something by itself: only their zero points are asked about, as are those of inputs
    where a bias carries the product of scales.
    """

    places: Mapping[str, Sequence[int]]
    with_scale: frozenset[str]

    @property
    def inputs(self) -> list[str]:
        return [name for name in self.places if name != OUTPUT]


def operands(survey: Survey, signature: Signature, variant: Variant) -> Operands:
    """The operands to ask about; none where the operator takes integers as what they are."""
    places: dict[str, list[int]] = {}
    scaled: set[str] = set()
    case = survey.case
    if not case.quantized or survey.recipe.templates:
        return Operands({}, frozenset())
    biased = any(slot.role == "bias" for slot in case.inputs)
    place = 0
    for position, (slot, type) in enumerate(zip(case.inputs, signature.inputs, strict=True)):
        for copy in range(slot.repeat):
            if type in TYPES and slot.role in ("data", "weights"):
                name = str(position + copy)
                places[name] = [place]
                if not biased:
                    scaled.add(name)
            place += 1
    if variant.dropped:
        place -= len(list(itertools.takewhile(lambda type: type is None, signature.inputs[::-1])))
    for output, type in zip(case.outputs, signature.outputs, strict=True):
        if type in TYPES:
            places.setdefault(OUTPUT, []).extend(range(place, place + output.repeat))
            scaled.add(OUTPUT)
        place += output.repeat
    return Operands(places, frozenset(scaled))


def demands(
    survey: Survey, unreliable: Collection[Signature] = ()
) -> list[dict[str, list[str] | list[Demand]]]:
    """The demands of all accepted signatures, those with the same demands together.

    `unreliable` are signatures for which the kernel reads memory that it never wrote: what
    that does to a zero point is not a demand.
    """
    survey.closely = True
    groups: dict[str, tuple[list[str], list[Demand]]] = {}
    for signature, variant in survey.accepted.items():
        found = _demands_of(survey, signature, variant, signature in unreliable)
        if found:
            groups.setdefault(repr(found), ([], found))[0].append(str(signature))
    return [
        {"signatures": sorted(signatures), "demands": found}
        for signatures, found in sorted(groups.values(), key=lambda group: sorted(group[0]))
    ]


class _Asking:
    """The questions about one signature, each a set of shifts, and their answers."""

    def __init__(self, survey: Survey, signature: Signature, variant: Variant) -> None:
        self._survey, self._signature, self._variant = survey, signature, variant
        self.says: dict[str, str] = {}

    def __call__(self, questions: Mapping[str, Shifts]) -> dict[str, str]:
        trials = [
            Trial(
                self._survey.name,
                self._survey.case,
                self._signature,
                replace(self._variant, shifts=tuple(shifts.items())),
            )
            for shifts in questions.values()
        ]
        answers: dict[str, str] = {}
        for name, outcome in zip(questions, self._survey.outcomes(trials), strict=True):
            if outcome.accepted:
                answers[name] = RESCALED
            elif outcome.says == WRONG:
                answers[name] = IGNORED
            else:
                answers[name] = CRASHES if outcome.crashed else REFUSED
                self.says[name] = _OPERANDS.sub("", outcome.says)
        return answers


def _demands_of(
    survey: Survey, signature: Signature, variant: Variant, unreliable: bool
) -> list[Demand]:
    named = operands(survey, signature, variant)
    # Types whose numbers cannot be compared, or are too coarse to tell a scale by.
    types: Types = (*signature.inputs, *signature.outputs)
    if not named.places or any(type in (T.INT4, T.FLOAT64, T.BFLOAT16) for type in types):
        return []
    ask = _Asking(survey, signature, variant)
    if ask({"as it is": {}})["as it is"] != RESCALED:
        return []
    found: list[Demand] = []
    for parameter, names in (("scale", named.with_scale), ("zero_point", set(named.places))):
        shift = {
            name: OTHER_SCALE[name == OUTPUT] if parameter == "scale" else OTHER_ZERO_POINT
            for name in names
        }
        # All operands move the same way: what they demand of each other still holds.
        together = {name: Shift(1 / 2) if parameter == "scale" else shift[name] for name in names}
        inputs = [name for name in named.inputs if name in names]

        def shifted(which: Sequence[str], by: Mapping[str, Shift]) -> Shifts:
            return {place: by[name] for name in which for place in named.places[name]}

        answers = ask(
            {name: shifted([name], shift) for name in sorted(names)}
            | {"inputs": shifted(inputs, together), "all": shifted(sorted(names), together)}
        )
        if unreliable:
            answers["all"] = RESCALED
        found += _judge(survey, signature, variant, parameter, sorted(names), answers, ask.says)
    for demand in found:
        if (demand["outcome"], demand["parameter"]) == (REFUSED, "scale"):
            demand.update(_tolerance(ask, named, demand))
    return found


def _judge(
    survey: Survey,
    signature: Signature,
    variant: Variant,
    parameter: str,
    names: Sequence[str],
    answers: Mapping[str, str],
    says: Mapping[str, str],
) -> list[Demand]:
    """What the answers mean: operands that must be alike, or have one value."""
    bad = {name: answers[name] for name in names if answers[name] != RESCALED}

    def demand(name: str, outcome: str, **more: str | float) -> Demand:
        entry: Demand = {"operand": name, "parameter": parameter, "outcome": outcome}
        if outcome == REFUSED:
            entry["says"] = says.get(name, "")
        return {**entry, **more}

    if not bad:
        return []
    inputs = [name for name in bad if name != OUTPUT]
    if answers["all"] == RESCALED:
        anchor = OUTPUT if OUTPUT in bad else inputs[0]
        return [demand(n, bad[n], equals=anchor) for n in inputs if n != anchor]
    found: list[Demand] = []
    for name, outcome in bad.items():
        value = _usual(survey, signature, variant, name, parameter)
        together = outcome if name == OUTPUT else answers["inputs"]
        if HARM.index(together) >= HARM.index(outcome):
            found.append(demand(name, outcome, value=value))
            continue
        # Worse when it alone differs than when all inputs do: they have to be alike as well.
        if together != RESCALED:
            found.append(demand(name, together, value=value))
        if name != inputs[0]:
            found.append(demand(name, outcome, equals=inputs[0]))
    return found


def _usual(
    survey: Survey, signature: Signature, variant: Variant, name: str, parameter: str
) -> float | int:
    """The scale or zero point that an operand has in the case that works."""
    case = survey.case
    if name == OUTPUT:
        type = signature.outputs[0]
        slot = replace(case.inputs[0], role="data", scales=case.output_scales, channels=None)
    else:
        position = min(int(name), len(case.inputs) - 1)
        slot, type = case.inputs[position], signature.inputs[position]
    assert type is not None
    found = quantization(case, slot, type, variant)
    assert found is not None
    return found.scale[0] if parameter == "scale" else found.zero_point[0]


def _tolerance(ask: _Asking, named: Operands, demand: Demand) -> Demand:
    """How far the scale may be off before it is refused: `tolerance` or, as a share, `share`.

    Asked at two scales: a kernel that compares the difference with a constant lets a larger
    share pass where scales are small. Nothing where any difference is refused.
    """
    name, related = str(demand["operand"]), "equals" in demand

    def largest(smaller: float, shares: Sequence[float]) -> float:
        """The largest of these shares that passes."""
        questions = {}
        for share in shares:
            shifts = {p: Shift(smaller) for n in named.with_scale for p in named.places[n]}
            if not related:
                shifts = {}
            shifts |= {place: Shift(smaller * (1 + share)) for place in named.places[name]}
            questions[str(share)] = shifts
        passing = [float(share) for share, answer in ask(questions).items() if answer != REFUSED]
        return max(passing, default=0.0)

    found = largest(1, [2.0**-halving for halving in range(HALVINGS)])
    if not found:
        return {}
    found = largest(1, [found * (1 + step / FINER) for step in range(FINER)])
    if related and largest(1 / 16, [4 * found]):
        return {"tolerance": float(f"{found * SCALE:.1g}")}
    return {"share": float(f"{found:.2g}")}
