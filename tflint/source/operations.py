"""Operations on tensors outside layers: `x + y`, `tf.nn.relu(x)`, `tf.reshape(x, shape)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tflint.keras.building import apply, outputs
from tflint.keras.network import Call, Dim, Layer, Shape, Tensor
from tflint.keras.shapes.operations import KEEP_SHAPE, bind_operation, takes_arguments
from tflint.keras.values import UNKNOWN, Argument
from tflint.source.exposing import argument
from tflint.source.machine import Machine, Place
from tflint.source.objects import (
    Arguments,
    Const,
    Items,
    ModelThing,
    Operand,
    Outcome,
    SequenceThing,
    TensorThing,
    options,
)
from tflint.source.store import Thing

_MAX_NESTED = 4


def call_operation(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing:
    """A call of a function on tensors, with what it is told beside them: axes, a shape."""
    if arguments.has_unknown or not takes_arguments(path):
        return operation(machine, path, arguments.things, node)
    given = bind_operation(
        path.rpartition(".")[2],
        [_beside_tensors(machine, each) for each in arguments.positional],
        {
            name: argument(machine, operand)
            for name, operand in arguments.keywords.items()
            if not tensors_in((operand.thing,))
        },
    )
    location = machine.locate(node)
    layer = Layer(
        path.rpartition(".")[2], path, given, location=location, evidence=machine.evidence
    )
    machine.recorder.layer(layer)
    call = apply(layer, tensors_in(arguments.things), evidence=machine.evidence)
    call = replace(call, weights=0, variables=())
    machine.recorder.call(call)
    return TensorThing(outputs(call)[0])


def _beside_tensors(machine: Machine, operand: Operand) -> Argument:
    return Argument(UNKNOWN) if tensors_in((operand.thing,)) else argument(machine, operand)


def operation(machine: Machine, path: str, operands: Sequence[Thing], node: Place) -> Thing:
    """A call of an operation whose kind is its name, with the shape where it is plain."""
    tensors = tensors_in(operands)
    kind = path.rpartition(".")[2]
    location = machine.locate(node)
    layer = Layer(kind, path, location=location, evidence=machine.evidence)
    machine.recorder.layer(layer)
    shape: Shape = UNKNOWN
    if kind in KEEP_SHAPE and all(isinstance(operand, TensorThing | Const) for operand in operands):
        shape = broadcast([tensor.shape for tensor in tensors])
    call = Call(
        layer,
        tuple(tensors),
        (shape,),
        weights=0,
        location=location,
        evidence=machine.evidence,
        variables=(),
    )
    machine.recorder.call(call)
    return TensorThing(outputs(call)[0])


def tensors_in(things: Sequence[Thing], deep: int = 0) -> list[Tensor]:
    """The tensors among things, also inside lists and dictionaries, in order."""
    found: list[Tensor] = []
    for thing in things:
        for option in options(thing):
            if isinstance(option, TensorThing):
                found.append(option.tensor)
            elif isinstance(option, SequenceThing) and deep < _MAX_NESTED:
                if isinstance(option.items, Items):
                    found += tensors_in(option.items.values, deep + 1)
            elif isinstance(option, Outcome) and deep < _MAX_NESTED and option.is_attribute:
                found += tensors_in(option.operands, deep + 1)
            elif isinstance(option, ModelThing):
                continue
    return found


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape of an elementwise operation; UNKNOWN where it is not known."""
    known = [shape for shape in shapes if isinstance(shape, tuple)]
    if not known or len(known) < len(shapes):
        return UNKNOWN
    rank = max(len(shape) for shape in known)
    padded = [(1,) * (rank - len(shape)) + shape for shape in known]
    return tuple(_dim(dims) for dims in zip(*padded, strict=True))


def _dim(dims: Sequence[Dim]) -> Dim:
    others = [dim for dim in dims if dim != 1]
    if not others:
        return 1
    return others[0] if all(dim == others[0] for dim in others) else UNKNOWN
