"""Statements: what they change, and whether what is behind them is reached."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tflint.source.containers import (
    append,
    closed,
    forget_items,
    iterate,
    one_of,
    replace_items,
    truth,
)
from tflint.source.definitions import define_class, define_function
from tflint.source.imports import import_from, import_modules
from tflint.source.limits import MAX_ENDLESS_ROUNDS, MAX_ROUNDS, MAX_WHILE_ROUNDS
from tflint.source.machine import Frame, Machine
from tflint.source.matching import match
from tflint.source.objects import NONE, Items, Outcome, Path, SequenceThing, options
from tflint.source.operators import operate
from tflint.source.scopes import bound_names
from tflint.source.store import MISSING, OPAQUE, Thing
from tflint.source.targets import bind
from tflint.source.trying import try_

# What ends the program.
_ENDS = frozenset(("sys.exit", "builtins.exit", "builtins.quit", "os._exit", "os.abort"))


def run(machine: Machine, body: Sequence[ast.stmt]) -> bool:
    """Run statements in order; whether what is behind them is reached."""
    for statement in body:
        machine.budget.charge(1)
        machine.statement = statement
        handler = STATEMENTS.get(type(statement))
        if handler is not None and not handler(machine, statement):
            return False
    return True


def expression(machine: Machine, node: ast.Expr) -> bool:
    """An expression for its effects."""
    thing = machine.evaluate(node.value)
    return not (isinstance(thing, Outcome) and thing.path in _ENDS)


def assign(machine: Machine, node: ast.Assign) -> bool:
    """`a = b = value`."""
    thing = machine.evaluate(node.value)
    for target in node.targets:
        bind(machine, target, thing, node.value)
    return True


def assign_annotated(machine: Machine, node: ast.AnnAssign) -> bool:
    """`name: type = value`."""
    if node.value is not None:
        bind(machine, node.target, machine.evaluate(node.value), node.value)
    return True


def assign_augmented(machine: Machine, node: ast.AugAssign) -> bool:
    """`target += value`; lists are changed in place."""
    load = _loaded(node.target)
    before = machine.evaluate(load)
    value = machine.evaluate(node.value)
    if isinstance(before, SequenceThing) and before.kind == "list" and isinstance(node.op, ast.Add):
        items = iterate(machine, value, node.value)
        append(machine, before, items.values)
        if items.is_open:
            known = closed(before)
            forget_items(machine, before) if known.is_open else _open(machine, before, known)
        return True
    bind(machine, node.target, operate(machine, type(node.op), before, value, node.value))
    return True


def _open(machine: Machine, sequence: SequenceThing, items: Items) -> None:
    replace_items(machine, sequence, Items(items.values, is_open=True))


def _loaded(target: ast.expr) -> ast.expr:
    load = ast.Load()
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, load), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, load), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, load), target)
    return target


def delete(machine: Machine, node: ast.Delete) -> bool:
    """`del x`."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            machine.write_name(target.id, MISSING)
        elif isinstance(target, ast.Subscript):
            for thing in options(machine.evaluate(target.value)):
                if isinstance(thing, SequenceThing):
                    forget_items(machine, thing)
                else:
                    bind(machine, target, MISSING)
    return True


def if_(machine: Machine, node: ast.If) -> bool:
    """`if`: the branch that is taken, or both where that is not known."""
    # `elif` chains are long in generated code; they are one level each in the tree.
    known = truth(machine.evaluate(node.test))
    if known is not None:
        return machine.run(node.body if known else node.orelse)
    return machine.fork([lambda: machine.run(node.body), lambda: machine.run(node.orelse)])


def return_(machine: Machine, node: ast.Return) -> bool:
    """`return`."""
    thing = NONE if node.value is None else machine.evaluate(node.value)
    return machine.leave("return", thing)


def raise_(machine: Machine, node: ast.Raise) -> bool:
    """`raise`: this path ends."""
    return False


def break_(machine: Machine, node: ast.Break) -> bool:
    """`break`."""
    return machine.leave("break", NONE)


def continue_(machine: Machine, node: ast.Continue) -> bool:
    """`continue`."""
    return machine.leave("continue", NONE)


def assert_(machine: Machine, node: ast.Assert) -> bool:
    """`assert`: what is behind it holds."""
    return truth(machine.evaluate(node.test)) is not False


def pass_(machine: Machine, node: ast.stmt) -> bool:
    """Nothing happens."""
    return True


def for_(machine: Machine, node: ast.For | ast.AsyncFor) -> bool:
    """`for`: round by round where all rounds are known, else once."""
    source = machine.evaluate(node.iter)
    items = iterate(machine, source, node.iter)
    evidence = machine.evidence
    whole = Frame(machine.journal.mark(), machine.forks, is_loop=True)
    machine.frames.append(whole)
    is_alive = True
    try:
        for thing in items.values[:MAX_ROUNDS]:
            is_alive = _round(machine, node, thing)
            if not is_alive:
                break
        if is_alive and (items.is_open or len(items.values) > MAX_ROUNDS):
            thing = one_of(machine, source, node.iter)
            is_alive = _unknown_rounds(
                machine, node.body, lambda: bind(machine, node.target, thing)
            )
    finally:
        machine.frames.pop()
    left = whole.left_by == "break"
    if is_alive and node.orelse:
        is_alive = machine.run(node.orelse)
    is_alive = machine.settle(whole, is_alive=is_alive or left, kinds=("break",))
    machine.evidence = evidence if not _returned(machine) else machine.evidence
    return is_alive


def _returned(machine: Machine) -> bool:
    """Whether a branch may have left the function: then what follows is possible only."""
    frame = next((frame for frame in reversed(machine.frames) if not frame.is_loop), None)
    return frame is not None and bool(frame.exits)


