"""`tflint explain`."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from tflint.cli.complete import complete_rules
from tflint.cli.options import TextOrJson, check_format


def explain(
    text: Annotated[
        str,
        typer.Argument(
            help="A rule's code or name, an operator (CONV_2D), or what a runtime, converter or "
            "linker printed; - reads it from standard input.",
            autocompletion=complete_rules,
        ),
    ],
    format: TextOrJson = "text",
) -> None:
    """Explain a rule, an operator, or a pasted runtime error."""
    from tflint.cli.output import emit, print_lines
    from tflint.lint.explain import MAX_TEXT
    from tflint.lint.explain import explain as answers_to
    from tflint.report.explanation import render, render_json

    check_format(format)
    if text == "-":
        # Serial lines bring bytes that are no text.
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="backslashreplace")
        text = sys.stdin.read(MAX_TEXT)
    answers = answers_to(text)
    if format == "json":
        emit(render_json(answers))
    else:
        print_lines(render(answers))
