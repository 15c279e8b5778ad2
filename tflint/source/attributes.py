"""Attributes: of modules, models, tensors, objects of the file."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.keras.building import outputs
from tflint.keras.network import Call, Shape, Tensor
from tflint.source.classes import find_member, keras_base, model_inside
from tflint.source.converters import setting
from tflint.source.joins import join
from tflint.source.machine import Machine, Place
from tflint.source.models import sequential_network, stages
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
    Path,
    SequenceThing,
    SequentialThing,
    SettingThing,
    SuperThing,
    TensorThing,
    options,
    outcome,
)
from tflint.source.paths import keras_path
from tflint.source.store import MISSING, OPAQUE, Thing


def attribute(machine: Machine, thing: Thing, name: str, node: Place) -> Thing:
    """`thing.name`, for everything but several things at once."""
    if isinstance(thing, Path):
        return Path(keras_path(f"{thing.path}.{name}"))
    if isinstance(thing, Outcome):
        separator = "" if thing.is_attribute else "()"
        return outcome(f"{thing.path}{separator}.{name}", (thing,), is_attribute=True)
    if isinstance(thing, Instance):
        return _of_instance(machine, thing, name, node)
    if isinstance(thing, ClassThing):
        return _bound_to_class(find_member(thing, name), thing)
    if isinstance(thing, SuperThing):
        for base in thing.owner.bases:
            if isinstance(base, ClassThing):
                member = find_member(base, name)
                if member is not MISSING:
                    return _bound(machine, member, thing.receiver, node)
        return NativeMethod(thing, name)
    if isinstance(thing, ConverterThing | SettingThing):
        return (
            NativeMethod(thing, name) if name == "convert" else setting(machine, thing, name, node)
        )
    if isinstance(thing, TensorThing):
        return _of_tensor(machine, thing, name)
    if isinstance(thing, SequentialThing | ModelThing):
        return _of_model(machine, thing, name)
    if isinstance(thing, LayerThing):
        return _of_layer(machine, thing, name)
    if isinstance(thing, SequenceThing | DictThing | Const):
        return NativeMethod(thing, name)
    if isinstance(thing, FunctionThing) and name == "__name__":
        return Const(thing.name)
    return OPAQUE


def _of_instance(machine: Machine, thing: Instance, name: str, node: Place) -> Thing:
    found = thing.store.content.get(name, MISSING)
    if found is not MISSING:
        return join(options(found))
    if name == "__class__":
        return thing.type
    member = find_member(thing.type, name)
    if member is not MISSING:
        return _bound(machine, member, thing, node)
    model = model_inside(thing)
    if model is not None:
        return attribute(machine, model, name, node)
    return NativeMethod(thing, name) if keras_base(thing.type) is not None else OPAQUE


def _bound(machine: Machine, member: Thing, receiver: Thing, node: Place) -> Thing:
    if isinstance(member, Either):
        return join([_bound(machine, each, receiver, node) for each in options(member)])
    if not isinstance(member, FunctionThing):
        return member
    if member.binding == "static":
        return member
    if member.binding == "class" and isinstance(receiver, Instance):
        return Method(member, receiver.type)
    method = Method(member, receiver)
    if member.binding == "property":
        return machine.call(method, Arguments(), node)
    return method


def _bound_to_class(member: Thing, owner: ClassThing) -> Thing:
    if member is MISSING:
        return OPAQUE
    if isinstance(member, FunctionThing) and member.binding == "class":
        return Method(member, owner)
    return member


def shape_thing(machine: Machine, shape: Shape) -> Thing:
    """A shape as the code sees it: a tuple, with None where Keras has it."""
    if not isinstance(shape, tuple):
        return OPAQUE
    dims = [Const(dim) if dim is None or isinstance(dim, int) else OPAQUE for dim in shape]
    return machine.sequence(dims, "tuple")


def _of_tensor(machine: Machine, thing: TensorThing, name: str) -> Thing:
    if name in ("shape", "_keras_shape"):
        return shape_thing(machine, thing.tensor.shape)
    if name == "name" and thing.tensor.name is not None:
        return Const(thing.tensor.name)
    return NativeMethod(thing, name)


def layer_output(machine: Machine, thing: LayerThing) -> Tensor:
    """The output of a layer that was called, or of a model from elsewhere."""
    last = machine.recorder.last_calls.get(id(thing.layer))
    if last is not None:
        return outputs(last)[0]
    call = Call(thing.layer, (), location=thing.layer.location, evidence=machine.evidence)
    machine.recorder.call(call)
    return outputs(call)[0]


def _of_layer(machine: Machine, thing: LayerThing, name: str) -> Thing:
    if name == "output":
        return TensorThing(layer_output(machine, thing))
    if name == "input":
        last = machine.recorder.last_calls.get(id(thing.layer))
        if last is not None and last.inputs:
            return TensorThing(last.inputs[0])
        return TensorThing(Tensor(is_input=True, location=thing.layer.location))
    if name == "name":
        return OPAQUE if thing.layer.name is None else Const(thing.layer.name)
    given = thing.layer.arguments.get(name)
    if given is not None and isinstance(given.value, bool | int | float | str | None):
        return Const(given.value)
    return NativeMethod(thing, name)


def _of_model(machine: Machine, thing: SequentialThing | ModelThing, name: str) -> Thing:
    if name in ("output", "outputs", "input", "inputs", "output_shape", "input_shape"):
        network = (
            thing.network if isinstance(thing, ModelThing) else sequential_network(machine, thing)
        )
        tensors = network.outputs if name.startswith("out") else network.inputs
        if name.endswith("shape"):
            return shape_thing(machine, tensors[0].shape) if len(tensors) == 1 else OPAQUE
        things = [TensorThing(tensor) for tensor in tensors]
        return (
            things[0] if len(things) == 1 and not name.endswith("s") else (machine.sequence(things))
        )
    if name == "layers":
        return machine.sequence(
            list(_layers(machine, thing)),
            is_open=isinstance(thing, SequentialThing) and not stages(thing)[1],
        )
    if name == "name":
        known = thing.network.name if isinstance(thing, ModelThing) else thing.name
        return OPAQUE if known is None else Const(known)
    return NativeMethod(thing, name)


def _layers(machine: Machine, thing: SequentialThing | ModelThing) -> Iterator[Thing]:
    if isinstance(thing, SequentialThing):
        found, _ = stages(thing)
        if found:
            sequential_network(machine, thing)
        for stage in found:
            if not isinstance(stage.item, TensorThing):
                yield stage.item
        return
    for call in thing.network.calls:
        yield LayerThing(call.layer)
