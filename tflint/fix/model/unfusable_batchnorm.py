"""TFL111: batch normalisation behind an activation or a pool, in the weights of the next layer."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.affine_folding import Fold, norm_folds
from tflint.analysis.constant_ranges import ConstantRanges
from tflint.analysis.dataflow import Dataflow
from tflint.fix.model.layer_folding import fold_all
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.graph import Graph


def _folds(graph: Graph, dataflow: Dataflow, ranges: ConstantRanges) -> Iterator[Fold]:
    return (fold for _, fold in norm_folds(graph, dataflow, ranges) if fold is not None)


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return fold_all(context, _folds)


FIX = ModelFix("TFL111", _rewrite)
