"""`tflint explain`."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    text: Annotated[
        str,
        typer.Argument(
            help="A rule's code or name, an operator (CONV_2D), or what a runtime printed."
        ),
    ],
) -> None:
    """Explain a rule, an operator, or a pasted runtime error."""
    from tflint.cli.output import print_lines
    from tflint.lint.explain import explain_text

    print_lines(explain_text(text))
