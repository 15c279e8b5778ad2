"""What calls are given, and what functions have where nothing is given."""

from __future__ import annotations

import ast

from tflint.source.containers import (
    iterate,
    spread_entries,
)
from tflint.source.machine import Machine
from tflint.source.objects import (
    Arguments,
    Operand,
)


def call_arguments(machine: Machine, node: ast.Call) -> Arguments:
    """The arguments of a call, stars spread."""
    positional: list[Operand] = []
    keywords: dict[str, Operand] = {}
    has_unknown = False
    for expression in node.args:
        if isinstance(expression, ast.Starred):
            items = iterate(machine, machine.evaluate(expression.value), expression.value)
            positional += [Operand(thing, expression) for thing in items.values]
            if items.is_open:
                has_unknown = True
                break
        else:
            positional.append(Operand(machine.evaluate(expression), expression))
    for keyword in node.keywords:
        thing = machine.evaluate(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = Operand(thing, keyword.value)
            continue
        entries, is_open = spread_entries(thing)
        has_unknown |= is_open
        for key, value in entries.items():
            if isinstance(key, str):
                keywords[key] = Operand(value, keyword.value)
            else:
                has_unknown = True
    return Arguments(tuple(positional), keywords, has_unknown)


def parameter_defaults(machine: Machine, arguments: ast.arguments) -> dict[str, Operand]:
    """The defaults of a function's parameters, evaluated where it is made."""
    found: dict[str, Operand] = {}
    positional = [*arguments.posonlyargs, *arguments.args]
    behind = positional[len(positional) - len(arguments.defaults) :]
    for parameter, default in zip(behind, arguments.defaults, strict=True):
        found[parameter.arg] = Operand(machine.evaluate(default), default)
    for parameter, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if given is not None:
            found[parameter.arg] = Operand(machine.evaluate(given), given)
    return found
