"""`tflint bench`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_words
from tflint.cli.options import Color, Config, Isolated, Target
from tflint.errors import ExitCode

# Written out, as `--help` need not load what knows them; a test holds them together.
KERNELS = ("xnnpack", "builtin", "reference")
EXPORTS = ("xlsx", "json", "csv", "md", "html")
FORMATS = ("text", "json", "csv", "markdown")


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODELS]...",
            help="Models, or folders to search for them.",
            show_default="the reference models",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Time two models against each other, in turns: MODELS are A and B, and B is held "
            "against A.",
        ),
    ] = False,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[GLOB=]FILE.npz",
            help="Labelled samples to measure the accuracy on, for all models or for those whose "
            "path matches. Repeatable. Or a folder with the recordings of the reference models.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The part of the data that counts, where they name parts; `all` takes all.",
            show_default="test, where there is one",
        ),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            help="Inferences to time, after the warm-up.",
            show_default="200, or more until 0.25 s are over",
        ),
    ] = None,
    warmup: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Inferences before those that count.")
    ] = 20,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of LiteRT.")] = 1,
    kernels: Annotated[
        str,
        typer.Option(
            help=f"Kernels of LiteRT: {', '.join(KERNELS)}.",
            autocompletion=complete_words(*KERNELS),
        ),
    ] = "xnnpack",
    signature: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Signature to run.", show_default="the model's first subgraph"
        ),
    ] = None,
    operators: Annotated[
        bool, typer.Option(help="Time each operator as well, in runs of its own.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random inputs.")] = 0,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Give up on a measurement of a model after this long.",
            show_default="120",
        ),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Address space that LiteRT may take, such as 8G.",
            show_default="4G",
        ),
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help=f"Write the report as well; the suffix says how: {', '.join(EXPORTS)}. "
            "Repeatable.",
        ),
    ] = None,
    details: Annotated[
        bool | None,
        typer.Option(
            "--details/--no-details",
            "-v",
            help="Show operators, tensors, memory and classes of each model.",
            show_default="for a single model",
        ),
    ] = None,
    target: Target = None,
    format: Annotated[
        str,
        typer.Option(
            help=f"Output format: {', '.join(FORMATS)}.", autocompletion=complete_words(*FORMATS)
        ),
    ] = "text",
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Measure latency, accuracy, weights, tensors and arenas of models.

    On this machine, with LiteRT in a process of its own. Exits with 1 when something of a model
    cannot be measured; the others are measured all the same. Ctrl-C ends it with what has been
    measured by then.
    """
    from tflint.api import run_bench
    from tflint.cli.bench_output import bench_output
    from tflint.cli.bench_request import bench_options
    from tflint.cli.interrupts import INTERRUPTED, two_interrupts
    from tflint.cli.output import check_color
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings

    check_color(color)
    options = bench_options(
        runs=runs,
        warmup=warmup,
        threads=threads,
        kernels=kernels,
        data=data or (),
        split=split,
        signature=signature,
        operators=operators,
        seed=seed,
        time_limit=time_limit,
        memory_limit=memory_limit,
    )
    output = bench_output(format, export or (), color, details=details)
    output.refuse_overwriting([one.path for one in options.datasets])
    settings = load_settings({"target": target}, config=config or (), isolated=isolated)
    progress = Progress()
    if compare:
        from tflint.cli.bench_compare import compare_models

        raise typer.Exit(compare_models(settings, models or (), options, output, progress))
    with two_interrupts():
        try:
            report = run_bench(
                settings, models or (), options, say=progress.say, accept=output.refuse_overwriting
            )
        finally:
            progress.clear()
        output.publish(report)
    if report.is_interrupted:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(ExitCode.FINDINGS if report.fails else ExitCode.OK)
