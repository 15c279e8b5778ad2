"""TFL104."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint_rules.layout.converter_examples import conversion
from tflint_rules.layout.converter_settings import CUSTOM_OPERATORS, Conversions, Way


class CustomOpsFlag(Rule):
    """The converter may keep operators that it does not know, as custom operators.

    ## What it does
    Finds `allow_custom_ops = True` in force at a `.convert()`.

    ## Why it matters on a device
    An operator without a builtin counterpart is written into the file under its TensorFlow
    name instead of stopping the conversion. The runtime on the device needs a kernel that was
    registered under that very name; without one TFLM fails when it prepares the model: "Failed
    to get registration from op code CUSTOM".

    ## Repair
    Remove the line: the conversion fails if, and only if, a custom operator is needed, and
    names it. If the firmware brings its kernel, keep the line and say so with
    `# tflint: ignore[custom-ops-flag] why`.
    """

    meta = Metadata(
        "TFL104",
        "custom-ops-flag",
        Severity.WARNING,
        fix=FixSafety.UNSAFE,
        applies_to=SOURCES,
    )
    examples = (
        Bad("Allowed", lambda: conversion("allow_custom_ops = True"), says="custom operators"),
        Good("Not allowed", lambda: conversion("allow_custom_ops = False")),
        Good(
            "Taken back before the conversion",
            lambda: conversion("allow_custom_ops = True", "allow_custom_ops = False"),
        ),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        for one in conversions:
            found = conversions.judge(one, (CUSTOM_OPERATORS,), _allows)
            if found is None:
                continue
            yield self.finding(
                "allow_custom_ops lets custom operators into the model: one that has no builtin "
                f"counterpart no longer stops the conversion, but {context.runtime.title} on "
                "the device, unless the firmware registers a kernel by its name",
                location=found.way.assignment(CUSTOM_OPERATORS) or one.location,
                confidence=None if found.is_certain else Confidence.MEDIUM,
                help="remove the line: the conversion then names the operator, if there is one",
                fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
            )


def _allows(way: Way) -> bool:
    value = way.value(CUSTOM_OPERATORS)
    return isinstance(value, bool | int) and bool(value)
