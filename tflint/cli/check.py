"""`tflint check`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import (
    complete_formats,
    complete_outputs,
    complete_rules,
    complete_targets,
    complete_words,
)
from tflint.cli.output import COLOR_CHOICES
from tflint.cli.reporting import FORMAT_HELP, OUTPUT_HELP, STATISTICS_HELP
from tflint.errors import ExitCode
from tflint.finding import Severity

LEVEL_NAMES = (*(severity.value for severity in Severity), "never")
LEVELS = ", ".join(LEVEL_NAMES)


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Models, or folders to search for them.", show_default="."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            help="What the model is for: a name from `tflint targets`, or with a budget as "
            "cortex-m4:flash=256K,ram=64K.",
            show_default="tflm",
            autocompletion=complete_targets,
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            help="Run only these rules: codes, prefixes or names. Repeatable.",
            autocompletion=complete_rules,
        ),
    ] = None,
    extend_select: Annotated[
        list[str] | None,
        typer.Option(help="Run these rules as well. Repeatable.", autocompletion=complete_rules),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            help="Do not run these rules. Repeatable. Unreadable files are reported anyway.",
            autocompletion=complete_rules,
        ),
    ] = None,
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
    config: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|KEY=VALUE",
            help="A configuration file instead of the nearest, or one setting. Repeatable.",
        ),
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Leave configuration files and variables out.")
    ] = False,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Show the settings in force, and stop.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", help="Processes to check files in.", show_default="by number of files"
        ),
    ] = None,
    color: Annotated[
        str,
        typer.Option(
            help="Colour in text output: auto, always, never.",
            autocompletion=complete_words(*COLOR_CHOICES),
        ),
    ] = "auto",
) -> None:
    """Find what will fail or cost too much on the device."""
    from tflint.api import run
    from tflint.cli.config import print_settings
    from tflint.cli.output import check_color
    from tflint.cli.progress import Progress
    from tflint.cli.reporting import publish, refuse_overwriting, reporting
    from tflint.config.load import load_settings

    check_color(color)
    settings = load_settings(
        {
            "target": target,
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
    progress = Progress()
    try:
        report = run(
            settings, paths or ["."], progress, lambda files: refuse_overwriting(chosen, files)
        )
    finally:
        progress.clear()
    publish(report, chosen)
    raise typer.Exit(ExitCode.FINDINGS if report.fails(settings.fail_on) else ExitCode.OK)
