"""`tflint convert`."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_words
from tflint.cli.options import (
    LEVEL_NAMES,
    LEVELS,
    Calibrate,
    Calibration,
    Color,
    Config,
    ExtendSelect,
    Ignore,
    Isolated,
    LegacyKeras,
    MemoryLimit,
    Select,
    Signature,
    Target,
    TextOrJson,
    TimeLimit,
    Tolerance,
    Trust,
    Weights,
    WithModules,
    check_format,
)
from tflint.errors import ExitCode, UsageError

# Written out, as `--help` need not load what knows them; a test holds them together.
MODES = ("none", "dynamic", "float16", "int8", "int16x8")
FALLBACKS = ("select", "custom")


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A .keras or .h5 archive, a SavedModel folder, or module.py:factory, which is "
            "executed.",
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT.tflite", help="The file to write.")
    ],
    quantize: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help=f"How numbers are stored: {', '.join(MODES)}.",
            show_default="none",
            autocompletion=complete_words(*MODES),
        ),
    ] = None,
    calibrate: Calibrate = None,
    calibration: Calibration = None,
    tolerance: Tolerance = None,
    fallback: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Write the model also where it needs operators beyond the builtin ones: select "
            "(TensorFlow's own), custom (nobody's). TFLM runs neither.",
            autocompletion=complete_words(*FALLBACKS),
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="N|any",
            help="Size of a first dimension that the network leaves open; any leaves it open.",
            show_default="1",
            autocompletion=complete_words("1", "any"),
        ),
    ] = None,
    weights: Weights = None,
    with_modules: WithModules = None,
    signature: Signature = None,
    trust: Trust = False,
    legacy_keras: LegacyKeras = None,
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    target: Target = None,
    max_flash: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Flash for the model, such as 256K."),
    ] = None,
    max_ram: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="RAM for the model, such as 64K."),
    ] = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help=f"Lowest severity of a finding in the result that exits with 1: {LEVELS}.",
            show_default="error",
            autocompletion=complete_words(*LEVEL_NAMES),
        ),
    ] = None,
    format: TextOrJson = "text",
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Convert a Keras model or SavedModel to .tflite.

    TensorFlow runs in a process of its own. What it needs beyond the builtin operators is named
    with layer, cost and the builtin way; the result is held against the answers of the original,
    checked for the target, and written. Exits with 1 when it cannot be converted, when it does not
    hold up, and when a finding reaches --fail-on.
    """
    from tflint.api import run_convert
    from tflint.cli.convert_output import publish
    from tflint.cli.convert_request import (
        convert_options,
        existing,
        require_tensorflow,
        result_file,
    )
    from tflint.cli.output import check_color
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings
    from tflint.convert.origin import parse_origin

    check_color(color)
    check_format(format)
    if color == "always" and format == "json":
        raise UsageError("--color always and --format json contradict each other")
    modules = existing("--with", with_modules or ())
    origin = parse_origin(
        source,
        weights=weights,
        modules=modules,
        signature=signature,
        trust=trust,
        legacy=legacy_keras,
    )
    options = convert_options(
        origin,
        quantize=quantize,
        calibrate=calibrate,
        calibration=calibration,
        tolerance=tolerance,
        fallback=fallback,
        batch=batch,
        time_limit=time_limit,
        memory_limit=memory_limit,
    )
    others = [path for path in (origin.weights, options.calibrate, *modules) if path is not None]
    path = result_file(output, origin, others, format)
    settings = load_settings(
        {
            "target": target,
            "max-flash": max_flash,
            "max-ram": max_ram,
            "select": select,
            "extend-select": extend_select,
            "ignore": ignore,
            "fail-on": fail_on,
        },
        config=config or (),
        isolated=isolated,
    )
    require_tensorflow()
    progress = Progress()
    try:
        converted = run_convert(settings, options, path, say=progress.say)
    finally:
        progress.clear()
    report = publish(converted, path, format, color=color)
    raise typer.Exit(ExitCode.FINDINGS if report.fails else ExitCode.OK)
