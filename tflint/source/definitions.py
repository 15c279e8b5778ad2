"""Definitions of functions and classes."""

from __future__ import annotations

import ast
from collections.abc import Hashable

from tflint.source.function_calls import parameter_defaults
from tflint.source.machine import Machine
from tflint.source.objects import (
    Arguments,
    ClassThing,
    FunctionThing,
    Operand,
    Outcome,
    Partial,
    Path,
)
from tflint.source.scopes import Scope
from tflint.source.store import OPAQUE, Thing

# Decorators that leave what they are given what it is, by path.
_TRANSPARENT = frozenset(
    (
        "abc.abstractmethod",
        "builtins.classmethod",
        "builtins.property",
        "builtins.staticmethod",
        "contextlib.contextmanager",
        "contextlib.asynccontextmanager",
        "functools.cache",
        "functools.cached_property",
        "functools.lru_cache",
        "functools.wraps",
        "tensorflow.function",
        "tensorflow.autograph.experimental.do_not_convert",
        "tensorflow.autograph.experimental.convert",
        "tensorflow.Module.with_name_scope",
        "tensorflow.keras.utils.register_keras_serializable",
        "typing.overload",
        "typing.final",
        "typing.no_type_check",
        "keras.utils.register_keras_serializable",
        "keras.saving.register_keras_serializable",
        "keras.saving.serialization_lib",
        "keras.utils.generic_utils.register_keras_serializable",
        "dataclasses.dataclass",
        "torch.no_grad",
        "numba.jit",
        "numba.njit",
        "atexit.register",
    )
)
_BINDINGS = {
    "builtins.classmethod": "class",
    "builtins.property": "property",
    "functools.cached_property": "property",
    "builtins.staticmethod": "static",
}


def define_function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """`def`, with what its decorators make of it."""
    defaults = parameter_defaults(machine, node.args)
    decorators = [machine.evaluate(decorator) for decorator in node.decorator_list]
    binding = "method"
    unknown: list[tuple[Thing, ast.expr]] = []
    for thing, expression in zip(decorators, node.decorator_list, strict=True):
        path = _path(thing)
        if path is None or path not in _TRANSPARENT:
            unknown.append((thing, expression))
        binding = _BINDINGS.get(path or "", binding)
    function = FunctionThing(node, machine.scope, defaults, node.name, binding=binding)
    machine.recorder.functions.append(function)
    thing_: Thing = function
    for decorator, expression in reversed(unknown):
        if isinstance(decorator, FunctionThing | Partial | ClassThing):
            arguments = Arguments((Operand(thing_, expression),))
            thing_ = machine.call(decorator, arguments, expression)
        else:
            thing_ = OPAQUE
    machine.write_name(node.name, thing_)
    return True


def _path(thing: Thing) -> str | None:
    if isinstance(thing, Path):
        return thing.path
    if isinstance(thing, Outcome):
        # `@wraps(f)`; `@name.setter` is an attribute of a property.
        return thing.path
    return None


def define_class(machine: Machine, node: ast.ClassDef) -> bool:
    """`class`: its body runs in a scope of its own."""
    bases = tuple(machine.evaluate(base) for base in node.bases)
    decorators = [_path(machine.evaluate(each)) for each in node.decorator_list]
    scope = Scope(machine.journal.store(), machine.scope, is_class=True)
    outside, machine.scope = machine.scope, scope
    first = len(machine.recorder.functions)
    try:
        machine.run(node.body)
    finally:
        machine.scope = outside
    fields: tuple[str, ...] | None = None
    if "dataclasses.dataclass" in decorators or _is_named_tuple(bases):
        fields = tuple(
            each.target.id
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        )
    made = ClassThing(node, scope.store, bases, machine.scope, fields)
    own = {id(function): function for function in machine.recorder.functions[first:]}
    replaced: dict[int, FunctionThing] = {}
    members: dict[Hashable, Thing] = dict(scope.store.content)
    for name, member in members.items():
        if isinstance(member, FunctionThing) and id(member) in own:
            bound = FunctionThing(
                member.node,
                member.scope,
                member.defaults,
                member.name,
                made,
                member.binding,
            )
            replaced[id(member)] = bound
            machine.journal.write(scope.store, name, bound)
    recorder = machine.recorder
    recorder.functions[first:] = [
        replaced.get(id(function), function) for function in recorder.functions[first:]
    ]
    recorder.classes.append(made)
    known = all(path in _TRANSPARENT for path in decorators if path is not None)
    machine.write_name(node.name, made if known and None not in decorators else OPAQUE)
    return True


def _is_named_tuple(bases: tuple[Thing, ...]) -> bool:
    return any(isinstance(base, Path) and base.path == "typing.NamedTuple" for base in bases)
