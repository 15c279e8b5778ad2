"""TFL010."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import PLACEHOLDER_FOR_GREATER_OP_CODES, Model, OperatorCode
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage


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
    for old readers. Writers before 2020 fill only the old one, some new tools only the new
    one. The rule fires when either lacks what it could hold.

    ## Why it matters on a device
    TFLM takes the larger of the two and is not fooled. Tools are: one that reads only the
    new field sees ADD (code 0) everywhere, and ai-edge-quantizer then quantises nothing and
    reports success; a runtime from before the change sees ADD in files of the other kind.

    ## Repair
    Write the code into both fields. Outputs do not change.
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
        Good("Both fields", _relu),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        codes = context.model.operator_codes
        old = [code for code in codes if code.builtin_code < code.code]
        new = [code for code in codes if code.deprecated_builtin_code < _old_form(code)]
        for found, field, consequence in (
            (old, "deprecated field", "tools that read the new field see ADD"),
            (new, "new field", "readers from before schema 3a see ADD"),
        ):
            if found:
                yield self.finding(
                    f"{_names(found)}: code only in the {field}; {consequence}",
                    location=Location(anchor=field),
                    help="write the code into both fields",
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
                )


def _old_form(code: OperatorCode) -> int:
    """What the byte-sized field should hold."""
    return min(code.code, PLACEHOLDER_FOR_GREATER_OP_CODES)


def _names(codes: list[OperatorCode]) -> str:
    names = [printable(code.name, 40) for code in codes[:4]]
    return ", ".join(names) + (f" and {len(codes) - 4} more" if len(codes) > 4 else "")
