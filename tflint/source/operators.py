"""Operators: arithmetic, comparisons, `and` and `or`, `a if c else b`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from tflint.source.arithmetic import (
    OPERATOR_NAMES,
    NotComputed,
    binary,
    compare,
    percent_format,
    unary,
)
from tflint.source.containers import (
    closed,
    membership,
    truth,
)
from tflint.source.joins import join, same
from tflint.source.limits import MAX_LENGTH
from tflint.source.machine import Machine
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    Const,
    DictThing,
    Either,
    Outcome,
    Path,
    SequenceThing,
    TensorThing,
    options,
    outcome,
)
from tflint.source.operations import operation
from tflint.source.store import OPAQUE, Missing, Opaque, Thing

_NotKnown = Opaque | Missing


def binary_operation(machine: Machine, node: ast.BinOp) -> Thing:
    """A chain of binary operators, the leftmost first: such chains may be long."""
    chain: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        chain.append(left)
        left = left.left
    thing = machine.evaluate(left)
    for each in reversed(chain):
        machine.budget.charge(1)
        thing = operate(machine, type(each.op), thing, machine.evaluate(each.right), each)
    return thing


def operate(
    machine: Machine, kind: type[ast.operator], left: Thing, right: Thing, node: ast.expr
) -> Thing:
    """A binary operator on two things."""
    if isinstance(left, Const) and isinstance(right, Const):
        try:
            if kind is ast.Mod and isinstance(left.value, str):
                return Const(percent_format(left.value, right.value))
            return Const(binary(kind, left.value, right.value))
        except NotComputed:
            return OPAQUE
    if isinstance(left, SequenceThing) or isinstance(right, SequenceThing):
        computed = _operate_on_sequences(machine, kind, left, right)
        if computed is not None:
            return computed
    if isinstance(left, TensorThing) or isinstance(right, TensorThing):
        return operation(machine, f"operator.{OPERATOR_NAMES[kind]}", (left, right), node)
    if isinstance(left, Either) or isinstance(right, Either):
        lefts, rights = options(left), options(right)
        if len(lefts) * len(rights) > 16:
            return OPAQUE
        return join([operate(machine, kind, a, b, node) for a in lefts for b in rights])
    if isinstance(left, DictThing) and isinstance(right, DictThing) and kind is ast.BitOr:
        content: dict[Hashable, Thing] = {**left.entries, **right.entries}
        if left.is_open or right.is_open:
            content[OTHER_KEYS] = NONE
        return DictThing(machine.journal.store(content))
    if isinstance(left, Outcome) or isinstance(right, Outcome):
        return outcome(f"operator.{OPERATOR_NAMES[kind]}", (left, right))
    return OPAQUE


def _operate_on_sequences(
    machine: Machine, kind: type[ast.operator], left: Thing, right: Thing
) -> Thing | None:
    if kind is ast.Add and isinstance(left, SequenceThing) and isinstance(right, SequenceThing):
        one, other = closed(left), closed(right)
        values = one.values if one.is_open else one.values + other.values
        machine.budget.charge(len(values) // 8)
        return machine.sequence(
            values[:MAX_LENGTH], left.kind, is_open=one.is_open or other.is_open
        )
    if kind is ast.Mult:
        sequence, times = (left, right) if isinstance(left, SequenceThing) else (right, left)
        if not isinstance(sequence, SequenceThing):
            return None
        items = closed(sequence)
        if isinstance(times, Const) and isinstance(times.value, int) and not items.is_open:
            if len(items.values) * max(times.value, 0) <= MAX_LENGTH:
                return machine.sequence(items.values * times.value, sequence.kind)
        return machine.sequence((), sequence.kind, is_open=True)
    if kind is ast.Mod and isinstance(left, Const) and isinstance(right, SequenceThing):
        items = closed(right)
        values_ = [value.value for value in items.values if isinstance(value, Const)]
        if items.is_open or len(values_) != len(items.values) or not isinstance(left.value, str):
            return OPAQUE
        try:
            return Const(percent_format(left.value, tuple(values_)))
        except NotComputed:
            return OPAQUE
    return None


def unary_operation(machine: Machine, node: ast.UnaryOp) -> Thing:
    """`not x`, `-x`, `+x`, `~x`."""
    thing = machine.evaluate(node.operand)
    if isinstance(node.op, ast.Not):
        known = truth(thing)
        return OPAQUE if known is None else Const(not known)
    if isinstance(thing, Const):
        try:
            value = unary(type(node.op), thing.value)
        except NotComputed:
            return OPAQUE
        # `-1` is a literal to people.
        return Const(value, node if thing.origin is not None else None)
    if isinstance(thing, TensorThing):
        return operation(machine, f"operator.{_UNARY_NAMES[type(node.op)]}", (thing,), node)
    if isinstance(thing, Outcome):
        return outcome(f"operator.{_UNARY_NAMES[type(node.op)]}", (thing,))
    return OPAQUE


_UNARY_NAMES: Final[dict[type[ast.unaryop], str]] = {
    ast.USub: "neg",
    ast.UAdd: "pos",
    ast.Invert: "invert",
    ast.Not: "not_",
}


def boolean_operation(machine: Machine, node: ast.BoolOp) -> Thing:
    """`and` and `or`, which stop at the first that decides."""
    is_and = isinstance(node.op, ast.And)
    possible: list[Thing] = []
    for index, expression in enumerate(node.values):
        if possible:
            results: list[Thing] = []

            def rest(expression: ast.expr = expression, into: list[Thing] = results) -> bool:
                into.append(machine.evaluate(expression))
                return True

            machine.fork([rest, lambda: True])
            thing = results[0]
        else:
            thing = machine.evaluate(expression)
        known = truth(thing)
        if index == len(node.values) - 1 or known is (not is_and):
            return join([*possible, thing])
        if known is None:
            possible.append(_when(thing, is_true=not is_and))
    return OPAQUE


def _when(thing: Thing, *, is_true: bool) -> Thing:
    """What is left of a thing whose truth is known."""
    kept = [option for option in options(thing) if truth(option) in (is_true, None)]
    return join(kept) if kept else thing


def comparison(machine: Machine, node: ast.Compare) -> Thing:
    """A chain of comparisons."""
    left = machine.evaluate(node.left)
    outcome: bool | None = True
    for operator, expression in zip(node.ops, node.comparators, strict=True):
        right = machine.evaluate(expression)
        known = _compare(type(operator), left, right)
        if known is False:
            return Const(False)
        if known is None:
            outcome = None
        left = right
    return OPAQUE if outcome is None else Const(outcome)


def _compare(kind: type[ast.cmpop], left: Thing, right: Thing) -> bool | None:
    if isinstance(left, Either) or isinstance(right, Either):
        lefts, rights = options(left), options(right)
        if len(lefts) * len(rights) > 16 or not lefts or not rights:
            return None
        outcomes = {_compare(kind, a, b) for a in lefts for b in rights}
        return outcomes.pop() if len(outcomes) == 1 else None
    if kind in (ast.In, ast.NotIn):
        found = membership(left, right)
        return found if found is None or kind is ast.In else not found
    if kind in (ast.Is, ast.IsNot):
        found = _is(left, right)
        return found if found is None or kind is ast.Is else not found
    one, other = scalars(left), scalars(right)
    if one is None or other is None:
        # What is of the file or of Keras is not equal to None.
        if kind in (ast.Eq, ast.NotEq) and _is(left, right) is not None:
            return _is(left, right) is (kind is ast.Eq)
        return None
    try:
        return compare(kind, one[0], other[0])
    except NotComputed:
        return None


def _is(left: Thing, right: Thing) -> bool | None:
    if same(left, right):
        return None if left is OPAQUE or isinstance(left, Outcome) else True
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const) and one.value is None:
            if isinstance(other, _NotKnown | Outcome):
                return None
            if isinstance(other, Path):
                return False if other.path.startswith(("keras", "tensorflow", "builtins")) else None
            return isinstance(other, Const) and other.value is None
    if isinstance(left, Const) and isinstance(right, Const):
        if isinstance(left.value, bool) or isinstance(right.value, bool):
            return left.value is right.value
    return None


def scalars(thing: Thing) -> tuple[Any] | None:
    """A constant, or a tuple or list of constants, in a tuple of one; None where not known."""
    if isinstance(thing, Const):
        return (thing.value,)
    if isinstance(thing, SequenceThing) and thing.kind in ("list", "tuple", "set"):
        items = closed(thing)
        parts = [scalars(value) for value in items.values]
        if items.is_open or any(part is None for part in parts):
            return None
        values = [part[0] for part in parts if part is not None]
        try:
            makers: Mapping[str, Callable[[Any], Any]] = {"list": list, "tuple": tuple, "set": set}
            return (makers[thing.kind](values),)
        except TypeError:
            return None
    return None


def conditional(machine: Machine, node: ast.IfExp) -> Thing:
    """`a if c else b`."""
    known = truth(machine.evaluate(node.test))
    if known is not None:
        return machine.evaluate(node.body if known else node.orelse)
    results: list[Thing] = []

    def branch(expression: ast.expr) -> Callable[[], bool]:
        def run() -> bool:
            results.append(machine.evaluate(expression))
            return True

        return run

    machine.fork([branch(node.body), branch(node.orelse)])
    return join(results)
