"""`tflint check`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.errors import ExitCode, UnknownName, UsageError
from tflint.finding import Severity
from tflint.target.target import DEFAULT_TARGET

FORMATS = ("text", "json")
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
    format: Annotated[
        str, typer.Option("--format", help=f"Output format: {', '.join(FORMATS)}.")
    ] = "text",
    color: Annotated[
        str, typer.Option(help="Colour in text output: auto, always, never.")
    ] = "auto",
) -> None:
    """Find what will fail or cost too much on the device."""
    from tflint.cli.output import check_color, emit, print_lines
    from tflint.lint.discover import discover
    from tflint.lint.runner import check_files
    from tflint.lint.selection import select_rules
    from tflint.target.target import find_target

    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS, f"formats are {', '.join(FORMATS)}")
    if fail_on not in LEVELS:
        raise UnknownName("level", fail_on, LEVELS, f"levels are {', '.join(LEVELS)}")
    check_color(color)
    if format != "text" and color == "always":
        raise UsageError(f"--color always and --format {format} contradict each other")
    chosen = find_target(target)
    rules = select_rules(select or (), ignore or (), extend_select or ())
    report = check_files(discover(paths or ["."]), rules, chosen)
    if format == "json":
        from tflint.report.json_document import render as render_json

        emit(render_json(report))
    else:
        from tflint.report.text import render

        print_lines(render(report), color=color)
    level = None if fail_on == "never" else Severity(fail_on)
    raise typer.Exit(ExitCode.FINDINGS if report.fails(level) else ExitCode.OK)
