"""Whether a runtime for microcontrollers takes a model at all, and in whose words it does not."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from tflint.finding import Finding, Severity
from tflint.lint.context import LintedModel
from tflint.lint.registry import built_in_rules
from tflint.report.wording import BUDGETS
from tflint.rule import Kind, Rule

# What a finding quotes of a runtime: `TFLM has no hybrid kernels ("Hybrid models are ...")`.
_QUOTED = re.compile(r'\("[^"]+"\)')


def refusal(context: LintedModel) -> str | None:
    """Why the target's runtime does not run this readable model; None when nothing is known.

    The message of the first error that the built-in rules find, whatever was selected or
    ignored: those errors were held against TFLM, which refuses exactly these models. Budgets
    do not count, and what cannot be planned at all does. An error that quotes the runtime goes
    before others, as it is what the user will see.
    """
    return refusal_among([f for rule in refusing_rules() for f in _errors(rule, context)], context)


def refusal_among(findings: Sequence[Finding], context: LintedModel) -> str | None:
    """The same, from the findings of a run in which all `refusing_rules` took part."""
    codes = {rule.meta.code for rule in refusing_rules()}
    errors = [f for f in findings if f.severity is Severity.ERROR and f.code in codes]
    if errors:
        return min(errors, key=_order).message
    if context.is_sound and context.memory is not None:
        return context.memory.fault
    return None


@functools.cache
def refusing_rules() -> tuple[type[Rule], ...]:
    """The rules whose errors are what the runtime refuses."""
    return tuple(
        rule
        for rule in built_in_rules()
        if Kind.TFLITE in rule.meta.applies_to
        and (rule.meta.severity is Severity.ERROR or rule.meta.may_refuse)
        and not rule.meta.code.startswith(BUDGETS)
    )


def _errors(rule: type[Rule], context: LintedModel) -> Iterator[Finding]:
    """The rule's errors, up to the first that quotes the runtime."""
    if context.can_run(rule):
        for finding in rule().check_model(context):
            if finding.severity is Severity.ERROR:
                yield finding
                if _QUOTED.search(finding.message):
                    return


def _order(finding: Finding) -> tuple[bool, int, int, str]:
    at = finding.location
    quotes = _QUOTED.search(finding.message) is not None
    return not quotes, at.subgraph or 0, at.operator or 0, finding.code
