"""The network's own names and order for what the converter numbered."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tflint.convert.tensorflow.scopes import canonical
from tflint.model.reader import parse_model
from tflint.model.tables import Model, SignatureDef, SubGraph, TensorMap
from tflint.model.writer import write_model


def named(
    data: bytes, inputs: Sequence[str], outputs: Sequence[str], key: str, scopes: Mapping[str, str]
) -> bytes:
    """The model with these names for inputs and outputs, in this order, and one signature.

    The converter must have been given `argument(i)` and `result(i)` as names; where it wrote no
    signature, inputs and outputs are in order already. Inputs that the network does not use are
    kept. Other tensors are named after their layers, where `scopes` has other names for these.
    """
    model = parse_model(data)
    if not model.subgraphs:
        return data
    main, *others = model.subgraphs
    given = _in_order(model, [argument(i) for i in range(len(inputs))], main.inputs, "inputs")
    made = _in_order(model, [result(i) for i in range(len(outputs))], main.outputs, "outputs")
    if len(given) != len(inputs) or len(made) != len(outputs):
        return data
    # An output may be an input, or there twice: the first name stays.
    ports: dict[int, str] = {}
    for index, name in (*zip(given, inputs, strict=True), *zip(made, outputs, strict=True)):
        ports.setdefault(index, name)
    renamed: SubGraph = dataclasses.replace(
        _by_layers(main, scopes, ports), inputs=tuple(given), outputs=tuple(made)
    )
    others = [_by_layers(graph, scopes, {}) for graph in others]
    signature = SignatureDef(
        inputs=tuple(map(TensorMap, inputs, given)),
        outputs=tuple(map(TensorMap, outputs, made)),
        signature_key=key,
    )
    return write_model(
        dataclasses.replace(model, subgraphs=(renamed, *others), signature_defs=(signature,))
    )


def argument(index: int) -> str:
    """What the converter is told to call an input."""
    return f"argument_{index}"


def result(index: int) -> str:
    """What the converter is told to call an output."""
    return f"result_{index}"


def _by_layers(graph: SubGraph, scopes: Mapping[str, str], ports: Mapping[int, str]) -> SubGraph:
    """The subgraph with names that are each one tensor's: quantisers go by them."""
    # How often each name was asked for, so that many equal ones do not search each other.
    asked: dict[str, int] = {}
    names: dict[int, str] = {}
    tensors = graph.tensors
    rest = (i for i in range(len(tensors)) if i not in ports)
    for i in (*ports, *rest):
        name = ports[i] if i in ports else canonical(tensors[i].name or "", scopes)
        unlike = name
        while unlike and unlike in asked:
            asked[name] += 1
            unlike = f"{name}_{asked[name]}"
        asked[unlike] = 0
        names[i] = unlike
    return dataclasses.replace(
        graph,
        tensors=tuple(dataclasses.replace(t, name=names[i]) for i, t in enumerate(tensors)),
    )


def _in_order(
    model: Model, names: Sequence[str], by_position: Sequence[int], side: str
) -> list[int]:
    for entry in model.signature_defs:
        maps = entry.inputs if side == "inputs" else entry.outputs
        found = {each.name: each.tensor_index for each in maps}
        if all(name in found for name in names):
            return [found[name] for name in names]
    return list(by_position)
