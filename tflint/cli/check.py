"""`tflint check`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_formats, complete_outputs, complete_words
from tflint.cli.options import (
    LEVEL_NAMES,
    LEVELS,
    Color,
    Config,
    ExtendSelect,
    Ignore,
    Isolated,
    Models,
    Select,
    StdinFilename,
    Target,
)
from tflint.cli.reporting import FORMAT_HELP, OUTPUT_HELP, STATISTICS_HELP
from tflint.errors import ExitCode


def check(
    paths: Models = None,
    target: Target = None,
    max_flash: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Flash for the model, such as 256K."),
    ] = None,
    max_ram: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="RAM for the model, such as 64K."),
    ] = None,
    max_macs: Annotated[
        str | None,
        typer.Option(
            metavar="COUNT", help="Multiply-accumulates that an inference may take, such as 2.5M."
        ),
    ] = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help=f"Lowest severity that exits with 1: {LEVELS}.",
            show_default="error",
            autocompletion=complete_words(*LEVEL_NAMES),
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=FORMAT_HELP,
            show_default="text",
            autocompletion=complete_formats,
        ),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT=FILE", help=OUTPUT_HELP, autocompletion=complete_outputs),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Accept the findings listed here; `tflint baseline` writes it."
        ),
    ] = None,
    statistics: Annotated[bool, typer.Option("--statistics", help=STATISTICS_HELP)] = False,
    config: Config = None,
    isolated: Isolated = False,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Show the settings in force, and stop.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", help="Processes to check files in.", show_default="by number of files"
        ),
    ] = None,
    stdin_filename: StdinFilename = None,
    color: Color = "auto",
) -> None:
    """Find what will fail or cost too much on the device."""
    from tflint.api import run
    from tflint.cli.config import print_settings
    from tflint.cli.output import check_color
    from tflint.cli.progress import Progress
    from tflint.cli.reporting import publish, refuse_overwriting, reporting
    from tflint.cli.stdin import from_stdin
    from tflint.config.load import load_settings

    check_color(color)
    settings = load_settings(
        {
            "target": target,
            "max-flash": max_flash,
            "max-ram": max_ram,
            "max-macs": max_macs,
            "select": select,
            "extend-select": extend_select,
            "ignore": ignore,
            "fail-on": fail_on,
            "format": format,
            "output": output,
            "baseline": baseline,
            "jobs": jobs,
        },
        config=config or (),
        isolated=isolated,
    )
    if show_settings:
        print_settings(settings, paths or [])
        return
    chosen = reporting(
        settings.values["format"], settings.values["output"], statistics=statistics, color=color
    )
    given = from_stdin(paths or (), stdin_filename)
    progress = Progress()
    try:
        report = run(
            settings,
            [] if given else paths or ["."],
            progress,
            lambda files: refuse_overwriting(chosen, files),
            () if given is None else (given,),
        )
    finally:
        progress.clear()
    publish(report, chosen)
    raise typer.Exit(ExitCode.FINDINGS if report.fails(settings.fail_on) else ExitCode.OK)
