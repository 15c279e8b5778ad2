"""TFL604: MUL, ADD, SUB and DIV by constants in the weights and bias of the layer next to them."""

from __future__ import annotations

from tflint.analysis.affine_folding import affine_folds
from tflint.fix.model.layer_folding import fold_all
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return fold_all(context, affine_folds)


FIX = ModelFix("TFL604", _rewrite)
