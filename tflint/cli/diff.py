"""`tflint diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.check import LEVEL_NAMES, LEVELS
from tflint.cli.complete import complete_rules, complete_targets, complete_words
from tflint.cli.output import COLOR_CHOICES
from tflint.errors import ExitCode, UnknownName, UsageError

FORMATS = ("text", "markdown", "json")


def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="The earlier model; /dev/null for none.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The later model; /dev/null for none.")],
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            help="What the models are for, as for `tflint check`.",
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
        typer.Option(help="Do not run these rules. Repeatable.", autocompletion=complete_rules),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Lowest severity of a finding that B has and A has not that exits with 1: "
            f"{LEVELS}.",
            show_default="error",
            autocompletion=complete_words(*LEVEL_NAMES),
        ),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help=f"Output format: {', '.join(FORMATS)}.",
            autocompletion=complete_words(*FORMATS),
        ),
    ] = "text",
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
    color: Annotated[
        str,
        typer.Option(
            help="Colour in text output: auto, always, never.",
            autocompletion=complete_words(*COLOR_CHOICES),
        ),
    ] = "auto",
) -> None:
    """Show what changed between two models.

    Operators, weights, bytes, the interface, and findings added and removed.
    """
    from tflint.cli.output import check_color, emit, print_lines
    from tflint.config.load import load_settings
    from tflint.lint.diff import NO_FILE, diff_files

    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS, f"formats are {', '.join(FORMATS)}")
    check_color(color)
    if format != "text" and color == "always":
        raise UsageError(f"--color always and --format {format} contradict each other")
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
    # What holds for the later model: the earlier one may lie anywhere, as Git unpacked it.
    path = Path(before if after in NO_FILE else after)
    plan = settings.plan(path)
    suppressions = [e for e in settings.suppressions if e.applies_to(path, settings.root)]
    report = diff_files(
        before,
        after,
        plan.rules,
        plan.target,
        lambda finding: any(entry.silences(finding) for entry in suppressions),
    )
    if format == "json":
        from tflint.report.diff_json import render as render_json

        emit(render_json(report))
    elif format == "markdown":
        from tflint.report.diff_markdown import render as render_markdown

        emit(render_markdown(report))
    else:
        from tflint.report.diff_text import render

        print_lines(render(report), color=color)
    raise typer.Exit(ExitCode.FINDINGS if report.fails(settings.fail_on) else ExitCode.OK)
