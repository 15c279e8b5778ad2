"""TFL305: operators that give out what they are given are left out."""

from __future__ import annotations

import itertools
from collections.abc import Container

from tflint.analysis.identity import removable_identity
from tflint.finding import FixSafety
from tflint.fix.model.aliases import Aliases
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return within_arena(context, lambda wanted: _without(context, wanted))


def _without(context: RewriteContext, wanted: Container[int]) -> Rewrite | None:
    edit, places, is_exact = ModelEdit(context.model), 0, True
    numbers = itertools.count()
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        aliases = Aliases(graph)
        for node in graph.nodes:
            found = removable_identity(node, dataflow)
            if found is None or not (found.is_exact or context.unsafe):
                continue
            if next(numbers) in wanted and aliases.bypass(found.value, node.outputs[0]):
                edit.graph(graph.index).remove(node.index)
                places += 1
                is_exact &= found.is_exact
        aliases.apply(edit.graph(graph.index))
    if not places:
        return None
    return Rewrite(edit.finish(), places, FixSafety.SAFE if is_exact else FixSafety.UNSAFE)


FIX = ModelFix("TFL305", _rewrite)
