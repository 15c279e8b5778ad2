"""TFL103: the converter is not allowed TensorFlow's own operators any more."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tflint.finding import FixSafety
from tflint.fix.source.converter_code import (
    OPERATORS,
    TARGET_OPERATORS,
    ConverterCode,
    elements,
    is_plain_assignment,
    last_name,
)
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.source.edits import Edit, Plan, RemoveElement, RemoveStatement, obstructed

_FLAG = "SELECT_TF_OPS"
# Set to False it keeps tensor lists, which only TensorFlow's own operators handle.
_LOWERS_LISTS = "_experimental_lower_tensor_list_ops"
# What the converter allows when nothing is said.
_DEFAULT = "TFLITE_BUILTINS"


def _plan(request: Request) -> Plan:
    code = ConverterCode(request)
    edits: list[Edit] = []
    for statement, literal, location in code.writes(OPERATORS, TARGET_OPERATORS):
        listed = elements(literal)
        if listed is None:
            if _adds_flag(statement):
                edits.append(RemoveStatement(location))
                continue
            if any(_is_flag(node) for node in ast.walk(statement)):
                return obstructed("the operators are put together by code", location)
            continue
        flags = [element for element in listed if _is_flag(element)]
        others = [element for element in listed if not _is_flag(element)]
        if not flags:
            continue
        is_own = is_plain_assignment(statement) and literal is statement.value  # type: ignore[attr-defined]
        if all(last_name(element) == _DEFAULT for element in others) and is_own:
            edits.append(RemoveStatement(location))
        elif not others:
            return obstructed("the list of operators would be empty", code.syntax.locate(flags[0]))
        else:
            edits += [RemoveElement(code.syntax.locate(element)) for element in flags]
    if not edits:
        return obstructed(f"where {_FLAG} is written is not in view", request.finding.location)
    edits += _lists_kept(code)
    return Plan(tuple(edits))


def _lists_kept(code: ConverterCode) -> Iterator[RemoveStatement]:
    """Without the setting that keeps tensor lists."""
    for statement, literal, location in code.writes(_LOWERS_LISTS):
        is_false = isinstance(literal, ast.Constant) and literal.value is False
        if is_false and is_plain_assignment(statement):
            yield RemoveStatement(location)


def _is_flag(node: ast.AST) -> bool:
    return isinstance(node, ast.expr) and last_name(node) == _FLAG


def _adds_flag(statement: ast.stmt) -> bool:
    """Whether it is `....add(SELECT_TF_OPS)`, or `append`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("add", "append")
        and len(call.args) == 1
        and _is_flag(call.args[0])
    )


FIX = SourceFix("TFL103", FixSafety.UNSAFE, _plan)
