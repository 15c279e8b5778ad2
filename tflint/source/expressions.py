"""Expressions: what they stand for."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from tflint.source.arithmetic import (
    OPERATOR_NAMES,
    NotComputed,
    binary,
    bounded,
    compare,
    percent_format,
    unary,
)
from tflint.source.comprehensions import comprehension
from tflint.source.containers import (
    as_slice,
    closed,
    element,
    iterate,
    membership,
    spread_entries,
    truth,
)
from tflint.source.joins import join, same
from tflint.source.limits import MAX_LENGTH
from tflint.source.machine import Machine
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    Arguments,
    Const,
    DictThing,
    Either,
    FunctionThing,
    LayerThing,
    ModelThing,
    Operand,
    Outcome,
    Path,
    Scalar,
    SequenceThing,
    TensorThing,
    options,
    outcome,
)
from tflint.source.operations import operation
from tflint.source.paths import from_star
from tflint.source.scopes import bindings_of
from tflint.source.store import MISSING, OPAQUE, Missing, Opaque, Thing

_NotKnown = Opaque | Missing


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


def display(machine: Machine, node: ast.List | ast.Tuple | ast.Set) -> Thing:
    """A display of a list, tuple or set."""
    values: list[Thing] = []
    is_open = False
    for expression in node.elts:
        if isinstance(expression, ast.Starred):
            items = iterate(machine, machine.evaluate(expression.value), expression.value)
            values += items.values
            if items.is_open:
                is_open = True
                break
        else:
            values.append(machine.evaluate(expression))
    kind = type(node).__name__.lower()
    return machine.sequence(values[:MAX_LENGTH], kind, node, is_open=is_open)


def dictionary(machine: Machine, node: ast.Dict) -> Thing:
    """A display of a dictionary."""
    content: dict[Hashable, Thing] = {}
    nodes: dict[Hashable, ast.expr] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        thing = machine.evaluate(value)
        if key is None:
            entries, is_open = spread_entries(thing)
            content.update(entries)
            if is_open:
                content[OTHER_KEYS] = NONE
            continue
        evaluated = machine.evaluate(key)
        if isinstance(evaluated, Const):
            content[evaluated.value] = thing
            nodes[evaluated.value] = value
        else:
            content[OTHER_KEYS] = NONE
    return DictThing(machine.journal.store(content), node, nodes)


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


def formatted(machine: Machine, node: ast.JoinedStr) -> Thing:
    """An f-string, where all of it is known."""
    parts: list[str] = []
    is_known = True
    for piece in node.values:
        thing = machine.evaluate(piece.value if isinstance(piece, ast.FormattedValue) else piece)
        if not isinstance(thing, Const):
            is_known = False
            continue
        if isinstance(piece, ast.FormattedValue):
            text = _format(machine, piece, thing.value)
            is_known &= text is not None
            parts.append(text or "")
        else:
            parts.append(str(thing.value))
    if not is_known:
        return OPAQUE
    try:
        # An f-string is as good as a literal to look at, but no one can edit it as one.
        return Const(bounded("".join(parts)))
    except NotComputed:
        return OPAQUE


def _format(machine: Machine, piece: ast.FormattedValue, value: Scalar) -> str | None:
    convert: Mapping[int, Callable[[object], str]] = {115: str, 114: repr, 97: ascii}
    converted: object = convert[piece.conversion](value) if piece.conversion in convert else value
    spec = ""
    if piece.format_spec is not None:
        thing = machine.evaluate(piece.format_spec)
        if not isinstance(thing, Const) or not isinstance(thing.value, str):
            return None
        spec = thing.value
    if len(spec) > 8 or sum(character.isdigit() for character in spec) > 3:
        return None
    try:
        return format(converted, spec)
    except (ValueError, TypeError):
        return None


def lambda_(machine: Machine, node: ast.Lambda) -> Thing:
    """A function without a name."""
    function = FunctionThing(
        node, machine.scope, parameter_defaults(machine, node.args), "<lambda>"
    )
    machine.recorder.functions.append(function)
    return function


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
_ = bindings_of
