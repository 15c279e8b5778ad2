"""What `tflint explain` answers, for people and as JSON."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tflint.model.schema import BUILTIN_OPERATORS
from tflint.report.rule_page import render_text as render_rule
from tflint.report.style import Line, Span, line, wrap
from tflint.rule import Rule
from tflint.target.runtime import LEFT_OUT, RUNTIMES, Kernel, Runtime, load_runtime

WIDTH = 100
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """A rule was asked for by its code or name."""

    rule: type[Rule]


@dataclass(frozen=True, slots=True)
class OperatorAnswer:
    """A builtin operator was asked for; `register` is the call that adds it to a resolver."""

    name: str
    register: str | None


@dataclass(frozen=True, slots=True)
class MessageAnswer:
    """A message was found in the text: what printed it, why, what to do.

    `rules` are those whose findings say so before; `operator` is the one that it is about.
    """

    name: str
    text: str
    by: str
    source: str
    cause: str
    repair: str
    rules: tuple[type[Rule], ...] = ()
    operator: str | None = None


Answer = RuleAnswer | OperatorAnswer | MessageAnswer


def render(answers: Sequence[Answer]) -> Iterator[Line]:
    """The answers, line by line."""
    shown = None
    for index, answer in enumerate(answers):
        if index:
            yield line()
        if isinstance(answer, RuleAnswer):
            yield from render_rule(answer.rule)
        elif isinstance(answer, OperatorAnswer):
            yield from _operator(answer)
        else:
            if answer.text != shown:
                for text in wrap(answer.text, WIDTH, ""):
                    yield line(Span(text, "path"))
            shown = answer.text
            yield from _message(answer)


def _message(answer: MessageAnswer) -> Iterator[Line]:
    origin = f"{answer.by}, {answer.source}" if answer.by else ""
    for title, text, role in (
        ("from", origin, "dim"),
        ("cause", answer.cause, ""),
        ("repair", answer.repair, ""),
    ):
        indent = " " * 10
        for number, part in enumerate(wrap(text, WIDTH, indent) if text else ()):
            head = Span(f"  {title:<8}", "dim") if number == 0 else Span(indent)
            yield line(head, Span(part[len(indent) :], role))
    for rule in answer.rules:
        meta = rule.meta
        yield line(Span(meta.code, "code"), f" {meta.name}  ", Span(meta.group, "dim"))
        # What a rule alone explains begins with its summary.
        summary = "" if answer.cause.startswith(rule.summary()) else f"{rule.summary()} "
        for part in wrap(f"{summary}`tflint rule {meta.code}` says more.", WIDTH, "  "):
            yield line(Span(part, "dim"))


def _operator(answer: OperatorAnswer) -> Iterator[Line]:
    number = BUILTIN_OPERATORS.index(answer.name)
    yield line(Span(answer.name, "code"), f"  builtin operator {number}")
    for runtime_name in RUNTIMES:
        runtime = load_runtime(runtime_name)
        kernel = runtime.kernel(answer.name)
        yield line()
        yield line(Span(runtime.title, "path"))
        for part in wrap(f"{runtime.source}, {runtime.date}", WIDTH, "  "):
            yield line(Span(part, "dim"))
        if kernel is None:
            yield line("  ", Span("no kernel", "error"), ": a model with it does not run (TFL203)")
            continue
        if runtime.is_mcu and answer.register:
            yield line("  registered with ", Span(answer.register, "code"))
        yield from _kernel(kernel)


def _kernel(kernel: Kernel) -> Iterator[Line]:
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
        for part in wrap(text, WIDTH, "    "):
            yield line(part)


def render_json(answers: Sequence[Answer]) -> str:
    """The answers as a document, each with the same keys."""
    document = {"schema": SCHEMA, "matches": [_document(answer) for answer in answers]}
    return json.dumps(document, indent=2) + "\n"


def _document(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, RuleAnswer):
        meta = answer.rule.meta
        cause, repair = sections(answer.rule)
        return _entry("rule", meta.name, cause=cause, repair=repair, rules=[meta.code])
    if isinstance(answer, OperatorAnswer):
        runtimes = [_runtime(load_runtime(name), answer) for name in RUNTIMES]
        return _entry("operator", answer.name, operator=answer.name, runtimes=runtimes)
    return _entry(
        "message",
        answer.name,
        text=answer.text,
        by=answer.by or None,
        source=answer.source or None,
        cause=answer.cause,
        repair=answer.repair,
        rules=[rule.meta.code for rule in answer.rules],
        operator=answer.operator,
    )


def _entry(kind: str, name: str, **values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "text": None,
        "by": None,
        "source": None,
        "cause": None,
        "repair": None,
        "rules": [],
        "operator": None,
        "runtimes": [],
    }
    return {"kind": kind, "name": name, **empty, **values}


def _runtime(runtime: Runtime, answer: OperatorAnswer) -> dict[str, Any]:
    kernel = runtime.kernel(answer.name)
    known = kernel is not None and kernel.accepts is not None
    return {
        "runtime": runtime.name,
        "kernel": kernel is not None,
        "register": answer.register if kernel is not None and runtime.is_mcu else None,
        "versions": list(kernel.versions) if kernel and kernel.versions else None,
        "accepts": sorted(kernel.accepts or ()) if kernel and known else None,
    }


def sections(rule: type[Rule]) -> tuple[str, str]:
    """Of a rule's page: what it is about and why that matters, and the repair."""
    found = {"": ""}
    head = ""
    for paragraph in inspect.cleandoc(rule.__doc__ or "").split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        if first.startswith("## "):
            head = first.removeprefix("## ")
            paragraph = rest
        found[head] = f"{found.get(head, '')} {' '.join(paragraph.split())}".strip()
    cause = f"{found['']} {found.get('Why it matters on a device', '')}"
    return cause.strip(), found.get("Repair", "")
