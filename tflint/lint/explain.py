"""What a user pastes, explained: a rule, an operator, or what a runtime printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tflint.errors import UnknownName
from tflint.lint.registry import all_rules, find_rule
from tflint.model.schema import BUILTIN_OPERATORS
from tflint.printable import printable
from tflint.report.rule_page import render_text
from tflint.report.style import Line, Span, line, wrap
from tflint.rule import Rule
from tflint.target.runtime import LEFT_OUT, RUNTIMES, Kernel, load_runtime

# A pasted log is searched no further: the patterns are cheap, but not on megabytes.
MAX_TEXT = 20_000
_WIDTH = 100


def explain_text(text: str) -> Iterator[Line]:
    """The explanation, line by line; raises `UnknownName` when nothing matches."""
    text = text[:MAX_TEXT].strip()
    rule = find_rule(text)
    if rule is not None:
        return render_text(rule)
    operator = _operator(text)
    if operator is not None:
        return _explain_operator(operator)
    rules = rules_for_error(text) or _rules_for_refusal(text)
    if rules:
        return _explain_error(rules)
    known = [n for r in all_rules() for n in (r.meta.code, r.meta.name)] + list(BUILTIN_OPERATORS)
    shown = printable(text, 60)
    hint = "give a rule, an operator, or the line that the runtime printed"
    raise UnknownName("rule, operator or error", shown, known, hint)


def rules_for_error(text: str) -> list[type[Rule]]:
    """The rules whose runtime messages occur in this text, by code."""
    return [
        rule
        for rule in all_rules()
        if any(re.search(pattern, text) for pattern in rule.meta.runtime_errors)
    ]


def _rules_for_refusal(text: str) -> list[type[Rule]]:
    """The rule about types, if a kernel is known to print this when it refuses some."""
    refusals = (
        message
        for name in RUNTIMES
        for kernel in load_runtime(name).kernels.values()
        for message in kernel.says.values()
    )
    rule = find_rule("TFL205")
    return [rule] if rule is not None and any(message in text for message in refusals) else []


def _operator(text: str) -> str | None:
    """The builtin operator that is meant: `CONV_2D`, `conv2d`, `Conv2D`."""
    wanted = text.replace("_", "").replace(" ", "").upper()
    for name in BUILTIN_OPERATORS:
        if name.replace("_", "") == wanted:
            return name
    return None


def _explain_error(rules: list[type[Rule]]) -> Iterator[Line]:
    what = "this rule" if len(rules) == 1 else "these rules"
    yield line(f"A runtime that prints this has met what {what} finds before:")
    for rule in rules:
        yield line()
        yield from render_text(rule)


def _explain_operator(name: str) -> Iterator[Line]:
    yield line(Span(name, "code"), f"  builtin operator {BUILTIN_OPERATORS.index(name)}")
    for runtime_name in RUNTIMES:
        runtime = load_runtime(runtime_name)
        kernel = runtime.kernel(name)
        yield line()
        yield line(Span(runtime.title, "path"))
        for part in wrap(f"{runtime.source}, {runtime.date}", _WIDTH, "  "):
            yield line(Span(part, "dim"))
        if kernel is None:
            yield line("  ", Span("no kernel", "error"), ": a model with it does not run (TFL203)")
            continue
        yield from _explain_kernel(kernel)


def _explain_kernel(kernel: Kernel) -> Iterator[Line]:
    if kernel.versions is not None:
        first, last = kernel.versions
        yield line(f"  versions {first} to {last}")
        return
    if kernel.constant_inputs:
        positions = ", ".join(map(str, kernel.constant_inputs))
        yield line(f"  inputs that must be constant: {positions}")
    if kernel.max_rank is not None:
        yield line(f"  takes tensors of up to {kernel.max_rank} dimensions")
    if kernel.accepts is None:
        yield line("  what types it takes is not known")
        return
    known = "takes" if kernel.complete else "known to take"
    yield line(
        f"  {known} (inputs -> outputs{', the last one repeated' if kernel.variadic else ''}):"
    )
    for signature in sorted(kernel.accepts):
        inputs, _, outputs = signature.partition("->")
        text = f"{inputs.replace(',', ', ').replace(LEFT_OUT, 'left out')} -> {outputs}"
        for part in wrap(text, _WIDTH, "    "):
            yield line(part)
