"""The repairs that rules describe, done by hand on a model of one subgraph, for the tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tflint.model.record import Record
from tflint.model.tables import Buffer, Model


def rewrite(
    model: Model,
    *,
    gone: Iterable[int] = (),
    instead: Mapping[int, int] | None = None,
    shapes: Mapping[int, tuple[int, ...]] | None = None,
    options: Mapping[int, Record] | None = None,
    data: Mapping[int, bytes] | None = None,
) -> Model:
    """The model without the operators `gone`; keys are indices of operators or tensors.

    `instead` gives the tensor to read for another, `shapes` and `data` change tensors (data
    make them constants), `options` replace those of operators.
    """
    graph, dropped = model.subgraphs[0], frozenset(gone)
    aliases, buffers = dict(instead or {}), list(model.buffers)

    def read(tensor: int) -> int:
        while tensor in aliases:
            tensor = aliases[tensor]
        return tensor

    tensors = list(graph.tensors)
    for index, shape in (shapes or {}).items():
        tensors[index] = dataclasses.replace(tensors[index], shape=shape)
    for index, raw in (data or {}).items():
        tensors[index] = dataclasses.replace(tensors[index], buffer=len(buffers))
        buffers.append(Buffer(raw))
    operators = []
    for index, operator in enumerate(graph.operators):
        if index in dropped:
            continue
        changed: dict[str, Any] = {"inputs": tuple(map(read, operator.inputs))}
        if options and index in options:
            changed["builtin_options"] = options[index]
        operators.append(dataclasses.replace(operator, **changed))
    changed_graph = dataclasses.replace(
        graph,
        tensors=tuple(tensors),
        operators=tuple(operators),
        outputs=tuple(map(read, graph.outputs)),
    )
    return dataclasses.replace(model, subgraphs=(changed_graph,), buffers=tuple(buffers))
