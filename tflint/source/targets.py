"""Assignments: to names, attributes, elements, and several at once."""

from __future__ import annotations

import ast

from tflint.source.containers import iterate, store_element
from tflint.source.converters import write_setting
from tflint.source.machine import Machine, Place
from tflint.source.objects import ConverterThing, Instance, Outcome, SettingThing, options, outcome
from tflint.source.store import OPAQUE, Thing


def bind(machine: Machine, target: ast.expr, thing: Thing, value: ast.expr | None = None) -> None:
    """Assign to a target; `value` is the expression that is assigned, if there is one."""
    if isinstance(target, ast.Name):
        machine.write_name(target.id, thing)
    elif isinstance(target, ast.Attribute):
        receivers = options(machine.evaluate(target.value))
        for receiver in receivers:
            _set(machine, receiver, target.attr, thing, target, surely=len(receivers) == 1)
    elif isinstance(target, ast.Subscript):
        receivers = options(machine.evaluate(target.value))
        index = OPAQUE if isinstance(target.slice, ast.Slice) else machine.evaluate(target.slice)
        for receiver in receivers:
            store_element(machine, receiver, index, thing if len(receivers) == 1 else OPAQUE)
    elif isinstance(target, ast.Starred):
        bind(machine, target.value, thing)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target.elts, thing, target)


def _unpack(machine: Machine, targets: list[ast.expr], thing: Thing, node: Place) -> None:
    items = iterate(machine, thing, node)
    star = next((i for i, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
    values = items.values
    if items.is_open or (len(values) != len(targets) if star is None else False):
        for index, target in enumerate(targets):
            part: Thing = OPAQUE
            if isinstance(thing, Outcome):
                part = outcome("operator.getitem", (thing,))
            elif index < len(values) and star is None and items.is_open:
                part = values[index]
            bind(machine, target, part)
        return
    if star is None:
        for target, value in zip(targets, values, strict=True):
            bind(machine, target, value)
        return
    behind = len(targets) - star - 1
    if len(values) < star + behind:
        for target in targets:
            bind(machine, target, OPAQUE)
        return
    end = len(values) - behind
    rest = machine.sequence(values[star:end])
    for target, value in zip(targets, (*values[:star], rest, *values[end:]), strict=True):
        bind(machine, target, value)


def _set(
    machine: Machine, receiver: Thing, name: str, thing: Thing, node: Place, *, surely: bool
) -> None:
    if isinstance(receiver, Instance):
        machine.journal.write(receiver.store, name, thing if surely else OPAQUE)
    elif isinstance(receiver, ConverterThing | SettingThing):
        write_setting(machine, receiver, name, thing if surely else OPAQUE, node)


def set_attribute(machine: Machine, receiver: Thing, name: str, thing: Thing, node: Place) -> None:
    """`setattr(receiver, name, thing)`."""
    receivers = options(receiver)
    for each in receivers:
        _set(machine, each, name, thing, node, surely=len(receivers) == 1)
