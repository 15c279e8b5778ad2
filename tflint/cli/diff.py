"""`tflint diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.errors import ExitCode, UnknownName, UsageError
from tflint.finding import Severity
from tflint.target.target import DEFAULT_TARGET

FORMATS = ("text", "markdown", "json")
LEVELS = (*(severity.value for severity in Severity), "never")


def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="The earlier model; /dev/null for none.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The later model; /dev/null for none.")],
    target: Annotated[
        str,
        typer.Option("--target", "-t", help="What the models are for, as for `tflint check`."),
    ] = DEFAULT_TARGET,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Run only these rules: codes, prefixes or names. Repeatable."),
    ] = None,
    extend_select: Annotated[
        list[str] | None, typer.Option(help="Run these rules as well. Repeatable.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Do not run these rules. Repeatable.")
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            help="Lowest severity of a finding that B has and A has not that exits with 1: "
            f"{', '.join(LEVELS)}."
        ),
    ] = Severity.ERROR.value,
    format: Annotated[
        str, typer.Option("--format", help=f"Output format: {', '.join(FORMATS)}.")
    ] = "text",
    color: Annotated[
        str, typer.Option(help="Colour in text output: auto, always, never.")
    ] = "auto",
) -> None:
    """Show what changed from one model to another: operators, bytes, interface, findings."""
    from tflint.cli.output import check_color, emit, print_lines
    from tflint.lint.diff import diff_files
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
    report = diff_files(before, after, rules, chosen)
    if format == "json":
        from tflint.report.diff_json import render as render_json

        emit(render_json(report))
    elif format == "markdown":
        from tflint.report.diff_markdown import render as render_markdown

        emit(render_markdown(report))
    else:
        from tflint.report.diff_text import render

        print_lines(render(report), color=color)
    level = None if fail_on == "never" else Severity(fail_on)
    raise typer.Exit(ExitCode.FINDINGS if report.fails(level) else ExitCode.OK)
