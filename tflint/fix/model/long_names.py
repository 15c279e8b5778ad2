"""TFL609: files without what no runtime reads, and with what repeats itself once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from tflint.analysis.unread_notes import (
    empty_buffers,
    is_boilerplate,
    repeats_shape,
    says_nothing,
    unread_metadata,
    unread_names,
    unread_notes,
)
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.record import ABSENT
from tflint.model.tables import Model, QuantizationParameters, SubGraph, Tensor


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    if not unread_notes(model).matter(model.file_bytes):
        return None
    edit = ModelEdit(model)
    metadata = tuple(unread_metadata(model))
    edit.drop_metadata(metadata)
    strip = _Strip(empty_buffers(model))
    places = len(metadata)
    for g, subgraph in enumerate(model.subgraphs):
        unread = frozenset(unread_names(model, g))
        for t, tensor in enumerate(subgraph.tensors):
            fields = strip.changes(tensor, keeps_name=t not in unread)
            if fields:
                edit.graph(g).change_tensor(t, **fields)
                places += 1
    changed = edit.finish()
    if metadata:
        changed = _without_debug_metadata(changed)
    if is_boilerplate(model.description):
        changed, places = dataclasses.replace(changed, description=None), places + 1
    return Rewrite(_most_used_code_first(changed), places)


class _Strip:
    """What to change of tensors, so that what they hold is read by someone, and is held once."""

    def __init__(self, empty: frozenset[int]) -> None:
        self._empty = empty
        self._zero_points: dict[tuple[int, ...], tuple[int, ...]] = {}

    def changes(self, tensor: Tensor, *, keeps_name: bool) -> dict[str, Any]:
        """The new values of those fields of a tensor that get any."""
        fields: dict[str, Any] = {}
        if not keeps_name and tensor.name is not None:
            fields["name"] = None
        if tensor.buffer in self._empty:
            fields["buffer"] = 0
        if repeats_shape(tensor):
            fields["shape_signature"] = ABSENT
        old = tensor.quantization
        new = None if old is None else self._quantization(old)
        if new is not old:
            fields["quantization"] = new
        return fields

    def _quantization(self, old: QuantizationParameters) -> QuantizationParameters | None:
        if says_nothing(old):
            return None
        points = old.zero_point
        if len(points) > 1:
            # The same list is the same object behind this, so equality does not show it.
            points = self._zero_points.setdefault(points, points)
        if old.min is ABSENT and old.max is ABSENT and points is old.zero_point:
            return old
        return dataclasses.replace(old, min=ABSENT, max=ABSENT, zero_point=points)


def _without_debug_metadata(model: Model) -> Model:
    """The model without references into the metadata that are gone."""

    def graph(old: SubGraph) -> SubGraph:
        operators = tuple(dataclasses.replace(o, debug_metadata_index=-1) for o in old.operators)
        return dataclasses.replace(
            old, operators=operators or old.operators, debug_metadata_index=-1
        )

    return dataclasses.replace(model, subgraphs=tuple(map(graph, model.subgraphs)))


def _most_used_code_first(model: Model) -> Model:
    """The model with the operator code first that most operators have: 0 takes no bytes."""
    uses = Counter(o.opcode_index for graph in model.subgraphs for o in graph.operators)
    first = max(uses, key=lambda code: (uses[code], -code), default=0)
    if uses[first] == uses[0]:
        return model
    codes = list(model.operator_codes)
    codes[0], codes[first] = codes[first], codes[0]
    place = {0: first, first: 0}

    def graph(old: SubGraph) -> SubGraph:
        operators = tuple(
            dataclasses.replace(o, opcode_index=place.get(o.opcode_index, o.opcode_index))
            for o in old.operators
        )
        return dataclasses.replace(old, operators=operators or old.operators)

    return dataclasses.replace(
        model, operator_codes=tuple(codes), subgraphs=tuple(map(graph, model.subgraphs))
    )


FIX = ModelFix("TFL609", _rewrite)
