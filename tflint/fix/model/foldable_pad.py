"""TFL608: convolutions pad by themselves what a PAD wrote out for them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Container

from tflint.analysis.foldable_pads import foldable_pads
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.schema import Conv2DOptions, DepthwiseConv2DOptions, Padding


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return within_arena(context, lambda wanted: _without(context, wanted))


def _without(context: RewriteContext, wanted: Container[int]) -> Rewrite | None:
    edit, places = ModelEdit(context.model), 0
    numbers = itertools.count()
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        for node in foldable_pads(graph, dataflow):
            if next(numbers) not in wanted:
                continue
            x, changed = node.operator.inputs[0], edit.graph(graph.index)
            for reader in node.outputs[0].consumers:
                options = reader.options
                assert isinstance(options, Conv2DOptions | DepthwiseConv2DOptions)
                changed.change_operator(
                    reader.index,
                    inputs=(x, *reader.operator.inputs[1:]),
                    builtin_options=dataclasses.replace(options, padding=Padding.SAME),
                )
            changed.remove(node.index)
            places += 1
    return Rewrite(edit.finish(), places) if places else None


FIX = ModelFix("TFL608", _rewrite)
