"""TFL210: shapes that follow from the file are stored in place of what computes them."""

from __future__ import annotations

from tflint.fix.model.folding import folded
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return folded(context, by_shape=True)


# A few numbers more where a chain is short, for the RAM and the operators that it takes.
FIX = ModelFix("TFL210", _rewrite, may_grow_file=True)
