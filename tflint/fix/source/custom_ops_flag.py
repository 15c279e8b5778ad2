"""TFL104: a custom operator stops the conversion again."""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.converter_code import ConverterCode, is_plain_assignment
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.source.edits import Edit, Plan, RemoveElement, RemoveStatement, obstructed

_FLAG = "allow_custom_ops"


def _plan(request: Request) -> Plan:
    code = ConverterCode(request)
    edits: list[Edit] = []
    for statement, _, location in code.writes(_FLAG):
        if not is_plain_assignment(statement):
            return obstructed(f"{_FLAG} is set together with something else", location)
        value = statement.value  # type: ignore[attr-defined]
        if not (isinstance(value, ast.Constant) and value.value is False):
            edits.append(RemoveStatement(location))
    for conversion in code.conversions:
        given = conversion.arguments.get(_FLAG)
        if given is not None and given.location is not None:
            edits.append(RemoveElement(given.location))
    if not edits:
        return obstructed(f"where {_FLAG} is written is not in view", request.finding.location)
    return Plan(tuple(edits))


FIX = SourceFix("TFL104", FixSafety.UNSAFE, _plan)
