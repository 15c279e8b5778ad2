"""Objects of classes of the file: made, called, and what Keras' own classes do for them."""

from __future__ import annotations

import ast

from tflint.keras.building import outputs
from tflint.keras.network import Call, Layer, Tensor
from tflint.source.attributes import shape_thing
from tflint.source.classes import (
    INSIDE,
    find_member,
    has_unknown_base,
    keras_base,
    lineage,
    model_inside,
)
from tflint.source.exposing import expose
from tflint.source.functions import call_function
from tflint.source.layers import apply_layer, make_layer
from tflint.source.machine import Machine, Place
from tflint.source.models import (
    compile_model,
    make_model,
    make_sequential,
)
from tflint.source.networks import make_network
from tflint.source.objects import (
    NONE,
    Arguments,
    ClassThing,
    FunctionThing,
    Instance,
    LayerThing,
    NativeMethod,
    Operand,
    TensorThing,
)
from tflint.source.operations import tensors_in
from tflint.source.store import MISSING, OPAQUE, Thing

_GENERIC = frozenset(("Layer", "Model", "Functional", "Module", "Wrapper"))
_VARIABLES = frozenset(("add_weight", "add_variable", "Variable", "add_loss"))
BUILT = ("built",)
CALLED = ("called",)


def instantiate(machine: Machine, owner: ClassThing, arguments: Arguments, node: Place) -> Thing:
    """An object of a class: its `__init__` is run."""
    machine.recorder.made_classes.add(id(owner.node))
    thing = Instance(owner, machine.journal.store(), node, machine.evidence)
    machine.recorder.instances.append(thing)
    init = find_member(owner, "__init__")
    if isinstance(init, FunctionThing):
        call_function(machine, init, arguments, thing)
    elif owner.fields is not None:
        _fill_fields(machine, owner, thing, arguments)
    elif keras_base(owner) is not None:
        base_init(machine, thing, arguments, node)
    return thing


def _fill_fields(
    machine: Machine, owner: ClassThing, thing: Instance, arguments: Arguments
) -> None:
    names = [name for each in reversed(list(lineage(owner))) for name in each.fields or ()]
    for index, name in enumerate(dict.fromkeys(names)):
        given = arguments.get(name, index)
        if given is None:
            given = OPAQUE if arguments.has_unknown else find_member(owner, name)
        machine.journal.write(thing.store, name, OPAQUE if given is MISSING else given)


def base_init(machine: Machine, thing: Instance, arguments: Arguments, node: Place) -> None:
    """What `__init__` of the Keras class does that an object's class derives from."""
    base = keras_base(thing.type)
    inside: Thing | None = None
    if base == "Sequential":
        inside = make_sequential(machine, arguments, node)
    elif base in ("Model", "Functional"):
        if arguments.get("inputs", 0) is not None and arguments.get("outputs", 1) is not None:
            inside = make_model(machine, thing.type.node.name, arguments, node)
    elif base is not None and base not in _GENERIC:
        changed = _overrides(thing.type)
        kind = thing.type.node.name if changed else base
        layer = make_layer(machine, base, thing.type.node.name, arguments, node)
        if not changed:
            inside = LayerThing(layer)
        del kind
    if inside is not None:
        machine.journal.write(thing.store, INSIDE, inside)


def _overrides(owner: ClassThing) -> bool:
    return find_member(owner, "call") is not MISSING or find_member(owner, "build") is not MISSING


def base_method(
    machine: Machine, receiver: Thing, name: str, arguments: Arguments, node: Place
) -> Thing:
    """A method that an object has from a class of Keras."""
    if not isinstance(receiver, Instance):
        return OPAQUE
    if name == "__init__":
        base_init(machine, receiver, arguments, node)
        return NONE
    inside = receiver.store.content.get(INSIDE)
    if name in ("call", "__call__"):
        if isinstance(inside, LayerThing):
            return apply_layer(machine, inside.layer, arguments, machine.locate(node))
        if inside is not None:
            return machine.call(inside, arguments, node)
        if name == "__call__":
            return call_instance(machine, receiver, arguments, node)
        return TensorThing(Tensor())
    model = model_inside(receiver)
    if model is not None:
        return machine.call(NativeMethod(model, name), arguments, node)
    if name == "compile":
        known = machine.recorder.instance_networks.get(id(receiver))
        compile_model(machine, known, arguments, node)
        return NONE
    if name == "build":
        shape = arguments.get("input_shape", 0)
        value = expose(machine, shape) if shape is not None else None
        if isinstance(value, tuple) and all(dim is None or isinstance(dim, int) for dim in value):
            tensor = Tensor(value, is_input=True, location=machine.locate(node))  # type: ignore[arg-type]
            call_instance(machine, receiver, Arguments((Operand(TensorThing(tensor), None),)), node)
        return NONE
    return OPAQUE


