"""TFL115: today's names and settings of the converter, where they mean the same."""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.converter_code import ConverterCode, is_plain_assignment, last_name
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.source.edits import Edit, Plan, RemoveStatement, Replace, obstructed
from tflint.source.syntax import place

_OLD_OPTIMIZATIONS = ("OPTIMIZE_FOR_SIZE", "OPTIMIZE_FOR_LATENCY")
_DROPPED = ("experimental_new_converter", "experimental_new_quantizer")
_QUANTIZE = "post_training_quantize"
_TARGET_OPS = "target_ops"
# Ways to make a converter that TensorFlow 2 has under the same name.
_SAME = frozenset(("from_saved_model", "from_keras_model", "from_concrete_functions"))


def _plan(request: Request) -> Plan:
    code = ConverterCode(request)
    at = request.finding.location
    edits: list[Edit] = []
    for conversion in code.conversions:
        if place(conversion.constructor_location) == place(at):
            return _constructor(code, request)
    for statement, _, _ in code.writes("optimizations"):
        for element in ast.walk(statement):
            if isinstance(element, ast.Attribute) and element.attr in _OLD_OPTIMIZATIONS:
                text = f"{code.syntax.text(element.value)}.DEFAULT"
                edits.append(Replace(code.syntax.locate(element), text))
    for name in (*_DROPPED, _QUANTIZE, _TARGET_OPS):
        for statement, literal, location in code.writes(name):
            places = {place(location)} | (
                {place(code.syntax.locate(literal))} if literal else set()
            )
            if place(at) in places:
                return _attribute(code, name, statement, request)
    edits = list(dict.fromkeys(edits))
    if not edits:
        return obstructed("what it is made of is not in view", at)
    return Plan(tuple(edits))


def _attribute(code: ConverterCode, name: str, statement: ast.stmt, request: Request) -> Plan:
    """An assignment to an attribute that is called something else, or does nothing, now."""
    at = code.syntax.locate(statement)
    if not is_plain_assignment(statement):
        return obstructed(f"{name} is set together with something else", at)
    assert isinstance(statement, ast.Assign)
    target = statement.targets[0]
    if not isinstance(target, ast.Attribute):
        return obstructed(f"{name} is not set as an attribute", at)
    # Where TensorFlow 2 ignores the setting, writing it anew changes the model.
    safety = request.finding.fix.safety if request.finding.fix else FixSafety.UNSAFE
    if name in _DROPPED:
        return Plan((RemoveStatement(at),), safety=FixSafety.UNSAFE)
    converter = code.syntax.text(target.value)
    where = code.syntax.locate(target)
    if name == _TARGET_OPS:
        return Plan((Replace(where, f"{converter}.target_spec.supported_ops"),), safety=safety)
    value = statement.value
    if isinstance(value, ast.Constant) and value.value is False:
        return Plan((RemoveStatement(at),), safety=safety)
    if not (isinstance(value, ast.Constant) and value.value is True):
        return obstructed(f"whether {name} is set depends on what is computed", at)
    site = next((s for s in map(code.site, code.conversions) if s is not None), None)
    if site is None or site.lite is None:
        return obstructed("TensorFlow has no name in this file", at)
    new = f"[{site.lite}.Optimize.DEFAULT]"
    return Plan(
        (
            Replace(where, f"{converter}.optimizations"),
            Replace(code.syntax.locate(value), new),
        ),
        safety=safety,
    )


def _constructor(code: ConverterCode, request: Request) -> Plan:
    """The call that makes a TensorFlow 1 converter."""
    at = request.finding.location
    call = code.syntax.expression(at)
    if not isinstance(call, ast.Call):
        return obstructed("how the converter is made is not in view", at)
    name = last_name(call.func)
    site = next((s for s in map(code.site, code.conversions) if s is not None), None)
    root = site.tensorflow if site is not None else None
    if root is None or site is None:
        return obstructed("TensorFlow has no name in this file", at)
    today = f"{site.lite}.TFLiteConverter"
    where = code.syntax.locate(call.func)
    if name in _SAME:
        return Plan((Replace(where, f"{today}.{name}"),), safety=FixSafety.UNSAFE)
    if name == "from_keras_model_file" and len(call.args) == 1 and not call.keywords:
        file = call.args[0]
        loaded = f"{root}.keras.models.load_model({code.syntax.text(file)})"
        edits = (
            Replace(where, f"{today}.from_keras_model"),
            Replace(code.syntax.locate(file), loaded),
        )
        return Plan(edits, safety=FixSafety.UNSAFE)
    return obstructed(f"TensorFlow 2 has no counterpart of {name} that takes the same", at)


FIX = SourceFix("TFL115", FixSafety.SAFE, _plan)
