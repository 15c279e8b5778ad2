"""What kept a network from builtin operators alone: whose they are, what they cost, the way out.

Pure: it reads what the worker sent, and the model if there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tflint.convert.builtin_ways import way_of, way_of_fault
from tflint.convert.request import Attempt, Fault, Needed, Place, Support
from tflint.convert.residue import residue
from tflint.report.convert_result import OperatorDiagnosis
from tflint.target.runtime import Runtime
from tflint.target.target import Target

if TYPE_CHECKING:
    from tflint.convert.worker_process import Converted

# What stops the converter, whatever operators are allowed.
FAILS = "fails"
_RANK = {FAILS: 0, "custom": 1, "select": 2, "builtin": 3}


def diagnose(converted: Converted, target: Target) -> tuple[OperatorDiagnosis, ...]:
    """One entry an operator and layer, the worst first.

    Operators are TensorFlow's where they are no builtins; those of the model are TFLite's, and
    are named where the converter could have done better.
    """
    found = [
        *_faults(converted.attempts),
        *(
            _needed(each, target.runtime, converted.network.framework)
            for each in all_needed(converted.attempts)
        ),
    ]
    if converted.model is not None:
        found += residue(converted.model, converted.network, target)
    return tuple(sorted(found, key=lambda each: _RANK.get(each.support, 0)))


def all_needed(attempts: Iterable[Attempt]) -> tuple[Needed, ...]:
    """What is no builtin, by the attempt that first named it: that knows the most of its place."""
    found: dict[str, list[Needed]] = {}
    for attempt in attempts:
        named: dict[str, list[Needed]] = {}
        for each in attempt.needed:
            # The handle of a table that the converter did not get along with the network.
            if each.name != "Placeholder":
                named.setdefault(each.name, []).append(each)
        for name, entries in named.items():
            found.setdefault(name, entries)
    return tuple(each for entries in found.values() for each in entries)


def _faults(attempts: Iterable[Attempt]) -> Iterator[OperatorDiagnosis]:
    """What stopped the attempts, each once: they mostly stop for the same reason.

    Nothing where one of them came to an end: then it was for want of operators.
    """
    attempts = tuple(attempts)
    if any(attempt.is_done for attempt in attempts):
        return
    known: dict[tuple[str, Place], Fault] = {}
    for attempt in attempts:
        for fault in attempt.faults:
            known.setdefault((fault.operator, fault.place), fault)
    for fault in known.values():
        place = fault.place
        name = fault.operator or place.kind or "network"
        yield _at(place, name, FAILS, 1, _cost_of_fault(fault), way_of_fault(fault))


def _cost_of_fault(fault: Fault) -> str:
    if fault.operator:
        return f"the converter gives up at it, whatever is allowed: {fault.detail}"
    return f"there is nothing to convert: {fault.detail}"


def _needed(each: Needed, runtime: Runtime, framework: str) -> OperatorDiagnosis:
    support, cost = each.support.value, _cost(each, runtime)
    return _at(each.place, each.name, support, each.count, cost, way_of(each, framework))


def _cost(each: Needed, runtime: Runtime) -> str:
    refused = '"Failed to get registration from op code CUSTOM"'
    if each.support is Support.SELECT:
        if runtime.is_mcu:
            return f"{runtime.title} cannot run TensorFlow operators: {refused}"
        return (
            f"{runtime.title} needs the Flex delegate linked in for it, tens of megabytes, "
            "with --fallback select"
        )
    if each.name in runtime.custom_operators:
        return f"{runtime.title} brings a kernel of this name along, which has to be registered"
    if runtime.is_mcu:
        return (
            f"{runtime.title} has no kernel of this name ({refused}), nor has TensorFlow's Flex "
            "delegate: it would have to be written in C++ and registered"
        )
    return (
        f"{runtime.title} has no kernel of this name, nor has its Flex delegate: one would have "
        "to be written and registered, with --fallback custom"
    )


def _at(
    place: Place, name: str, support: str, count: int, cost: str, way: str
) -> OperatorDiagnosis:
    return OperatorDiagnosis(
        name, support, count, place.layer, place.kind, place.path, place.line, cost, way
    )
