"""TFL010: operator codes in both fields, as every reader understands them."""

from __future__ import annotations

import dataclasses

from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.tables import PLACEHOLDER_FOR_GREATER_OP_CODES, OperatorCode


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model = context.model
    codes = tuple(_in_both_fields(code) for code in model.operator_codes)
    places = sum(new != old for new, old in zip(codes, model.operator_codes, strict=True))
    if not places:
        return None
    return Rewrite(dataclasses.replace(model, operator_codes=codes), places)


def _in_both_fields(code: OperatorCode) -> OperatorCode:
    return dataclasses.replace(
        code,
        deprecated_builtin_code=min(code.code, PLACEHOLDER_FOR_GREATER_OP_CODES),
        builtin_code=code.code,
    )


# The new field takes room that files of before schema 3a do not spend: others have to save it.
FIX = ModelFix("TFL010", _rewrite, may_grow_file=True)
