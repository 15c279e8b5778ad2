"""`tflint targets`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_targets
from tflint.cli.options import TextOrJson, check_format


def targets(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A target, or part of the names, vendor, part or core to list.",
            autocompletion=complete_targets,
        ),
    ] = None,
    format: TextOrJson = "text",
) -> None:
    """List what a model can be checked for, or show one target."""
    from tflint.cli.output import emit, print_lines
    from tflint.report.target_table import render_json, render_one, render_text
    from tflint.target.target import matching_targets

    check_format(format)
    found = matching_targets(name)
    if format == "json":
        emit(render_json(found))
    elif name is not None and len(found) == 1:
        print_lines(render_one(found[0]))
    else:
        print_lines(render_text(found))
