"""TFL609: files without what no runtime reads, and with what repeats itself once."""

from __future__ import annotations

import dataclasses

from tflint.analysis.unread_notes import (
    repeats_shape,
    says_nothing,
    unread_metadata,
    unread_names,
    unread_notes,
)
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.record import ABSENT
from tflint.model.tables import Operator, QuantizationParameters, SubGraph, Tensor

_NO_DEBUG_METADATA = -1


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    if not unread_notes(model).matter(model.file_bytes):
        return None
    metadata = tuple(unread_metadata(model))
    zero_points: dict[tuple[int, ...], tuple[int, ...]] = {}
    subgraphs, places = [], len(metadata)
    for g, subgraph in enumerate(model.subgraphs):
        unread = frozenset(unread_names(model, g))
        tensors = tuple(
            _stripped(tensor, zero_points, keeps_name=t not in unread)
            for t, tensor in enumerate(subgraph.tensors)
        )
        # Equal lists of zero points are one object behind this: equality does not show it.
        places += sum(old is not new for old, new in zip(subgraph.tensors, tensors, strict=True))
        subgraph = dataclasses.replace(subgraph, tensors=tensors)
        subgraphs.append(_without_debug_metadata(subgraph) if metadata else subgraph)
    edit = ModelEdit(dataclasses.replace(model, subgraphs=tuple(subgraphs)))
    edit.drop_metadata(metadata)
    return Rewrite(edit.finish(), places)


def _stripped(
    tensor: Tensor, zero_points: dict[tuple[int, ...], tuple[int, ...]], *, keeps_name: bool
) -> Tensor:
    """The tensor without what nobody reads; itself where there is nothing to take off."""
    old = tensor.quantization
    quantization = None if old is None else _without_ranges(old, zero_points)
    name = tensor.name if keeps_name else None
    signature = ABSENT if repeats_shape(tensor) else tensor.shape_signature
    if quantization is old and name == tensor.name and signature == tensor.shape_signature:
        return tensor
    return dataclasses.replace(
        tensor, name=name, quantization=quantization, shape_signature=signature
    )


def _without_ranges(
    old: QuantizationParameters, zero_points: dict[tuple[int, ...], tuple[int, ...]]
) -> QuantizationParameters | None:
    if says_nothing(old):
        return None
    points = old.zero_point
    if len(points) > 1:
        points = zero_points.setdefault(points, points)
    if old.min is ABSENT and old.max is ABSENT and points is old.zero_point:
        return old
    return dataclasses.replace(old, min=ABSENT, max=ABSENT, zero_point=points)


def _without_debug_metadata(subgraph: SubGraph) -> SubGraph:
    """The subgraph without references into the metadata that go."""

    def operator(old: Operator) -> Operator:
        return dataclasses.replace(old, debug_metadata_index=_NO_DEBUG_METADATA)

    operators = tuple(map(operator, subgraph.operators)) or subgraph.operators
    return dataclasses.replace(
        subgraph, operators=operators, debug_metadata_index=_NO_DEBUG_METADATA
    )


FIX = ModelFix("TFL609", _rewrite)
