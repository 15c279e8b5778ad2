"""`tflint rule`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_rules
from tflint.cli.options import TextOrJson, check_format
from tflint.errors import UnknownName


def rule(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[RULE]",
            help="A code or name; without, all rules.",
            autocompletion=complete_rules,
        ),
    ] = None,
    format: TextOrJson = "text",
) -> None:
    """Show what a rule means, why it matters, the repair."""
    from tflint.cli.output import emit, print_lines
    from tflint.lint.registry import all_rules, find_rule
    from tflint.report.rule_page import render_json, render_list, render_text

    check_format(format)
    if name is None:
        rules = list(all_rules())
    else:
        found = find_rule(name)
        if found is None:
            known = [text for r in all_rules() for text in (r.meta.code, r.meta.name)]
            raise UnknownName("rule", name, known, "`tflint rule` lists them")
        rules = [found]
    if format == "json":
        emit(render_json(rules))
    else:
        print_lines(render_list(rules) if name is None else render_text(rules[0]))
