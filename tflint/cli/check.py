"""`tflint check`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_formats, complete_rules, complete_targets
from tflint.errors import ExitCode, UsageError

# The names of `finding.Severity` and `report.formats`, which a start without `check` does not load.
LEVELS = "error, warning, info, never"
FORMATS = "text, concise, json, sarif, github, gitlab, junit, markdown"


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
        typer.Option(help=f"Lowest severity that exits with 1: {LEVELS}.", show_default="error"),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"Output format: {FORMATS}.",
            show_default="text",
            autocompletion=complete_formats,
        ),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT=FILE", help="Write the report to a file as well. Repeatable."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Accept the findings listed here; `tflint baseline` writes it."
        ),
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Show how often each rule fires, not where.")
    ] = False,
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
        str, typer.Option(help="Colour in text output: auto, always, never.")
    ] = "auto",
) -> None:
    """Find what will fail or cost too much on the device."""
    from tflint.api import run
    from tflint.cli.config import print_settings
    from tflint.cli.output import check_color, emit, print_lines, warn
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings
    from tflint.report.formats import find_format

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
    chosen = find_format(settings.values["format"])
    if chosen.name != "text" and color == "always":
        raise UsageError(f"--color always and --format {chosen.name} contradict each other")
    progress = Progress()
    try:
        report = run(settings, paths or ["."], progress)
    finally:
        progress.clear()
    if not chosen.has_notes:
        for note in report.notes:
            warn(note)
    if chosen.styled:
        print_lines(chosen.lines(report), color=color)
    else:
        emit(chosen.document(report))
    raise typer.Exit(ExitCode.FINDINGS if report.fails(settings.fail_on) else ExitCode.OK)
