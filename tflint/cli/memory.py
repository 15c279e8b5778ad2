"""`tflint memory`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.complete import (
    complete_memory_formats,
    complete_memory_outputs,
    complete_words,
)
from tflint.cli.options import Color, Config, Isolated, Target
from tflint.errors import ExitCode

RUNTIMES = ("tflm", "tflm-cmsis-nn")
# Named here, so that the program's help needs no format; a test holds them together.
FORMAT_NAMES = ("text", "json", "csv", "html", "png", "svg")
AGAINST_FORMATS = ("text", "markdown", "json")


def memory(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .tflite file.")],
    target: Target = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            help=f"Kernels to plan for, if not the target's: {', '.join(RUNTIMES)}.",
            show_default="the target's",
            autocompletion=complete_words(*RUNTIMES),
        ),
    ] = None,
    max_flash: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Flash for model and runtime, such as 256K."),
    ] = None,
    max_ram: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="RAM for arena, interpreter and stack, such as 64K."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Show what changed since this earlier model; /dev/null or an empty file for none.",
        ),
    ] = None,
    max_growth: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE|SIZE",
            help="With --against: the most by which RAM and flash may each grow, such as 5% or 2K.",
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="Run TFLM's own allocator on this machine too (extra `tflm`)."
        ),
    ] = False,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help=f"Output format: {', '.join(FORMAT_NAMES)}; with --against "
            f"{', '.join(AGAINST_FORMATS)}. Pictures need the extra `plot`.",
            autocompletion=complete_memory_formats,
        ),
    ] = "text",
    output: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=FILE",
            help="Write FORMAT=FILE as well, such as png=arena.png. Repeatable.",
            autocompletion=complete_memory_outputs,
        ),
    ] = None,
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Show the arena a model needs and who holds its peak.

    RAM and flash for TFLM on the target, computed from the file, and what would lower them.
    Exits with 1 when they pass a budget: --max-ram, --max-flash, or the target's; with
    --against also when they grew by more than --max-growth, and when the runtime refuses a
    model in place of one that it took.
    """
    from tflint.cli.memory_against import compared_output
    from tflint.cli.memory_output import memory_output
    from tflint.cli.output import check_color
    from tflint.cli.progress import working
    from tflint.config.load import load_settings
    from tflint.errors import UnknownName, UsageError
    from tflint.lint.diff import NO_FILE
    from tflint.lint.memory_report import memory_report
    from tflint.memory.usage import with_runtime

    check_color(color)
    if runtime is not None and runtime not in RUNTIMES:
        raise UnknownName("runtime", runtime, RUNTIMES, f"runtimes are {', '.join(RUNTIMES)}")
    if against is None and max_growth is not None:
        raise UsageError("--max-growth needs --against FILE, the earlier model")
    if against is None and format == "markdown":
        raise UsageError("--format markdown needs --against FILE, the earlier model")
    if against is not None and measure:
        raise UsageError("--measure and --against contradict each other")
    if against is not None:
        compared = compared_output(format, output or (), color, (model, against), max_growth)
    else:
        chosen = memory_output(format, output or (), color, Path(model))
    settings = load_settings(
        {"target": target, "max-flash": max_flash, "max-ram": max_ram},
        config=config or (),
        isolated=isolated,
    )
    # What holds for a removed model is what held for the earlier one.
    known = against if against is not None and model in NO_FILE else model
    planned_for = settings.plan(Path(known)).target
    if runtime is not None:
        planned_for = with_runtime(planned_for, runtime)
    if against is not None:
        raise typer.Exit(compared.publish(model, against, planned_for))
    with working("measuring with tflite-micro on this machine") if measure else working(""):
        report = memory_report(model, planned_for, on_host=measure)
    chosen.publish(report)
    raise typer.Exit(ExitCode.FINDINGS if report.fits is False else ExitCode.OK)
