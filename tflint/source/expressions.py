"""Expressions: what they stand for."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from typing import Any, Final

from tflint.source.comprehensions import comprehension
from tflint.source.containers import (
    as_slice,
    element,
    iterate,
)
from tflint.source.displays import dictionary, display, formatted
from tflint.source.function_calls import call_arguments, parameter_defaults
from tflint.source.joins import join
from tflint.source.machine import Machine
from tflint.source.objects import (
    NONE,
    Const,
    Either,
    FunctionThing,
    LayerThing,
    ModelThing,
    Outcome,
    Path,
    TensorThing,
    options,
)
from tflint.source.operators import (
    binary_operation,
    boolean_operation,
    comparison,
    conditional,
    unary_operation,
)
from tflint.source.paths import from_star
from tflint.source.store import MISSING, OPAQUE, Thing


def constant(machine: Machine, node: ast.Constant) -> Thing:
    """A literal."""
    value = node.value
    if value is Ellipsis:
        return OPAQUE
    return Const(value, node)


def name(machine: Machine, node: ast.Name) -> Thing:
    """A name, where Python looks for it."""
    return lookup(machine, node.id)


def lookup(machine: Machine, identifier: str) -> Thing:
    """What a name is bound to now."""
    for scope in machine.scope.search(identifier):
        found = scope.store.content.get(identifier, MISSING)
        if isinstance(found, Either):
            return join(options(found))
        if found is not MISSING:
            return found
        if scope.bindings is not None and identifier in scope.bindings.local:
            if not scope.is_class:
                return OPAQUE
    path = from_star(machine.scope.star_homes, identifier)
    if path is not None:
        return Path(path)
    if hasattr(builtins, identifier):
        return Path(f"builtins.{identifier}")
    return OPAQUE


def attribute(machine: Machine, node: ast.Attribute) -> Thing:
    """An attribute of whatever the expression in front may be."""
    thing = machine.evaluate(node.value)
    if isinstance(thing, Either):
        results = [machine.attribute(each, node.attr, node) for each in options(thing)]
        return join(results)
    return machine.attribute(thing, node.attr, node)


def call(machine: Machine, node: ast.Call) -> Thing:
    """A call of whatever the expression in front may be."""
    callee = machine.evaluate(node.func)
    return machine.call(callee, call_arguments(machine, node), node)


def subscript(machine: Machine, node: ast.Subscript) -> Thing:
    """`x[i]` and `x[a:b]`."""
    thing = machine.evaluate(node.value)
    if isinstance(node.slice, ast.Slice):
        parts = [
            None if part is None else machine.evaluate(part)
            for part in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        if isinstance(thing, TensorThing | Outcome | LayerThing | ModelThing):
            return element(machine, thing, OPAQUE, node)
        return join([as_slice(machine, each, parts) for each in options(thing)])
    index = machine.evaluate(node.slice)
    return join(
        [element(machine, a, b, node) for a in options(thing) for b in options(index)][:16]
        or [OPAQUE]
    )


def lambda_(machine: Machine, node: ast.Lambda) -> Thing:
    """A function without a name."""
    function = FunctionThing(
        node, machine.scope, parameter_defaults(machine, node.args), "<lambda>"
    )
    machine.recorder.functions.append(function)
    return function


def named(machine: Machine, node: ast.NamedExpr) -> Thing:
    """`name := value`."""
    thing = machine.evaluate(node.value)
    machine.write_name(node.target.id, thing)
    return thing


def awaited(machine: Machine, node: ast.Await) -> Thing:
    """What is waited for is what it is."""
    return machine.evaluate(node.value)


def yielded(machine: Machine, node: ast.Yield) -> Thing:
    """`yield x`: noted for the generator."""
    thing = NONE if node.value is None else machine.evaluate(node.value)
    if machine.yields:
        machine.yields[-1].append(thing)
    return OPAQUE


def yielded_from(machine: Machine, node: ast.YieldFrom) -> Thing:
    """`yield from x`: all of it is noted."""
    items = iterate(machine, machine.evaluate(node.value), node.value)
    if machine.yields:
        machine.yields[-1].extend(items.values)
        if items.is_open:
            machine.yields[-1].append(OPAQUE)
    return OPAQUE


def starred(machine: Machine, node: ast.Starred) -> Thing:
    """A star where no list is."""
    machine.evaluate(node.value)
    return OPAQUE


EXPRESSIONS: Final[Mapping[type, Callable[[Machine, Any], Thing]]] = {
    ast.Attribute: attribute,
    ast.Await: awaited,
    ast.BinOp: binary_operation,
    ast.BoolOp: boolean_operation,
    ast.Call: call,
    ast.Compare: comparison,
    ast.Constant: constant,
    ast.Dict: dictionary,
    ast.DictComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.IfExp: conditional,
    ast.JoinedStr: formatted,
    ast.Lambda: lambda_,
    ast.List: display,
    ast.ListComp: comprehension,
    ast.Name: name,
    ast.NamedExpr: named,
    ast.Set: display,
    ast.SetComp: comprehension,
    ast.Starred: starred,
    ast.Subscript: subscript,
    ast.Tuple: display,
    ast.UnaryOp: unary_operation,
    ast.Yield: yielded,
    ast.YieldFrom: yielded_from,
}
