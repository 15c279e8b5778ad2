"""Calls of functions of the file: parameters bound, the body run, what comes back."""

from __future__ import annotations

import ast
from collections.abc import Hashable

from tflint.source.joins import join
from tflint.source.limits import MAX_CALLS_DEEP, MAX_SAME_CALLS
from tflint.source.machine import Frame, Machine
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    Arguments,
    ClassThing,
    Const,
    DictThing,
    FunctionThing,
    Instance,
    Operand,
)
from tflint.source.scopes import Scope
from tflint.source.store import MISSING, OPAQUE, Store, Thing


def call_function(
    machine: Machine,
    function: FunctionThing,
    arguments: Arguments,
    receiver: Thing | None = None,
) -> Thing:
    """What a function returns; for a generator, what it yields."""
    node = function.node
    budget = machine.budget
    machine.recorder.run_nodes.add(id(node))
    if budget.calls >= MAX_CALLS_DEEP:
        return OPAQUE
    running = machine.running.setdefault(id(node), [])
    if running and running[-1] < machine.forks:
        # It calls itself, and what is known does not decide whether it ends.
        return OPAQUE
    key = (id(node), id(receiver))
    is_plain = isinstance(receiver, Instance | ClassThing | None) and all(
        thing is OPAQUE for thing in arguments.things
    )
    if is_plain and key in machine.memo:
        times, known = machine.memo[key]
        if times >= MAX_SAME_CALLS:
            return known
    if receiver is not None and function.binding != "static":
        arguments = Arguments(
            (Operand(receiver, None), *arguments.positional),
            arguments.keywords,
            arguments.has_unknown,
        )
    frame = Frame(machine.journal.mark(), machine.forks)
    scope = Scope(machine.journal.store(), function.scope, machine.bindings_of(node))
    _bind_parameters(machine, function, arguments, scope.store)
    outside, evidence, statement = machine.scope, machine.evidence, machine.statement
    yields: list[Thing] = []
    budget.calls += 1
    running.append(machine.forks)
    machine.scope = scope
    machine.frames.append(frame)
    machine.yields.append(yields)
    if function.owner is not None:
        machine.owners.append((function.owner, receiver or _first(arguments)))
    try:
        if isinstance(node, ast.Lambda):
            frame.result, frame.left_by = machine.evaluate(node.body), "return"
            is_alive = False
        else:
            is_alive = machine.run(node.body)
    finally:
        machine.frames.pop()
        machine.yields.pop()
        machine.scope, machine.evidence, machine.statement = outside, evidence, statement
        budget.calls -= 1
        running.pop()
        if function.owner is not None:
            machine.owners.pop()
    results = [exit.value for exit in frame.exits]
    if frame.left_by == "return" and frame.result is not None:
        results.append(frame.result)
    if is_alive:
        results.append(NONE)
    machine.settle(frame, is_alive=is_alive, kinds=("return",))
    if scope.bindings is not None and scope.bindings.is_generator:
        values = [value for value in yields if value is not MISSING]
        return machine.sequence(
            values, "iterator", is_open=len(values) < len(yields) or bool(frame.exits)
        )
    result = join(results) if results else OPAQUE
    if is_plain and (result is OPAQUE or isinstance(result, Const)):
        times, _ = machine.memo.get(key, (0, OPAQUE))
        machine.memo[key] = (times + 1, result)
    return result


def _first(arguments: Arguments) -> Thing:
    return arguments.positional[0].thing if arguments.positional else OPAQUE


def _bind_parameters(
    machine: Machine, function: FunctionThing, arguments: Arguments, store: Store
) -> None:
    parameters = function.node.args
    positional = [*parameters.posonlyargs, *parameters.args]
    given = [operand.thing for operand in arguments.positional]
    keywords = dict(arguments.keywords)
    content: dict[Hashable, Thing] = store.content
    for index, parameter in enumerate(positional):
        name = parameter.arg
        if index < len(given):
            content[name] = given[index]
        elif name in keywords:
            content[name] = keywords.pop(name).thing
        else:
            content[name] = _default(function, name, arguments)
    for parameter in parameters.kwonlyargs:
        name = parameter.arg
        if name in keywords:
            content[name] = keywords.pop(name).thing
        else:
            content[name] = _default(function, name, arguments)
    if parameters.vararg is not None:
        content[parameters.vararg.arg] = machine.sequence(
            given[len(positional) :], "tuple", is_open=arguments.has_unknown
        )
    if parameters.kwarg is not None:
        rest: dict[Hashable, Thing] = {name: operand.thing for name, operand in keywords.items()}
        if arguments.has_unknown:
            rest[OTHER_KEYS] = NONE
        content[parameters.kwarg.arg] = DictThing(machine.journal.store(rest))


def _default(function: FunctionThing, name: str, arguments: Arguments) -> Thing:
    if arguments.has_unknown:
        return OPAQUE
    operand = function.defaults.get(name)
    return OPAQUE if operand is None else operand.thing


def unknown_arguments(function: FunctionThing, *, with_defaults: bool) -> Arguments:
    """Arguments of which nothing is known, but for defaults where these are asked for.

    The first parameter of a method is left out.
    """
    parameters = function.node.args
    positional = [*parameters.posonlyargs, *parameters.args]
    if function.owner is not None and function.binding != "static":
        positional = positional[1:]
    keywords: dict[str, Operand] = {}
    for parameter in (*positional, *parameters.kwonlyargs):
        default = function.defaults.get(parameter.arg) if with_defaults else None
        keywords[parameter.arg] = default or Operand(OPAQUE, None)
    others = parameters.vararg is not None or parameters.kwarg is not None
    return Arguments((), keywords, has_unknown=others and not with_defaults)
