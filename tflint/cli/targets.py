"""`tflint targets`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.errors import UnknownName

FORMATS = ("text", "json")


def targets(
    format: Annotated[str, typer.Option("--format", help="Output format: text, json.")] = "text",
) -> None:
    """List what a model can be checked for."""
    from tflint.cli.output import emit, print_lines
    from tflint.report.target_table import render_json, render_text
    from tflint.target.target import named_targets

    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS, f"formats are {', '.join(FORMATS)}")
    found = list(named_targets().values())
    if format == "json":
        emit(render_json(found))
    else:
        print_lines(render_text(found))
