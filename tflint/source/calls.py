"""Calls: what is called decides."""

from __future__ import annotations

from tflint.keras.network import Tensor
from tflint.source.converters import convert
from tflint.source.escapes import hand_over
from tflint.source.functions import call_function
from tflint.source.instances import base_method, call_instance, instantiate
from tflint.source.keras_calls import call_keras_path
from tflint.source.layers import apply_layer
from tflint.source.machine import Machine, Place
from tflint.source.model_methods import model_method
from tflint.source.models import call_model, call_sequential
from tflint.source.natives import call_builtin, native_method
from tflint.source.objects import (
    Arguments,
    ClassThing,
    Const,
    ConverterThing,
    DictThing,
    Either,
    FunctionThing,
    Instance,
    LayerThing,
    Method,
    ModelThing,
    NativeMethod,
    Outcome,
    Partial,
    Path,
    SequenceThing,
    SequentialThing,
    SettingThing,
    SuperThing,
    TensorThing,
    called,
    options,
    outcome,
)
from tflint.source.operations import call_operation, tensors_in
from tflint.source.store import OPAQUE, Thing


def call(machine: Machine, callee: Thing, arguments: Arguments, node: Place) -> Thing:
    """Call something with arguments, at a node."""
    if isinstance(callee, Either):
        callable_ = [each for each in options(callee) if not isinstance(each, Const)]
        return (
            machine.each(callable_, lambda each: call(machine, each, arguments, node))
            if (callable_)
            else OPAQUE
        )
    if isinstance(callee, Path):
        return _call_path(machine, callee, arguments, node)
    if isinstance(callee, FunctionThing):
        return call_function(machine, callee, arguments)
    if isinstance(callee, Method):
        return call_function(machine, callee.function, arguments, callee.receiver)
    if isinstance(callee, LayerThing):
        return apply_layer(machine, callee.layer, arguments, machine.locate(node))
    if isinstance(callee, SequentialThing):
        return call_sequential(machine, callee, arguments, node)
    if isinstance(callee, ModelThing):
        return call_model(machine, callee, arguments, node)
    if isinstance(callee, ClassThing):
        return instantiate(machine, callee, arguments, node)
    if isinstance(callee, Instance):
        return call_instance(machine, callee, arguments, node)
    if isinstance(callee, Partial):
        given = callee.arguments
        merged = Arguments(
            (*given.positional, *arguments.positional),
            {**given.keywords, **arguments.keywords},
            given.has_unknown or arguments.has_unknown,
        )
        return machine.call(callee.callee, merged, node)
    if isinstance(callee, NativeMethod):
        return _call_method(machine, callee, arguments, node)
    return _call_unknown(machine, callee, arguments, node)


def _call_path(machine: Machine, callee: Path, arguments: Arguments, node: Place) -> Thing:
    path = callee.path
    found = call_builtin(machine, path, arguments, node)
    if found is None:
        found = call_keras_path(machine, path, arguments, node)
    if found is not None:
        return found
    for thing in arguments.things:
        hand_over(machine, thing, path)
    if tensors_in(arguments.things):
        return call_operation(machine, path, arguments, node)
    return called(path, arguments, node)


def _call_method(
    machine: Machine, callee: NativeMethod, arguments: Arguments, node: Place
) -> Thing:
    receiver, name = callee.receiver, callee.name
    if isinstance(receiver, SequentialThing | ModelThing):
        return model_method(machine, receiver, name, arguments, node)
    if isinstance(receiver, ConverterThing) and name == "convert":
        return convert(machine, receiver, arguments, node)
    if isinstance(receiver, SuperThing):
        return base_method(machine, receiver.receiver, name, arguments, node)
    if isinstance(receiver, Instance):
        return base_method(machine, receiver, name, arguments, node)
    if isinstance(receiver, LayerThing) and name == "__call__":
        return machine.call(receiver, arguments, node)
    if isinstance(receiver, SequenceThing | DictThing | Const):
        return native_method(machine, receiver, name, arguments, node)
    if isinstance(receiver, TensorThing) and name == "get_shape":
        return machine.attribute(receiver, "shape", node)
    if isinstance(receiver, SettingThing):
        return OPAQUE
    return _call_unknown(machine, OPAQUE, arguments, node)


def _call_unknown(machine: Machine, callee: Thing, arguments: Arguments, node: Place) -> Thing:
    for thing in arguments.things:
        hand_over(machine, thing, callee.path if isinstance(callee, Outcome) else None)
    if isinstance(callee, Outcome) and not tensors_in(arguments.things):
        if callee.is_attribute:
            given = called(callee.path, arguments, node)
            return outcome(
                callee.path,
                (*callee.operands, *given.operands),
                keywords=given.keywords,
                node=node,
            )
        return called(f"{callee.path}()", arguments, node)
    # What is called on tensors gives one, mostly.
    return TensorThing(Tensor()) if tensors_in(arguments.things[:1]) else OPAQUE
