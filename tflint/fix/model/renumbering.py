"""What follows when tensors, buffers and operator codes of a model come and go."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from tflint.memory.offline_plan import METADATA_NAME, offline_plan
from tflint.model.record import ABSENT
from tflint.model.tables import Buffer, Model, SubGraph

_NEW = -1  # The offset of a tensor that TFLM's planner is to place.


def like(old: Sequence[Any], new: Sequence[Any]) -> Any:
    """A tuple; a vector that was not in the file and is still empty stays out of it."""
    return tuple(new) if new or old is not ABSENT else ABSENT


def with_plan(
    model: Model, before: Model, kept: Sequence[Sequence[int]], *, may_stay: bool
) -> Model:
    """The model with the file's own memory plan following its tensors, or dropped.

    `kept` are the tensors' old indices in their new order, by subgraph. Only a plan whose tensors
    stay as they are can be trusted (`may_stay`): when operators come or go, tensors live longer
    or shorter than the plan was made for.
    """
    plan = offline_plan(before)
    metadata = [entry for entry in model.metadata if entry.name != METADATA_NAME]
    if plan is None or len(metadata) == len(model.metadata):
        return model
    if plan.fault is None and may_stay:
        known = iter(plan.offsets)
        offsets: list[int] = []
        for graph, indices in zip(before.subgraphs, kept, strict=True):
            own = [next(known, _NEW) for _ in graph.tensors]
            offsets += [own[old] if old < len(own) else _NEW for old in indices]
        data = struct.pack(f"<3i{len(offsets)}i", 1, 0, len(offsets), *offsets)
        entry = next(e for e in reversed(model.metadata) if e.name == METADATA_NAME)
        buffers = (*model.buffers, Buffer(data))
        metadata.append(dataclasses.replace(entry, buffer=len(model.buffers)))
        model = dataclasses.replace(model, buffers=buffers)
    return dataclasses.replace(model, metadata=tuple(metadata) or ABSENT)


def signature_tensors(model: Model, graph: SubGraph) -> Iterator[int]:
    """The tensors of a subgraph that signatures name."""
    for signature in model.signature_defs:
        if model.subgraphs[signature.subgraph_index] is graph:
            for entry in (*signature.inputs, *signature.outputs):
                yield entry.tensor_index


def used_tensors(model: Model, graph: SubGraph) -> set[int]:
    """The tensors of a subgraph that anything refers to, and -1 for inputs left out."""
    used = {*graph.inputs, *graph.outputs, *signature_tensors(model, graph)}
    for operator in graph.operators:
        used.update(operator.inputs, operator.outputs, operator.intermediates)
    return used


def _used_buffers(model: Model) -> set[int]:
    used = {entry.buffer for entry in model.metadata} | set(model.metadata_buffer)
    for graph in model.subgraphs:
        used.update(tensor.buffer for tensor in graph.tensors)
    return used


def _used_codes(model: Model) -> set[int]:
    return {operator.opcode_index for graph in model.subgraphs for operator in graph.operators}


def without_orphans(model: Model, before: Model, *, everything: bool) -> Model:
    """The model without the buffers and codes that were used before and are not any more.

    With `everything`, also without those that had no use before.
    """
    buffers = _kept(
        len(model.buffers),
        _used_buffers(model) | {0},
        _used_buffers(before),
        0 if everything else len(before.buffers),
    )
    codes = _kept(
        len(model.operator_codes),
        _used_codes(model),
        _used_codes(before),
        0 if everything else len(before.operator_codes),
    )
    if len(buffers) == len(model.buffers) and len(codes) == len(model.operator_codes):
        return model
    return dataclasses.replace(
        _renumbered(model, buffers, codes),
        buffers=tuple(model.buffers[index] for index in buffers),
        operator_codes=tuple(model.operator_codes[index] for index in codes),
    )


def _kept(count: int, used: set[int], used_before: set[int], count_before: int) -> list[int]:
    return [
        index
        for index in range(count)
        if index in used or (index < count_before and index not in used_before)
    ]


def _renumbered(model: Model, buffers: Sequence[int], codes: Sequence[int]) -> Model:
    """The model with its references to buffers and operator codes led to new places.

    `buffers` and `codes` are the old indices in their new order; what refers to others must be
    gone. The tables themselves are left as they are.
    """
    buffer_at = {old: new for new, old in enumerate(buffers)}
    code_at = {old: new for new, old in enumerate(codes)}
    return dataclasses.replace(
        model,
        metadata=like(
            model.metadata,
            [dataclasses.replace(e, buffer=buffer_at[e.buffer]) for e in model.metadata],
        ),
        metadata_buffer=like(
            model.metadata_buffer, [buffer_at.get(i, i) for i in model.metadata_buffer]
        ),
        subgraphs=tuple(
            dataclasses.replace(
                graph,
                tensors=like(
                    graph.tensors,
                    [
                        dataclasses.replace(tensor, buffer=buffer_at.get(tensor.buffer, 0))
                        for tensor in graph.tensors
                    ],
                ),
                operators=like(
                    graph.operators,
                    [
                        dataclasses.replace(operator, opcode_index=code_at[operator.opcode_index])
                        for operator in graph.operators
                    ],
                ),
            )
            for graph in model.subgraphs
        ),
    )
