"""What is left when a module was run: functions and classes that nothing in it calls, models."""

from __future__ import annotations

import ast

from tflint.keras.network import Tensor
from tflint.keras.values import Evidence
from tflint.source.classes import keras_base
from tflint.source.functions import call_function, unknown_arguments
from tflint.source.instances import CALLED, call_instance, instantiate
from tflint.source.machine import Machine
from tflint.source.models import sequential_network
from tflint.source.objects import (
    MISSING,
    OPAQUE,
    Arguments,
    ClassThing,
    FunctionThing,
    Instance,
    Operand,
    TensorThing,
)


def run_what_nothing_calls(machine: Machine, tree: ast.Module) -> None:
    """Interpret functions and methods with nothing known of their parameters, and finish models.

    Those that are called by name somewhere come last: what calls them may do so when it is run.
    """
    called = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }
    for is_called in (False, True):
        done = 0
        # Running functions defines others.
        while done < len(machine.recorder.functions):
            function = machine.recorder.functions[done]
            done += 1
            if (function.name in called) == is_called or function.name == "<lambda>":
                _run_function(machine, function)
    finished = 0
    while finished < len(machine.recorder.instances):
        _run_instance(machine, machine.recorder.instances[finished])
        finished += 1
    finished = 0
    while finished < len(machine.recorder.models):
        model = machine.recorder.models[finished]
        finished += 1
        if id(model) not in machine.recorder.built:
            sequential_network(machine, model)


def _run_function(machine: Machine, function: FunctionThing) -> None:
    if id(function.node) in machine.recorder.run_nodes:
        return
    receiver = None
    if function.owner is not None and function.binding in ("method", "property", "class"):
        if function.binding == "class":
            receiver = function.owner
        elif function.name == "__init__":
            _make(machine, function.owner)
            return
        else:
            receiver = _receiver(machine, function.owner)
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
    from tflint.source.classes import find_member

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
    if base is None or thing.store.content.get(CALLED, MISSING) is not MISSING:
        return
    before = machine.evidence
    machine.evidence = thing.evidence
    arguments = Arguments((Operand(TensorThing(Tensor(is_input=True)), None),))
    call_instance(machine, thing, arguments, thing.node or thing.type.node)
    machine.evidence = before


_ = OPAQUE
