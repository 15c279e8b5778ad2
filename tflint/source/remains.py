"""What is left when a module was run: functions and classes that nothing in it calls, models."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeVar

from tflint.keras.network import Tensor
from tflint.keras.values import Evidence
from tflint.source.classes import INSIDE, find_member, keras_base
from tflint.source.functions import call_function, unknown_arguments
from tflint.source.instances import CALLED, call_instance, instantiate
from tflint.source.layers import DATA_FORMAT
from tflint.source.limits import MAX_STEPS_UNCALLED, OutOfSteps
from tflint.source.machine import Machine
from tflint.source.models import sequential_network
from tflint.source.objects import (
    Arguments,
    ClassThing,
    FunctionThing,
    Instance,
    Operand,
    TensorThing,
)
from tflint.source.scopes import children
from tflint.source.store import MISSING

_T = TypeVar("_T")
ENDED_EARLY: Final = "what the file builds was followed up to a limit of work, and not to its end"


def run_what_nothing_calls(machine: Machine, tree: ast.Module) -> None:
    """Interpret functions and methods with nothing known of their parameters, and finish models.

    Those that are called by name somewhere come last: what calls them may do so when it is run.
    """
    called = _called_names(tree)
    recorder = machine.recorder
    for is_called in (False, True):
        # Running functions defines others.
        for function in _growing(recorder.functions):
            if (function.name in called) == is_called or function.name == "<lambda>":
                _within_share(machine, partial(_run_function, machine, function))
    # Parts of other models are built with them, and then have an input.
    whole = [model for model in recorder.models if id(model) not in recorder.nested]
    for model in (*whole, *recorder.models):
        if id(model) not in recorder.built:
            _within_share(machine, partial(sequential_network, machine, model))
    for instance in _growing(recorder.instances):
        _within_share(machine, partial(_run_instance, machine, instance))


def _called_names(tree: ast.Module) -> set[str]:
    """The last parts of the names of everything that is called."""
    called: set[str] = set()
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                called.add(node.func.id)
            elif isinstance(node.func, ast.Attribute):
                called.add(node.func.attr)
        pending += children(node)
    return called


def _growing(things: list[_T]) -> Iterator[_T]:
    """The elements of a list, also those that are added on the way."""
    done = 0
    while done < len(things):
        yield things[done]
        done += 1


def _within_share(machine: Machine, action: Callable[[], object]) -> None:
    """Do something that may take too long, and is then left as far as it came."""
    mark = machine.journal.mark()
    data_format = machine.has_setting(DATA_FORMAT)
    forks, evidence = machine.forks, machine.evidence
    try:
        with machine.budget.share(MAX_STEPS_UNCALLED):
            action()
    except OutOfSteps:
        if machine.budget.is_spent:
            raise
        machine.journal.take_back(mark)
        machine.forks, machine.evidence = forks, evidence
        if ENDED_EARLY not in machine.recorder.unseen:
            machine.recorder.unseen.append(ENDED_EARLY)
    # What nothing calls does not set the format of what nothing calls either.
    if machine.has_setting(DATA_FORMAT) is not data_format:
        machine.journal.write(machine.settings, DATA_FORMAT, data_format)


def _run_function(machine: Machine, function: FunctionThing) -> None:
    if id(function.node) in machine.recorder.run_nodes:
        return
    receiver: Instance | ClassThing | None = None
    if function.owner is not None and function.binding in ("method", "property", "class"):
        if function.binding == "class":
            receiver = function.owner
        elif function.name == "__init__":
            _make(machine, function.owner)
            return
        else:
            receiver = _receiver(machine, function.owner)
            if function.name in ("build", "call") and keras_base(function.owner) is not None:
                _run_instance(machine, receiver)
            if id(function.node) in machine.recorder.run_nodes:
                return
    _call(machine, function, receiver)


def _call(
    machine: Machine, function: FunctionThing, receiver: Instance | ClassThing | None
) -> None:
    arguments = unknown_arguments(function, with_defaults=False)
    if function.defaults:
        before = machine.evidence
        call_function(machine, function, arguments, receiver)
        machine.evidence = Evidence.ASSUMED
        call_function(machine, function, unknown_arguments(function, with_defaults=True), receiver)
        machine.evidence = before
    else:
        call_function(machine, function, arguments, receiver)


def _receiver(machine: Machine, owner: ClassThing) -> Instance:
    for instance in machine.recorder.instances:
        if instance.type is owner:
            return instance
    for instance in machine.recorder.instances:
        if owner in instance.type.bases:
            return instance
    return _make(machine, owner)


def _make(machine: Machine, owner: ClassThing) -> Instance:
    """An object of a class that nothing makes one of, with nothing known of its arguments."""
    init = find_member(owner, "__init__")
    arguments = Arguments(has_unknown=True)
    if isinstance(init, FunctionThing):
        arguments = unknown_arguments(init, with_defaults=False)
    thing = instantiate(machine, owner, arguments, owner.node)
    if isinstance(init, FunctionThing) and init.defaults:
        before = machine.evidence
        machine.evidence = Evidence.ASSUMED
        instantiate(machine, owner, unknown_arguments(init, with_defaults=True), owner.node)
        machine.evidence = before
    assert isinstance(thing, Instance)
    return thing


def _run_instance(machine: Machine, thing: Instance) -> None:
    """Call a layer or model of the file that nothing called."""
    base = keras_base(thing.type)
    if base is None or thing.store.content.get(INSIDE, MISSING) is not MISSING:
        return
    if thing.store.content.get(CALLED, MISSING) is not MISSING:
        return
    before = machine.evidence
    machine.evidence = thing.evidence
    arguments = Arguments((Operand(TensorThing(Tensor(is_input=True)), None),))
    call_instance(machine, thing, arguments, thing.node or thing.type.node)
    machine.evidence = before
