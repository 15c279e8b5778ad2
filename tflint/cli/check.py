"""`tflint check`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.reporting import FORMAT_HELP, OUTPUT_HELP, STATISTICS_HELP
from tflint.errors import ExitCode, UnknownName
from tflint.finding import Severity
from tflint.target.target import DEFAULT_TARGET

LEVELS = (*(severity.value for severity in Severity), "never")


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Models, or folders to search for them.", show_default="."),
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-t",
            help="What the model is for: a name from `tflint targets`, or with a budget as "
            "cortex-m4:flash=256K,ram=64K.",
        ),
    ] = DEFAULT_TARGET,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Run only these rules: codes, prefixes or names. Repeatable."),
    ] = None,
    extend_select: Annotated[
        list[str] | None, typer.Option(help="Run these rules as well. Repeatable.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            help="Do not run these rules. Repeatable. Unreadable files are reported anyway."
        ),
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help=f"Lowest severity that exits with 1: {', '.join(LEVELS)}.")
    ] = Severity.ERROR.value,
    format: Annotated[str, typer.Option("--format", help=FORMAT_HELP)] = "text",
    output: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT=FILE", help=OUTPUT_HELP)
    ] = None,
    statistics: Annotated[bool, typer.Option("--statistics", help=STATISTICS_HELP)] = False,
    color: Annotated[
        str, typer.Option(help="Colour in text output: auto, always, never.")
    ] = "auto",
) -> None:
    """Find what will fail or cost too much on the device."""
    import dataclasses

    from tflint.cli.output import check_color
    from tflint.cli.reporting import publish, refuse_overwriting, reporting
    from tflint.lint.discover import discover
    from tflint.lint.runner import check_files
    from tflint.lint.selection import select_rules
    from tflint.target.target import find_target

    check_color(color)
    chosen = reporting(format, output or (), statistics=statistics, color=color)
    if fail_on not in LEVELS:
        raise UnknownName("level", fail_on, LEVELS, f"levels are {', '.join(LEVELS)}")
    level = None if fail_on == "never" else Severity(fail_on)
    checked_for = find_target(target)
    rules = select_rules(select or (), ignore or (), extend_select or ())
    artifacts = discover(paths or ["."])
    refuse_overwriting(chosen, (artifact.path for artifact in artifacts))
    report = check_files(artifacts, rules, checked_for)
    publish(dataclasses.replace(report, fail_on=level), chosen)
    raise typer.Exit(ExitCode.FINDINGS if report.fails(level) else ExitCode.OK)
