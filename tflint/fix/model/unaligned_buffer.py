"""TFL009: constants on the boundaries that the format demands, where the writer puts them."""

from __future__ import annotations

import dataclasses

from tflint.analysis.constant_alignment import misaligned_constants
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    found = misaligned_constants(model, context.target)
    if not found:
        return None
    # Whatever is written is aligned; where the data stand now is all that changes.
    buffers = tuple(dataclasses.replace(buffer, position=None) for buffer in model.buffers)
    return Rewrite(dataclasses.replace(model, buffers=buffers), len(found))


FIX = ModelFix("TFL009", _rewrite, may_grow_file=True, may_exceed_original=True)
