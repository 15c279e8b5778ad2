"""Calls of Keras' layer classes, and of layers on tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tflint.finding import Location
from tflint.keras.building import outputs
from tflint.keras.declared import declared_input
from tflint.keras.facts import FormatChange
from tflint.keras.network import Layer, Tensor
from tflint.keras.signatures import bind_arguments, canonical
from tflint.keras.values import UNKNOWN, Argument, Unknown
from tflint.source.containers import closed
from tflint.source.exposing import argument
from tflint.source.joins import common_shape
from tflint.source.machine import Machine, Place
from tflint.source.objects import (
    Arguments,
    Const,
    FunctionThing,
    SequenceThing,
    TensorThing,
    options,
)
from tflint.source.operations import tensors_in
from tflint.source.results import results_of
from tflint.source.store import MISSING, OPAQUE, Thing

# Layers that take as many tensors as there are, or a certain number.
_TAKES_SEVERAL = frozenset(
    (
        "Add",
        "AdditiveAttention",
        "Attention",
        "Average",
        "Concatenate",
        "Dot",
        "GroupQueryAttention",
        "Maximum",
        "Merge",
        "Minimum",
        "MultiHeadAttention",
        "Multiply",
        "Subtract",
    )
)
DATA_FORMAT = "data_format"


def make_layer(
    machine: Machine,
    kind: str,
    path: str,
    arguments: Arguments,
    node: Place,
) -> Layer:
    """A layer object of a class."""
    machine.budget.charge(8)
    positional = [argument(machine, operand) for operand in arguments.positional]
    keywords = {name: argument(machine, value) for name, value in arguments.keywords.items()}
    bound = bind_arguments(kind, positional, keywords)
    if canonical(kind) == "Lambda":
        bound = _with_results(machine, bound, arguments)
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


def _with_results(
    machine: Machine, bound: Mapping[str, Argument], arguments: Arguments
) -> Mapping[str, Argument]:
    """The arguments of a `Lambda`, its function with what it makes of a tensor."""
    operand = arguments.operand("function", 0)
    if operand is None or not isinstance(operand.thing, FunctionThing):
        return bound
    function = results_of(machine, operand.thing, TensorThing(Tensor()))
    return {**bound, "function": replace(bound["function"], value=function)}


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
    machine.budget.charge(4)
    first = arguments.positional[0].thing if arguments.positional else arguments.get("inputs")
    tensors, is_sure = _inputs(OPAQUE if first is None else first)
    others = [operand.thing for operand in arguments.positional[1:]]
    if any(isinstance(other, TensorThing) for other in others):
        tensors += tensors_in(others)
    call = machine.recorder.apply(
        layer,
        tensors,
        location,
        machine.evidence,
        is_sure=is_sure or layer.kind not in _TAKES_SEVERAL,
    )
    results = [TensorThing(tensor) for tensor in outputs(call)]
    return results[0] if len(results) == 1 else machine.sequence(results, "tuple")


def _inputs(first: Thing) -> tuple[list[Tensor], bool]:
    """The tensors that a layer is called on, and whether it is known how many these are.

    What is not known is a tensor of unknown shape.
    """
    if isinstance(first, TensorThing):
        return [first.tensor], True
    if isinstance(first, SequenceThing) and first.kind in ("list", "tuple"):
        items = closed(first)
        tensors = [
            value.tensor if isinstance(value, TensorThing) else Tensor() for value in items.values
        ]
        if tensors:
            return tensors, not items.is_open
    tensors = tensors_in((first,))
    if len(tensors) > 1 and not any(isinstance(option, SequenceThing) for option in options(first)):
        # One of several, which of them is not decided.
        shape = common_shape([each.shape for each in tensors])
        return [Tensor(shape, alternatives=tuple(tensors))], True
    return tensors or [Tensor()], False


def set_data_format(machine: Machine, arguments: Arguments, node: Place) -> None:
    """`set_image_data_format(x)`: the default of all layers made from here on."""
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