def call_instance(machine: Machine, thing: Instance, arguments: Arguments, node: Place) -> Thing:
    """An object called: `call` of a layer or model, `__call__` of others."""
    base = keras_base(thing.type)
    if base is None:
        member = find_member(thing.type, "__call__")
        if isinstance(member, FunctionThing):
            return call_function(machine, member, arguments, thing)
        if has_unknown_base(thing.type):
            member = find_member(thing.type, "call")
            if isinstance(member, FunctionThing):
                return call_function(machine, member, arguments, thing)
        return TensorThing(Tensor()) if tensors_in(arguments.things[:1]) else OPAQUE
    given = arguments.positional[0].thing if arguments.positional else OPAQUE
    tensors = tensors_in((given,)) or [Tensor()]
    inside = thing.store.content.get(INSIDE)
    member = find_member(thing.type, "call")
    if inside is not None and not isinstance(member, FunctionThing):
        if isinstance(inside, LayerThing):
            return apply_layer(machine, inside.layer, arguments, machine.locate(node))
        return machine.call(inside, arguments, node)
    _build(machine, thing, tensors)
    if not isinstance(member, FunctionThing):
        return _opaque_call(machine, thing, tensors, node, None)
    machine.journal.write(thing.store, CALLED, NONE)
    result = call_function(machine, member, arguments, thing)
    ends = tensors_in((result,))
    if not ends:
        return _opaque_call(machine, thing, tensors, node, None)
    if base == "Model" and id(thing) not in machine.recorder.instance_networks:
        network = make_network(
            machine,
            "Model subclass",
            tensors,
            ends,
            machine.locate(thing.node or node),
            is_complete=all(tensor.is_input for tensor in tensors),
        )
        machine.recorder.instance_networks[id(thing)] = network
    if _has_variables(machine, thing.type) and len(ends) == 1:
        return _opaque_call(machine, thing, tensors, node, ends[0])
    return result


def _build(machine: Machine, thing: Instance, tensors: list[Tensor]) -> None:
    """Run `build` before the first call."""
    if thing.store.content.get(BUILT, MISSING) is not MISSING:
        return
    machine.journal.write(thing.store, BUILT, NONE)
    member = find_member(thing.type, "build")
    if isinstance(member, FunctionThing):
        shape = shape_thing(machine, tensors[0].shape) if len(tensors) == 1 else OPAQUE
        call_function(machine, member, Arguments((Operand(shape, None),)), thing)


def _has_variables(machine: Machine, owner: ClassThing) -> bool:
    """Whether the class makes weights of its own."""
    known = machine.recorder.with_variables.get(id(owner.node))
    if known is None:
        known = any(
            isinstance(node, ast.Attribute) and node.attr in _VARIABLES
            for node in ast.walk(owner.node)
        )
        machine.recorder.with_variables[id(owner.node)] = known
    return known


def _opaque_call(
    machine: Machine, thing: Instance, tensors: list[Tensor], node: Place, end: Tensor | None
) -> Thing:
    """A call of a layer of the file of which only the outside is known."""
    layer = machine.recorder.instance_layers.get(id(thing))
    name = thing.type.node.name
    if layer is None:
        location = machine.locate(thing.node or node)
        layer = Layer(name, name, location=location, evidence=thing.evidence)
        machine.recorder.instance_layers[id(thing)] = layer
        machine.recorder.layer(layer)
    call = Call(
        layer,
        tuple(tensors),
        () if end is None else (end.shape,),
        location=machine.locate(node),
        evidence=machine.evidence,
    )
    if end is None:
        call = Call(layer, tuple(tensors), location=call.location, evidence=machine.evidence)
    machine.recorder.call(call)
    return TensorThing(outputs(call)[0])
