"""Methods of Sequential and functional models."""

from __future__ import annotations

from tflint.keras.network import Tensor
from tflint.source.exposing import expose
from tflint.source.machine import Machine, Place
from tflint.source.models import (
    INPUT,
    add,
    compile_model,
    pop,
    sequential_input,
    sequential_network,
)
from tflint.source.objects import (
    NONE,
    Arguments,
    Const,
    LayerThing,
    ModelThing,
    SequenceThing,
    SequentialThing,
    TensorThing,
)
from tflint.source.store import MISSING, OPAQUE, Thing


def model_method(
    machine: Machine,
    model: SequentialThing | ModelThing,
    name: str,
    arguments: Arguments,
    node: Place,
) -> Thing:
    """A method of a model."""
    if name in ("__call__", "call"):
        return machine.call(model, arguments, node)
    if name == "get_layer":
        return _get_layer(machine, model, arguments, node)
    if name == "compile":
        network = (
            model.network if isinstance(model, ModelThing) else sequential_network(machine, model)
        )
        compile_model(machine, network, arguments, node)
        return NONE
    if isinstance(model, SequentialThing):
        if name == "add":
            given = arguments.get("layer", 0)
            add(machine, model, OPAQUE if given is None else given, node)
            return NONE
        if name == "pop":
            pop(machine, model)
            return OPAQUE
        if name == "build":
            _build(machine, model, arguments, node)
            return NONE
    return OPAQUE


def _build(machine: Machine, model: SequentialThing, arguments: Arguments, node: Place) -> None:
    """`model.build(input_shape)`: the input, where the layers declare none."""
    given = arguments.get("input_shape", 0)
    value = None if given is None else expose(machine, given)
    if not isinstance(value, tuple) or isinstance(sequential_input(model), tuple):
        return
    if model.store.content.get(INPUT, MISSING) is not MISSING:
        return
    dims = tuple(dim for dim in value if dim is None or isinstance(dim, int))
    if len(dims) == len(value):
        tensor = Tensor(dims, is_input=True, location=machine.locate(node))
        machine.journal.write(model.store, INPUT, TensorThing(tensor))


def _get_layer(
    machine: Machine, model: SequentialThing | ModelThing, arguments: Arguments, node: Place
) -> Thing:
    found = machine.attribute(model, "layers", node)
    wanted = arguments.get("name", 0)
    index = arguments.get("index")
    if not isinstance(found, SequenceThing):
        return OPAQUE
    values = getattr(found.items, "values", ())
    for thing in values:
        if isinstance(thing, LayerThing) and isinstance(wanted, Const):
            if thing.layer.name is not None and thing.layer.name == wanted.value:
                return thing
    if isinstance(index, Const) and isinstance(index.value, int):
        if -len(values) <= index.value < len(values):
            layer: Thing = values[index.value]
            return layer
    return OPAQUE
