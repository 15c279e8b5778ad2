"""List, set and dictionary comprehensions, and generator expressions."""

from __future__ import annotations

import ast
from collections.abc import Hashable
from dataclasses import dataclass, field

from tflint.source.containers import iterate, one_of, truth
from tflint.source.limits import MAX_ROUNDS
from tflint.source.machine import Machine
from tflint.source.objects import NONE, OTHER_KEYS, Const, DictThing
from tflint.source.scopes import Scope
from tflint.source.store import Thing
from tflint.source.targets import bind


@dataclass(slots=True)
class _Result:
    values: list[Thing] = field(default_factory=list)
    entries: dict[Hashable, Thing] = field(default_factory=dict)
    is_open: bool = False
    rounds: int = 0


def comprehension(
    machine: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Thing:
    """The elements, where everything that is gone through is known."""
    outside = machine.scope
    machine.scope = Scope(machine.journal.store(), outside)
    result = _Result()
    try:
        _generate(machine, node, 0, result)
    finally:
        machine.scope = outside
    if isinstance(node, ast.DictComp):
        if result.is_open:
            result.entries[OTHER_KEYS] = NONE
        return DictThing(machine.journal.store(result.entries))
    kinds = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "iterator"}
    return machine.sequence(result.values, kinds[type(node)], is_open=result.is_open)


def _generate(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    index: int,
    result: _Result,
) -> None:
    if index == len(node.generators):
        _add(machine, node, result)
        return
    generator = node.generators[index]
    source = machine.evaluate(generator.iter)
    items = iterate(machine, source, generator.iter)
    values = items.values
    if items.is_open:
        # What is gone through is not known: once, for what it builds.
        values = (one_of(machine, source, generator.iter),)
        result.is_open = True
    for value in values:
        result.rounds += 1
        if result.rounds > MAX_ROUNDS:
            result.is_open = True
            return
        bind(machine, generator.target, value)
        known: bool | None = True
        for condition in generator.ifs:
            known = truth(machine.evaluate(condition))
            if known is not True:
                break
        if known is False:
            continue
        if known is None:
            result.is_open = True
        if known is None or items.is_open:
            with machine.possibly():
                _generate(machine, node, index + 1, result)
        else:
            _generate(machine, node, index + 1, result)


def _add(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    result: _Result,
) -> None:
    if not isinstance(node, ast.DictComp):
        thing = machine.evaluate(node.elt)
        if not result.is_open:
            result.values.append(thing)
        return
    key, value = machine.evaluate(node.key), machine.evaluate(node.value)
    if isinstance(key, Const):
        result.entries[key.value] = value
    else:
        result.is_open = True
