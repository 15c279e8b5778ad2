"""TFL010."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import PLACEHOLDER_FOR_GREATER_OP_CODES, Model, OperatorCode
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

_ONLY_OLD = "code only in the deprecated field"
_ONLY_NEW = "code only in the new field"
_DIFFERENT = "the two fields name different operators"
_CONSEQUENCES = {
    _ONLY_OLD: "tools that read the new field see ADD",
    _ONLY_NEW: "readers from before schema 3a see ADD",
    _DIFFERENT: "which operator runs depends on the reader, TFLM takes the larger code",
}
# The new field is an int32, the old one a byte, with padding and a slot in the vtable. What
# follows stays on 16-byte boundaries.
_FIELD_BYTES = 8
_ALIGNMENT = 16


def _relu(**fields: int) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    built = model.build()
    code = dataclasses.replace(built.operator_codes[0], **fields)  # type: ignore[arg-type]
    return dataclasses.replace(built, operator_codes=(code,))


class LegacyOpcode(Rule):
    """An operator's code is in only one of the two fields that readers look at.

    ## What it does
    Since schema 3a an operator's code has a 32-bit field; the byte it had before is kept
    for old readers, with 127 for codes that do not fit it. Writers before 2020 fill only the
    old one, some new tools only the new one. The rule fires when either lacks what it should
    hold, and when they name different operators.

    ## Why it matters on a device
    TFLM takes the larger of the two and is not fooled. Tools are: one that reads only the
    new field sees ADD (code 0) everywhere, and ai-edge-quantizer then quantises nothing and
    reports success; a runtime from before the change sees ADD in files of the other kind.

    ## Repair
    Write the code into both fields, which adds a few bytes for each. Outputs do not
    change.
    """

    meta = Metadata(
        "TFL010", "legacy-opcode", Severity.INFO, fix=FixSafety.SAFE, stage=Stage.TABLES
    )
    examples = (
        Bad("Only the old field", lambda: _relu(builtin_code=0), says="only in the deprecated"),
        Bad(
            "Only the new field",
            lambda: _relu(deprecated_builtin_code=0),
            says="only in the new",
        ),
        Bad(
            "Two different operators",
            lambda: _relu(deprecated_builtin_code=3),
            says="CONV_2D in the deprecated",
        ),
        Good("Both fields", _relu),
        Good(
            "A code that the old field cannot hold",
            lambda: _relu(deprecated_builtin_code=127, builtin_code=150),
        ),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        codes = context.model.operator_codes
        found: dict[str, list[OperatorCode]] = {}
        for code in codes:
            problem = _problem(code)
            if problem is not None:
                found.setdefault(problem, []).append(code)
        for problem, consequence in _CONSEQUENCES.items():
            if problem in found:
                of_this = found[problem]
                yield self.finding(
                    f"{_names(of_this)}: {problem}; {consequence}",
                    location=Location(anchor=problem.removeprefix("code only in the ")),
                    help="write the code into both fields, which adds at most "
                    f"{size_text(_added(of_this))} of flash",
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
                )


def _problem(code: OperatorCode) -> str | None:
    """What is wrong with the two fields of an operator's code."""
    old, new = code.deprecated_builtin_code, code.builtin_code
    if old == _old_form(code) and new == code.code:
        return None
    if new == 0 < old:
        return _ONLY_OLD
    # A negative byte is as good as none: readers take the larger field.
    return _ONLY_NEW if old <= 0 else _DIFFERENT


def _added(codes: list[OperatorCode]) -> int:
    """The most bytes that the second field of these codes adds to the file."""
    return -(-_FIELD_BYTES * len(codes) // _ALIGNMENT) * _ALIGNMENT


def _old_form(code: OperatorCode) -> int:
    """What the byte-sized field should hold."""
    return min(code.code, PLACEHOLDER_FOR_GREATER_OP_CODES)


def _names(codes: list[OperatorCode]) -> str:
    names = [_name(code) for code in codes[:4]]
    return ", ".join(names) + (f" and {len(codes) - 4} more" if len(codes) > 4 else "")


def _name(code: OperatorCode) -> str:
    name = printable(code.name, 40)
    if _problem(code) is not _DIFFERENT:
        return name
    fields = (("deprecated", code.deprecated_builtin_code), ("new", code.builtin_code))
    parts = (f"{OperatorCode(builtin_code=value).name} in the {field}" for field, value in fields)
    return " and ".join(parts)
