"""A rule's page, for the terminal and as JSON, from its metadata and docstring."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence

from tflint.report.style import Line, Span, line, wrap
from tflint.rule import Rule

WIDTH = 100


def render_list(rules: Sequence[type[Rule]]) -> Iterator[Line]:
    """A line a rule, by family."""
    width = max(len(rule.meta.name) for rule in rules)
    group = ""
    for rule in rules:
        meta = rule.meta
        if meta.group != group:
            if group:
                yield line()
            group = meta.group
            yield line(Span(group, "path"))
        yield line(
            "  ",
            Span(meta.code, "code"),
            f" {meta.name:<{width}}  ",
            Span(f"{meta.severity.value:<7}", meta.severity.value),
            f"  {rule.summary()}",
        )


def render_text(rule: type[Rule]) -> Iterator[Line]:
    """The whole page."""
    meta = rule.meta
    yield line(Span(meta.code, "code"), f" {meta.name}  ", Span(meta.group, "dim"))
    fix = f", repair {meta.fix.value}" if meta.fix else ""
    yield line(
        Span(meta.severity.value, meta.severity.value),
        Span(f", confidence {meta.confidence.value}{fix}, since {meta.since}", "dim"),
    )
    for paragraph in inspect.cleandoc(rule.__doc__ or "").split("\n\n"):
        yield line()
        head, _, rest = paragraph.partition("\n")
        if head.startswith("## "):
            yield line(Span(head.removeprefix("## "), "path"))
        else:
            rest = paragraph
        for text in wrap(" ".join(rest.split()), WIDTH, ""):
            yield line(text)
    if rule.examples:
        yield line()
        yield line(Span("Examples", "path"))
        for example in rule.examples:
            fires = type(example).__name__ == "Bad"
            word = Span("fires ", "warning") if fires else Span("passes", "good")
            where = "" if example.target == "tflm" else f" ({example.target})"
            yield line("  ", word, f"  {example.title}{where}")


def render_json(rules: Sequence[type[Rule]]) -> str:
    """The rules as a document."""
    document = {
        "schema": 1,
        "rules": [
            {
                "code": rule.meta.code,
                "name": rule.meta.name,
                "group": rule.meta.group,
                "severity": rule.meta.severity.value,
                "confidence": rule.meta.confidence.value,
                "fix": rule.meta.fix.value if rule.meta.fix else None,
                "applies_to": sorted(kind.value for kind in rule.meta.applies_to),
                "since": rule.meta.since,
                "summary": rule.summary(),
                "documentation": inspect.cleandoc(rule.__doc__ or ""),
            }
            for rule in rules
        ],
    }
    return json.dumps(document, indent=2) + "\n"
