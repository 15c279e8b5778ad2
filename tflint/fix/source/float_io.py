"""TFL107: inputs and outputs of the type that the model computes in."""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.converter_code import OPERATORS, ConverterCode, elements, last_name
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.keras.facts import Conversion
from tflint.source.edits import Edit, Plan, Replace, obstructed

_SIDES = ("inference_input_type", "inference_output_type")
_INT8_OPERATORS = "TFLITE_BUILTINS_INT8"
_INT16_OPERATORS = "ACTIVATIONS_INT16"


def _plan(request: Request) -> Plan:
    code = ConverterCode(request)
    edits: list[Edit] = []
    for conversion in code.conversions:
        site = code.site(conversion)
        if site is None:
            return obstructed("the converter is not in view", conversion.location)
        root = site.tensorflow
        if root is None:
            return obstructed("TensorFlow has no name in this file", conversion.location)
        body = _body(code, conversion)
        wanted = f"{root}.{body}"
        lines = []
        for side in _SIDES:
            setting = conversion.settings.get(side)
            if setting is None:
                lines.append(f"{{converter}}.{side} = {wanted}")
        for statement, _, location in code.writes(*_SIDES):
            if not isinstance(statement, ast.Assign):
                return obstructed("the types are set together with something else", location)
            if last_name(statement.value) != body:
                edits.append(Replace(code.syntax.locate(statement.value), wanted))
        if OPERATORS not in conversion.settings and body == "int8":
            listed = f"[{site.lite}.OpsSet.{_INT8_OPERATORS}]"
            lines.insert(0, f"{{converter}}.{OPERATORS} = {listed}")
        if lines:
            edits += site.insertion(lines)
    if not edits:
        return obstructed("the conversion is not in view", request.finding.location)
    note = "inputs are integers now: apply the input's scale and zero point on the device"
    return Plan(tuple(dict.fromkeys(edits)), notes=(note,))


def _body(code: ConverterCode, conversion: Conversion) -> str:
    """The type that the model computes in: int8, or int16 where its operators are allowed."""
    for statement, literal, _ in code.writes(OPERATORS):
        for element in elements(literal) or (n for n in ast.walk(statement)):
            if isinstance(element, ast.expr) and _INT16_OPERATORS in last_name(element):
                return "int16"
    return "int8"


FIX = SourceFix("TFL107", FixSafety.UNSAFE, _plan)