def _round(machine: Machine, node: ast.For | ast.AsyncFor, thing: Thing) -> bool:
    """One round; whether another may come."""
    frame = Frame(machine.journal.mark(), machine.forks, is_loop=True)
    whole = machine.frames[-1]
    machine.frames.append(frame)
    try:
        bind(machine, node.target, thing)
        is_alive = machine.run(node.body)
    finally:
        machine.frames.pop()
    _pass_on(machine, frame, whole)
    return machine.settle(frame, is_alive=is_alive, kinds=("continue",))


def _pass_on(machine: Machine, frame: Frame, whole: Frame) -> None:
    """What broke out of a round has left the loop with what it changed in it."""
    if frame.left_by == "break":
        whole.left_by, whole.result = "break", NONE
    breaks = [exit for exit in frame.exits if exit.kind == "break"]
    if breaks:
        since = Frame(whole.mark, whole.forks)
        earlier = machine.journal.changes(since.mark)
        for exit in breaks:
            whole.exits.append(type(exit)(exit.kind, exit.value, {**earlier, **exit.changes}))


def _unknown_rounds(
    machine: Machine, body: Sequence[ast.stmt], prepare: Callable[[], None]
) -> bool:
    """A body that runs any number of times: once, with what it changes unknown before and after."""
    key = id(body)
    if key not in machine.bound:
        machine.bound[key] = bound_names(body)
    names = machine.bound[key]

    def once() -> bool:
        for name in names:
            _forget(machine, name)
        prepare()
        frame = Frame(machine.journal.mark(), machine.forks, is_loop=True)
        machine.frames.append(frame)
        try:
            machine.run(body)
        finally:
            machine.frames.pop()
        machine.settle(frame, is_alive=True, kinds=("continue", "break"))
        for name in names:
            _forget(machine, name)
        return True

    machine.fork([once, lambda: True])
    return True


def _forget(machine: Machine, name: str) -> None:
    """A name that a loop may have changed is nothing known, unless it cannot have been."""
    store = machine.scope.home(name).store
    found = store.content.get(name, MISSING)
    if found is MISSING or isinstance(found, Path):
        return
    machine.journal.write(store, name, OPAQUE)


def while_(machine: Machine, node: ast.While) -> bool:
    """`while`: round by round while the condition is known."""
    evidence = machine.evidence
    whole = Frame(machine.journal.mark(), machine.forks, is_loop=True)
    machine.frames.append(whole)
    is_alive, known = True, True
    rounds = 0
    most = MAX_ENDLESS_ROUNDS if isinstance(node.test, ast.Constant) else MAX_WHILE_ROUNDS
    try:
        while True:
            decided = truth(machine.evaluate(node.test))
            # Once it is not decided whether it was left, all that follows is guesswork.
            if decided is None or rounds >= most or whole.exits:
                known = False
                break
            if not decided:
                break
            rounds += 1
            frame = Frame(machine.journal.mark(), machine.forks, is_loop=True)
            machine.frames.append(frame)
            try:
                is_alive = machine.run(node.body)
            finally:
                machine.frames.pop()
            _pass_on(machine, frame, whole)
            is_alive = machine.settle(frame, is_alive=is_alive, kinds=("continue",))
            if not is_alive:
                break
        if is_alive and not known:
            is_alive = _unknown_rounds(machine, node.body, lambda: None)
    finally:
        machine.frames.pop()
    left = whole.left_by == "break"
    if is_alive and node.orelse:
        is_alive = machine.run(node.orelse)
    is_alive = machine.settle(whole, is_alive=is_alive or left, kinds=("break",))
    machine.evidence = evidence if not _returned(machine) else machine.evidence
    return is_alive


def with_(machine: Machine, node: ast.With | ast.AsyncWith) -> bool:
    """`with`: the body runs."""
    for item in node.items:
        thing = machine.evaluate(item.context_expr)
        if item.optional_vars is not None:
            if isinstance(thing, SequenceThing) and thing.kind == "iterator":
                values = closed(thing).values
                thing = values[0] if values else OPAQUE
            bind(machine, item.optional_vars, thing)
    if not any(_expects_failure(item.context_expr) for item in node.items):
        return machine.run(node.body)
    recorder = machine.recorder
    was_silent, recorder.is_silent = recorder.is_silent, True
    try:
        machine.run(node.body)
    finally:
        recorder.is_silent = was_silent
    return True


def _expects_failure(context: ast.expr) -> bool:
    """Whether a test says that the body fails: that is no news to its author."""
    if not isinstance(context, ast.Call) or not isinstance(context.func, ast.Attribute):
        return False
    return context.func.attr.startswith("assertRaises") or context.func.attr == "raises"


STATEMENTS: Final[Mapping[type, Callable[[Machine, Any], bool]]] = {
    ast.AnnAssign: assign_annotated,
    ast.Assert: assert_,
    ast.Assign: assign,
    ast.AsyncFor: for_,
    ast.AsyncFunctionDef: define_function,
    ast.AsyncWith: with_,
    ast.AugAssign: assign_augmented,
    ast.Break: break_,
    ast.ClassDef: define_class,
    ast.Continue: continue_,
    ast.Delete: delete,
    ast.Expr: expression,
    ast.For: for_,
    ast.FunctionDef: define_function,
    ast.If: if_,
    ast.Import: import_modules,
    ast.ImportFrom: import_from,
    ast.Match: match,
    ast.Raise: raise_,
    ast.Return: return_,
    ast.Try: try_,
    # `except*`, of Python 3.11; before, it does not parse.
    getattr(ast, "TryStar", ast.Try): try_,
    ast.While: while_,
    ast.With: with_,
}
