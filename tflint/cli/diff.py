"""`tflint diff`."""

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
    Target,
    check_format,
)
from tflint.errors import ExitCode, UsageError

FORMATS = ("text", "markdown", "json")


def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="The earlier model; /dev/null for none.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The later model; /dev/null for none.")],
    target: Target = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
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
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Show what changed between two models.

    Operators, weights, bytes, the interface, and findings added and removed.
    """
    from tflint.cli.output import check_color, emit, print_lines
    from tflint.config.load import load_settings
    from tflint.lint.diff import NO_FILE, diff_files

    check_format(format, FORMATS)
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
