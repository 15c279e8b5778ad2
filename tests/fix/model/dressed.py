"""Networks with what files carry besides their graph: names, notes, leftovers, copies."""

from __future__ import annotations

import dataclasses
import random

from tests.random_networks import random_network
from tflint.model.record import ABSENT
from tflint.model.schema import TensorType
from tflint.model.tables import Buffer, Metadata, Model, OperatorCode, Tensor


def dressed(seed: int) -> Model:
    """A random network with some of all that; the same seed gives the same model."""
    rng = random.Random(seed)
    model = random_network(seed)
    for dress in (_noted, _with_leftovers, _with_copies, _with_buffers_of_their_own):
        if rng.random() < 0.7:
            model = dress(model, rng)
    return model


def _noted(model: Model, rng: random.Random) -> Model:
    def tensor(old: Tensor, index: int) -> Tensor:
        found = old.quantization
        if found is not None and found.scale:
            ends = (tuple(-1.0 for _ in found.scale), tuple(1.0 for _ in found.scale))
            found = dataclasses.replace(found, min=ends[0], max=ends[1])
        return dataclasses.replace(
            old,
            name=f"a/rather/long/path/to/layer_{index}/Conv2D;to/layer_{index}/BiasAdd",
            quantization=found,
            shape_signature=old.shape if rng.random() < 0.5 else ABSENT,
        )

    graph = model.subgraphs[0]
    tensors = tuple(tensor(old, index) for index, old in enumerate(graph.tensors))
    metadata = (*model.metadata, Metadata("CONVERSION_METADATA", len(model.buffers)))
    return dataclasses.replace(
        model,
        description="MLIR Converted.",
        subgraphs=(dataclasses.replace(graph, tensors=tensors),),
        buffers=(*model.buffers, Buffer(b"what the converter was told " * 4)),
        metadata=metadata,
    )


def _with_leftovers(model: Model, rng: random.Random) -> Model:
    graph, count = model.subgraphs[0], len(model.buffers)
    spare = Tensor(shape=(4,), type=TensorType.FLOAT32, buffer=count, name="spare")
    place = rng.randint(0, len(graph.tensors))

    def moved(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(index + (index >= place) for index in indices)

    operators = tuple(
        dataclasses.replace(o, inputs=moved(o.inputs), outputs=moved(o.outputs))
        for o in graph.operators
    )
    changed = dataclasses.replace(
        graph,
        tensors=(*graph.tensors[:place], spare, *graph.tensors[place:]),
        operators=operators,
        inputs=moved(graph.inputs),
        outputs=moved(graph.outputs),
    )
    return dataclasses.replace(
        model,
        subgraphs=(changed,),
        buffers=(*model.buffers, Buffer(bytes(16)), Buffer(b"nobody's")),
        operator_codes=(*model.operator_codes, OperatorCode(5, builtin_code=5)),
        metadata=(*model.metadata, Metadata("hollow", 0)),
    )


def _with_copies(model: Model, rng: random.Random) -> Model:
    """Every constant twice over: operators after the first few read the second."""
    graph = model.subgraphs[0]
    tensors, buffers = list(graph.tensors), list(model.buffers)
    operators = []
    for operator in graph.operators:
        inputs = []
        for index in operator.inputs:
            data = buffers[tensors[index].buffer].data if index >= 0 else None
            if data and rng.random() < 0.5:
                tensors.append(dataclasses.replace(tensors[index], buffer=len(buffers)))
                buffers.append(Buffer(bytes(data)))
                inputs += [len(tensors) - 1]
            else:
                inputs += [index]
        operators.append(dataclasses.replace(operator, inputs=tuple(inputs)))
    changed = dataclasses.replace(graph, tensors=tuple(tensors), operators=tuple(operators))
    return dataclasses.replace(model, subgraphs=(changed,), buffers=tuple(buffers))


def _with_buffers_of_their_own(model: Model, rng: random.Random) -> Model:
    """An empty buffer for every tensor that has none, as converters write them."""
    graph, buffers = model.subgraphs[0], list(model.buffers)
    tensors = []
    for tensor in graph.tensors:
        if not tensor.buffer:
            tensor = dataclasses.replace(tensor, buffer=len(buffers))
            buffers.append(Buffer())
        tensors.append(tensor)
    changed = dataclasses.replace(graph, tensors=tuple(tensors))
    return dataclasses.replace(model, subgraphs=(changed,), buffers=tuple(buffers))
