"""Calls of Keras' layer classes, and of layers on tensors."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.finding import Location
from tflint.keras.building import outputs
from tflint.keras.declared import declared_input
from tflint.keras.network import Layer, Tensor
from tflint.keras.signatures import bind_arguments, canonical
from tflint.keras.values import UNKNOWN, Unknown
from tflint.source.exposing import argument
from tflint.source.machine import Machine, Place
from tflint.source.objects import Arguments, Const, Items, SequenceThing, TensorThing
from tflint.source.operations import tensors_in
from tflint.source.store import MISSING, OPAQUE, Thing

DATA_FORMAT = "data_format"


def make_layer(
    machine: Machine,
    kind: str,
    path: str,
    arguments: Arguments,
    node: Place,
) -> Layer:
    """A layer object of a class."""
    positional = [argument(machine, operand) for operand in arguments.positional]
    keywords = {name: argument(machine, value) for name, value in arguments.keywords.items()}
    bound = bind_arguments(kind, positional, keywords)
    given = bound.get("name")
    layer = Layer(
        kind=canonical(kind),
        path=path,
        arguments=bound,
        has_unknown_arguments=arguments.has_unknown,
        name=given.value if given is not None and isinstance(given.value, str) else None,
        location=machine.locate(node),
        evidence=machine.evidence,
        default_data_format=default_data_format(machine),
    )
    return machine.recorder.layer(layer)


def default_data_format(machine: Machine) -> str | Unknown:
    """The global data format in force."""
    found = machine.has_setting(DATA_FORMAT)
    if found is MISSING:
        return "channels_last"
    if isinstance(found, Const) and isinstance(found.value, str):
        return found.value
    return UNKNOWN


def make_input(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing:
    """`keras.Input(...)`: a tensor."""
    tensor = arguments.get("tensor")
    layer = make_layer(machine, path.rpartition(".")[2], path, arguments, node)
    if isinstance(tensor, TensorThing):
        return tensor
    return TensorThing(input_tensor(layer))


def input_tensor(layer: Layer) -> Tensor:
    """The tensor that an input layer, or the first layer of a model, declares."""
    shape = declared_input(layer)
    given = layer.arguments.get("dtype")
    dtype = given.value if given is not None and isinstance(given.value, str) else UNKNOWN
    if given is None and not layer.has_unknown_arguments:
        dtype = "float32"
    return Tensor(
        UNKNOWN if shape is None else shape,
        is_input=True,
        dtype=dtype,
        name=layer.name,
        location=layer.location,
    )


def apply_layer(machine: Machine, layer: Layer, arguments: Arguments, location: Location) -> Thing:
    """A layer called on what it is given: its outputs."""
    first = arguments.positional[0].thing if arguments.positional else arguments.get("inputs")
    given: Sequence[Thing] = (OPAQUE,) if first is None else (first,)
    tensors = tensors_in(given)
    if isinstance(first, SequenceThing) and (items := _operands(first)):
        # What is not known is called on, and gives, a tensor of unknown shape.
        tensors = [tensor for item in items for tensor in tensors_in((item,)) or [Tensor()]]
    elif not tensors or (isinstance(first, SequenceThing) and _has_other(first, tensors)):
        tensors = [*tensors, Tensor()]
    others = [operand.thing for operand in arguments.positional[1:]]
    if any(isinstance(other, TensorThing) for other in others):
        tensors += tensors_in(others)
    call = machine.recorder.apply(layer, tensors, location, machine.evidence)
    results = [TensorThing(tensor) for tensor in outputs(call)]
    return results[0] if len(results) == 1 else machine.sequence(results, "tuple")


def _operands(sequence: SequenceThing) -> tuple[Thing, ...]:
    """What is in a sequence, where each element stands for one tensor; else nothing."""
    items = sequence.items
    if not isinstance(items, Items) or items.is_open:
        return ()
    plain = all(not isinstance(item, Const | SequenceThing) for item in items.values)
    return items.values if plain else ()


def _has_other(sequence: SequenceThing, tensors: Sequence[Tensor]) -> bool:
    items = sequence.items
    return len(getattr(items, "values", ())) > len(tensors)


def set_data_format(machine: Machine, arguments: Arguments, node: Place) -> None:
    """`set_image_data_format(x)`: the default of all layers made from here on."""
    from tflint.keras.facts import FormatChange

    operand = arguments.operand("data_format", 0) or arguments.operand("dim_ordering", 0)
    if operand is None:
        return
    given = argument(machine, operand)
    change = FormatChange(given, machine.locate(node), machine.evidence)
    if not machine.recorder.is_silent:
        machine.recorder.format_changes.append(change)
    thing = operand.thing
    if isinstance(thing, Const) and isinstance(thing.value, str):
        old = {"th": "channels_first", "tf": "channels_last"}
        thing = Const(old.get(thing.value, thing.value.lower()))
    machine.journal.write(machine.settings, DATA_FORMAT, thing)
