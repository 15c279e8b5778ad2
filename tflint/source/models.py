"""Sequential and functional models: made, changed, called, compiled."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.finding import Location
from tflint.keras.declared import declared_input
from tflint.keras.facts import Compilation
from tflint.keras.network import Layer, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN
from tflint.source.containers import closed
from tflint.source.exposing import arguments as all_arguments
from tflint.source.exposing import expose
from tflint.source.joins import join
from tflint.source.layers import apply_layer, input_tensor
from tflint.source.machine import Machine, Place
from tflint.source.networks import inline, make_network
from tflint.source.objects import (
    NONE,
    Arguments,
    Const,
    DictThing,
    Either,
    Instance,
    Items,
    LayerThing,
    ModelThing,
    Operand,
    SequenceThing,
    SequentialThing,
    Stage,
    TensorThing,
    options,
)
from tflint.source.operations import tensors_in
from tflint.source.store import OPAQUE, Thing

LAST = "last stage"
INPUT = "input"


def make_sequential(machine: Machine, arguments: Arguments, node: Place) -> SequentialThing:
    """`Sequential(layers, name=...)`."""
    name = arguments.get("name", 1)
    model = SequentialThing(
        machine.journal.store({LAST: NONE}),
        name.value if isinstance(name, Const) and isinstance(name.value, str) else None,
        machine.locate(node),
        machine.evidence,
    )
    machine.recorder.models.append(model)
    layers = arguments.get("layers", 0)
    if arguments.has_unknown:
        add(machine, model, OPAQUE, node)
    if layers is None or (isinstance(layers, Const) and layers.value is None):
        return model
    if isinstance(layers, Either):

        def fill(thing: Thing) -> Thing:
            _add_all(machine, model, thing, node)
            return NONE

        machine.each(options(layers), fill)
    else:
        _add_all(machine, model, layers, node)
    return model


def _add_all(machine: Machine, model: SequentialThing, layers: Thing, node: Place) -> None:
    if not isinstance(layers, SequenceThing):
        if not (isinstance(layers, Const) and layers.value is None):
            add(machine, model, layers, node)
        return
    items = layers.items
    if not isinstance(items, Items):

        def fill(content: Thing) -> Thing:
            values = content if isinstance(content, Items) else Items((), is_open=True)
            _add_items(machine, model, values, node)
            return NONE

        machine.each(options(items), fill)
        return
    _add_items(machine, model, items, node)


def _add_items(machine: Machine, model: SequentialThing, items: Items, node: Place) -> None:
    for item in items.values:
        add(machine, model, item, node)
    if items.is_open:
        add(machine, model, OPAQUE, node)


def add(machine: Machine, model: SequentialThing, item: Thing, node: Place) -> None:
    """`model.add(item)`."""
    machine.budget.charge(1)
    for option in options(item):
        if isinstance(option, SequentialThing):
            machine.recorder.nested.add(id(option))
    last = model.store.content.get(LAST, NONE)
    stage = Stage(None if last is NONE else last, item, node, machine.evidence)
    machine.journal.write(model.store, LAST, stage)


def pop(machine: Machine, model: SequentialThing) -> None:
    """`model.pop()`."""
    last = model.store.content.get(LAST, NONE)
    before = [
        (each.previous or NONE) if isinstance(each, Stage) else NONE for each in options(last)
    ]
    machine.journal.write(model.store, LAST, join(before))


def stages(model: SequentialThing) -> tuple[list[Stage], bool]:
    """The stages from the first on, and whether that is all of them."""
    found: list[Stage] = []
    stage: Thing | None = model.store.content.get(LAST, NONE)
    while isinstance(stage, Stage):
        found.append(stage)
        stage = stage.previous
    return found[::-1], stage is None or stage is NONE


def build_sequential(
    machine: Machine, model: SequentialThing, start: Tensor | None
) -> tuple[list[Tensor], Tensor]:
    """Run the chain of a model: its input, if it has one, and what comes out.

    Goes along the stages, first the first; where branches meet, along each of them.
    """
    last: Thing | None = model.store.content.get(LAST, NONE)
    inputs: list[Tensor] = [] if start is None else [start]
    reached: dict[int, Thing | None] = {}
    pending: list[Thing | None] = [last]
    origin: Thing | None = None if start is None else TensorThing(start)
    while pending:
        stage = pending[-1]
        if stage is None or stage is NONE or id(stage) in reached:
            pending.pop()
            continue
        before: Sequence[Thing | None] = ()
        if isinstance(stage, Stage):
            before = (stage.previous,)
        elif isinstance(stage, Either):
            before = stage.options
        needed = [each for each in before if each not in (None, NONE) and id(each) not in reached]
        if needed:
            pending += needed
            continue
        pending.pop()
        given = [origin if each is None or each is NONE else reached[id(each)] for each in before]
        if isinstance(stage, Stage):
            reached[id(stage)] = _run_stage(machine, stage, given[0], inputs, start is not None)
        elif any(each is None for each in given):
            # One of the ways has no layer yet.
            there = [each for each in given if each is not None]
            reached[id(stage)] = join([*there, OPAQUE]) if there else None
        else:
            reached[id(stage)] = join([each for each in given if each is not None])
    end = origin if last is None or last is NONE else reached[id(last)]
    tensors = [] if end is None else tensors_in([end])
    return inputs, tensors[0] if tensors else Tensor()


def _run_stage(
    machine: Machine, stage: Stage, given: Thing | None, inputs: list[Tensor], is_built: bool
) -> Thing | None:
    """What a stage gives for what comes in; None where there is no tensor yet."""
    before = machine.evidence
    machine.evidence = stage.evidence
    try:
        found = options(stage.item)
        results = [_run_item(machine, item, stage, given, inputs, is_built) for item in found]
    finally:
        machine.evidence = before
    known = [result for result in results if result is not None]
    return join(known) if known else None


def _run_item(
    machine: Machine,
    item: Thing,
    stage: Stage,
    given: Thing | None,
    inputs: list[Tensor],
    is_built: bool,
) -> Thing | None:
    if isinstance(item, TensorThing):
        if item.tensor.is_input and given is None:
            inputs.append(item.tensor)
            return item
        return given if item.tensor.is_input else item
    if isinstance(item, LayerThing):
        layer = item.layer
        if layer.kind == "InputLayer":
            if given is not None:
                return given
            return TensorThing(_start(layer, inputs))
        if given is None:
            given = TensorThing(_start(layer, inputs))
        return apply_layer(machine, layer, Arguments((Operand(given, None),)), layer.location)
    if given is None:
        if isinstance(item, ModelThing) and len(item.network.inputs) == 1:
            shape: Shape = item.network.inputs[0].shape
        else:
            shape = sequential_input(item) if isinstance(item, SequentialThing) else UNKNOWN
        given = TensorThing(_new_input(shape, machine.locate(stage.node), inputs))
    if isinstance(item, ModelThing | SequentialThing | Instance):
        return machine.call(item, Arguments((Operand(given, None),)), stage.node)
    return TensorThing(Tensor())


def _start(layer: Layer, inputs: list[Tensor]) -> Tensor:
    if declared_input(layer) is None:
        return _new_input(UNKNOWN, layer.location, inputs)
    tensor = input_tensor(layer)
    inputs.append(tensor)
    return tensor


def _new_input(shape: Shape, location: Location, inputs: list[Tensor]) -> Tensor:
    tensor = Tensor(shape, is_input=True, location=location)
    inputs.append(tensor)
    return tensor


def sequential_input(model: SequentialThing) -> Shape:
    """The input shape that the model declares itself, by its first layer."""
    found, is_all = stages(model)
    if not is_all or not found:
        return UNKNOWN
    first = found[0].item
    if isinstance(first, TensorThing):
        return first.tensor.shape
    if isinstance(first, LayerThing):
        return declared_input(first.layer) or UNKNOWN
    if isinstance(first, ModelThing) and len(first.network.inputs) == 1:
        return first.network.inputs[0].shape
    return sequential_input(first) if isinstance(first, SequentialThing) else UNKNOWN


def sequential_network(
    machine: Machine, model: SequentialThing, start: Tensor | None = None
) -> Network:
    """The network that a Sequential model is now."""
    last = model.store.content.get(LAST, NONE)
    known = machine.recorder.built.get(id(model))
    if known is not None and known[0] is last and start is None:
        return known[1]
    given = model.store.content.get(INPUT)
    if start is None and isinstance(given, TensorThing):
        start = given.tensor
    before = machine.evidence
    machine.evidence = model.evidence
    inputs, end = build_sequential(machine, model, start)
    network = make_network(machine, "Sequential", inputs, [end], model.location, name=model.name)
    machine.evidence = before
    if not machine.recorder.is_silent:
        machine.recorder.built[id(model)] = (last, network, model)
    return network


def call_sequential(
    machine: Machine, model: SequentialThing, arguments: Arguments, node: Place
) -> Thing:
    """`model(x)`."""
    tensors = tensors_in(arguments.things[:1])
    given = tensors[0] if tensors else Tensor()
    known = machine.recorder.built.get(id(model))
    if known is not None and known[0] is model.store.content.get(LAST, NONE):
        return TensorThing(inline(machine, known[1], [given], machine.locate(node))[0])
    if not isinstance(given.shape, tuple):
        shape = sequential_input(model)
        if isinstance(shape, tuple):
            given = Tensor(shape, given.producer, given.index, location=given.location)
    return TensorThing(sequential_network(machine, model, given).outputs[0])


def make_model(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing:
    """`Model(inputs, outputs)`."""
    given = arguments.get("inputs", 0) or arguments.get("input")
    ends = arguments.get("outputs", 1) or arguments.get("output")
    inputs, outputs = _flat(given), _flat(ends)
    name = arguments.get("name", 2)
    location = machine.locate(node)
    label = name.value if isinstance(name, Const) and isinstance(name.value, str) else None
    is_complete = (
        all(isinstance(thing, TensorThing) for thing in (*inputs, *outputs))
        and not arguments.has_unknown
    )
    network = make_network(
        machine,
        "Functional",
        tensors_in(inputs),
        tensors_in(outputs) or [Tensor()],
        location,
        name=label,
        is_complete=is_complete,
    )
    layer = Layer(
        "Functional",
        path,
        name=label,
        location=location,
        network=network,
        evidence=machine.evidence,
    )
    return ModelThing(network, layer)


def _flat(thing: Thing | None, deep: int = 0) -> list[Thing]:
    if isinstance(thing, SequenceThing) and deep < 4:
        items = closed(thing)
        found = [each for value in items.values for each in _flat(value, deep + 1)]
        return [*found, OPAQUE] if items.is_open else found
    if isinstance(thing, DictThing) and deep < 4:
        return [each for value in thing.entries.values() for each in _flat(value, deep + 1)]
    return [OPAQUE] if thing is None else [thing]


def call_model(machine: Machine, model: ModelThing, arguments: Arguments, node: Place) -> Thing:
    """`model(x)` for a functional model."""
    flat = [each for thing in arguments.things[:1] for each in _flat(thing)]
    tensors = [each.tensor if isinstance(each, TensorThing) else Tensor() for each in flat]
    results = [
        TensorThing(tensor)
        for tensor in inline(machine, model.network, tensors, machine.locate(node))
    ]
    return results[0] if len(results) == 1 else machine.sequence(results)


def compile_model(
    machine: Machine, network: Network | None, arguments: Arguments, node: Place
) -> None:
    """`model.compile(...)`."""
    if machine.recorder.is_silent:
        return
    names = ("optimizer", "loss", "metrics", "loss_weights")
    keywords = dict(zip(names, arguments.positional, strict=False)) | dict(arguments.keywords)
    loss = keywords.get("loss")
    value = expose(machine, loss.thing) if loss is not None else None
    if loss is None and arguments.has_unknown:
        value = UNKNOWN
    machine.recorder.compilations.append(
        Compilation(
            value,
            network.outputs if network is not None else (),
            network,
            all_arguments(machine, keywords),
            machine.locate(node),
            machine.evidence,
        )
    )
