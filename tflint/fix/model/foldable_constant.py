"""TFL605: results of operators on constants are stored in their place."""

from __future__ import annotations

from tflint.fix.model.folding import folded
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return folded(context, by_shape=False)


# By little (see `Folding.is_repairable`): what a result takes in the file it took in RAM.
FIX = ModelFix("TFL605", _rewrite, may_grow_file=True)
