"""`tflint bench`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_words
from tflint.cli.options import Color, Config, Isolated, Target, TextOrJson
from tflint.errors import ExitCode

# Written out, as `--help` need not load what knows them; a test holds them together.
KERNELS = ("xnnpack", "builtin", "reference")
EXPORTS = ("xlsx", "json", "csv", "md", "html")


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODELS]...",
            help="Models, or folders to search for them.",
            show_default="the reference models",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[GLOB=]FILE.npz",
            help="Labelled samples to measure the accuracy on, for all models or for those whose "
            "path matches. Repeatable.",
        ),
    ] = None,
    runs: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Inferences to time, after the warm-up.")
    ] = 200,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of LiteRT.")] = 1,
    kernels: Annotated[
        str,
        typer.Option(
            help=f"Kernels of LiteRT: {', '.join(KERNELS)}.",
            autocompletion=complete_words(*KERNELS),
        ),
    ] = "xnnpack",
    export: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help=f"Write the report as well; the suffix says how: {', '.join(EXPORTS)}. "
            "Repeatable.",
        ),
    ] = None,
    target: Target = None,
    format: TextOrJson = "text",
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Measure latency, accuracy, weights, tensors and arenas of models.

    On this machine, with LiteRT in a process of its own. Exits with 1 when something of a model
    cannot be measured; the others are measured all the same.
    """
    from tflint.api import run_bench
    from tflint.bench.options import BenchOptions, Kernels
    from tflint.cli.bench_output import bench_output
    from tflint.cli.output import check_color
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings

    check_color(color)
    output = bench_output(format, export or (), color, models or ())
    settings = load_settings({"target": target}, config=config or (), isolated=isolated)
    options = BenchOptions(runs=runs, threads=threads, kernels=Kernels(kernels))
    progress = Progress()
    try:
        report = run_bench(settings, models or (), options, say=progress.say)
    finally:
        progress.clear()
    output.publish(report)
    raise typer.Exit(ExitCode.FINDINGS if report.fails else ExitCode.OK)
