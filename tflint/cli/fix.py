"""`tflint fix`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.complete import complete_words
from tflint.cli.options import (
    LEVEL_NAMES,
    LEVELS,
    Color,
    Config,
    ExtendSelect,
    Ignore,
    Isolated,
    Select,
    StdinFilename,
    Target,
    TextOrJson,
    check_format,
)
from tflint.errors import ExitCode, UsageError


def fix(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Keras sources, or folders to search; - is stdin.", show_default="."),
    ] = None,
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe", help="Repair also where that changes an interface or what is computed."
        ),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what would change, and write nothing.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write there, not over the source."),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Edit files where they are: for sources the default."),
    ] = False,
    stdin_filename: StdinFilename = None,
    target: Target = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help=f"Lowest severity that exits with 1 where it is left: {LEVELS}.",
            show_default="error",
            autocompletion=complete_words(*LEVEL_NAMES),
        ),
    ] = None,
    format: TextOrJson = "text",
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Repair Keras sources where they stand.

    Takes the repairs that leave what the code does as it is; with --unsafe the others as well.
    What was repaired is checked again before anything is written. Exits with 1 when findings are
    left that --fail-on covers, when a repair did not hold up, and with --diff when there would be
    changes.
    """
    from tflint.api import run_fix
    from tflint.cli.fix_output import publish, refuse
    from tflint.cli.output import check_color
    from tflint.cli.stdin import from_stdin
    from tflint.config.load import load_settings

    if in_place and output is not None:
        raise UsageError("--in-place and --output exclude each other")
    check_color(color)
    check_format(format)
    refuse(paths or ["."], output, format, diff=diff, color=color)
    settings = load_settings(
        {
            "target": target,
            "select": select,
            "extend-select": extend_select,
            "ignore": ignore,
            "fail-on": fail_on,
        },
        config=config or (),
        isolated=isolated,
    )
    given = from_stdin(paths or (), stdin_filename)
    repaired = run_fix(settings, paths or ["."], unsafe=unsafe, given=given)
    report = publish(
        repaired,
        format,
        diff=diff,
        output=None if output is None else Path(output),
        to_stdout=given is not None,
        color=color,
    )
    would_change = diff and any(file.is_changed for file in report.files)
    raise typer.Exit(ExitCode.FINDINGS if report.fails or would_change else ExitCode.OK)
