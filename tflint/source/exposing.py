"""Things of the interpretation as values that rules look at."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tflint.keras.values import (
    NO_ARGUMENTS,
    UNKNOWN,
    Argument,
    Choice,
    Function,
    Reference,
    Result,
    Value,
)
from tflint.source.limits import MAX_OPTIONS
from tflint.source.machine import Machine
from tflint.source.objects import (
    Const,
    DictThing,
    Either,
    FunctionThing,
    Items,
    LayerThing,
    Method,
    ModelThing,
    Operand,
    Outcome,
    Path,
    SequenceThing,
    TensorThing,
    Written,
)
from tflint.source.store import Thing

_DEEP = 12


def expose(machine: Machine, thing: Thing, deep: int = 0) -> Value:
    """The value that rules see."""
    if isinstance(thing, Const):
        return thing.value
    if deep > _DEEP:
        return UNKNOWN
    if isinstance(thing, SequenceThing):
        items = thing.items
        if not isinstance(items, Items) or items.is_open:
            return UNKNOWN
        machine.budget.charge(len(items.values))
        return tuple(expose(machine, value, deep + 1) for value in items.values)
    if isinstance(thing, DictThing):
        return _mapping(machine, thing, deep)
    if isinstance(thing, Path):
        return Reference(thing.path)
    if isinstance(thing, Outcome):
        machine.budget.charge(1)
        return Result(
            thing.path,
            tuple(expose(machine, each, deep + 1) for each in thing.operands),
            {name: expose(machine, each, deep + 1) for name, each in thing.keywords.items()},
            None if thing.node is None else machine.locate(thing.node),
        )
    if isinstance(thing, Either):
        return _choice(machine, thing, deep)
    if isinstance(thing, LayerThing):
        return thing.layer
    if isinstance(thing, TensorThing):
        return thing.tensor
    if isinstance(thing, ModelThing):
        return thing.layer
    if isinstance(thing, FunctionThing | Method):
        function = thing.function if isinstance(thing, Method) else thing
        return function_value(machine, function)
    return expose(machine, thing.thing, deep + 1) if isinstance(thing, Written) else UNKNOWN


def function_value(machine: Machine, function: FunctionThing) -> Function:
    """A function as rules see it, its results not looked at."""
    is_generator = machine.bindings_of(function.node).is_generator
    return Function(function.name, machine.locate(function.node), is_generator)


def _mapping(machine: Machine, thing: DictThing, deep: int) -> Value:
    if thing.is_open:
        return UNKNOWN
    mapping: dict[Value, Value] = {}
    for key, value in thing.entries.items():
        if not isinstance(key, bool | int | float | str | bytes | None):
            return UNKNOWN
        mapping[key] = expose(machine, value, deep + 1)
    return mapping


def _choice(machine: Machine, thing: Either, deep: int) -> Value:
    values: list[Value] = []
    for option in thing.options:
        value = expose(machine, option, deep + 1)
        if value is UNKNOWN:
            return UNKNOWN
        if not any(type(value) is type(other) and value == other for other in values):
            values.append(value)
    if len(values) == 1:
        return values[0]
    return UNKNOWN if len(values) > MAX_OPTIONS else Choice(tuple(values))


def origin(thing: Thing) -> ast.expr | None:
    """The literal or display that a thing is written as."""
    if isinstance(thing, Const | SequenceThing | DictThing):
        return thing.origin
    return None


def argument(machine: Machine, operand: Operand) -> Argument:
    """An argument of a call as rules see it."""
    written = origin(operand.thing)
    location = None if operand.node is None else machine.locate(operand.node)
    if written is operand.node:
        return Argument(expose(machine, operand.thing), location, location)
    return Argument(
        expose(machine, operand.thing),
        location,
        None if written is None else machine.locate(written),
    )


def arguments(machine: Machine, operands: Mapping[str, Operand]) -> Mapping[str, Argument]:
    """Arguments by name."""
    if not operands:
        return NO_ARGUMENTS
    return {name: argument(machine, operand) for name, operand in operands.items()}
