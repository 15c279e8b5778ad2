"""`tflint fix`."""

from __future__ import annotations

from pathlib import Path
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
    StdinFilename,
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
from tflint.fix.options import MODES


def fix(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Models, Keras sources, or folders to search; - is a source on stdin.",
            show_default=".",
        ),
    ] = None,
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe",
            help="Repair also where that changes an interface, rounds differently, or changes "
            "what a source computes.",
        ),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what would change, and write nothing.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the result of a single file there."
        ),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="Write models over the originals, not to NAME.fixed.tflite. Sources always are.",
        ),
    ] = False,
    quantize: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help=f"Requantise models: {', '.join(MODES)}; with --reconvert also none.",
            show_default="int8 where --reconvert has --calibrate",
            autocompletion=complete_words(*MODES),
        ),
    ] = None,
    calibrate: Calibrate = None,
    calibration: Calibration = None,
    tolerance: Tolerance = None,
    reconvert: Annotated[
        bool,
        typer.Option(
            "--reconvert",
            help="Build the network anew, channels last and with what TFLM has kernels for, carry "
            "the trained weights over and convert it: of archives, SavedModel folders, "
            "module.py:factory, and .tflite files with --source.",
        ),
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SRC", help="Of a .tflite: the archive or module.py:factory that builds it."
        ),
    ] = None,
    keep_input_layout: Annotated[
        bool,
        typer.Option(
            "--keep-input-layout",
            help="Keep the order of dimensions of inputs and outputs, with a TRANSPOSE each.",
        ),
    ] = False,
    weights: Weights = None,
    with_modules: WithModules = None,
    signature: Signature = None,
    trust: Trust = False,
    legacy_keras: LegacyKeras = None,
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    stdin_filename: StdinFilename = None,
    target: Target = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help=f"Lowest severity that exits with 1 where it is left: {LEVELS}.",
            show_default="error",
            autocompletion=complete_words(*LEVEL_NAMES),
        ),
    ] = None,
    format: TextOrJson = "text",
    config: Config = None,
    isolated: Isolated = False,
    color: Color = "auto",
) -> None:
    """Repair models and Keras sources.

    Takes the repairs that leave results, or what code does, as they are; with --unsafe the others
    as well. A source is edited where it stands, a model becomes NAME.fixed.tflite beside it, once
    running both has proved that the answers did not change. With --reconvert, TensorFlow builds
    and converts the network anew. Exits with 1 when something is left that --fail-on covers, when
    a repair did not hold up, and with --diff when there would be changes.
    """
    from tflint.api import run_fix, run_reconvert
    from tflint.cli.convert_request import require_tensorflow
    from tflint.cli.fix_output import publish, refuse
    from tflint.cli.fix_request import fix_options
    from tflint.cli.output import check_color
    from tflint.cli.progress import Progress
    from tflint.cli.reconvert_request import (
        ReconvertFlags,
        found_jobs,
        reconvert_mode,
        reconvert_options,
        refuse_with_reconvert,
        refuse_without_reconvert,
    )
    from tflint.cli.stdin import from_stdin
    from tflint.config.load import load_settings

    if in_place and output is not None:
        raise UsageError("--in-place and --output exclude each other")
    check_color(color)
    check_format(format)
    flags = ReconvertFlags(
        source=source,
        weights=weights,
        modules=with_modules or (),
        signature=signature,
        trust=trust,
        legacy_keras=legacy_keras,
        keep_input_layout=keep_input_layout,
        time_limit=time_limit,
        memory_limit=memory_limit,
    )
    if reconvert:
        is_stdin = stdin_filename is not None or "-" in (paths or ())
        refuse_with_reconvert(in_place=in_place, is_stdin=is_stdin)
        quantize = reconvert_mode(quantize, calibrate)
        how = reconvert_options(flags)
    else:
        refuse_without_reconvert(flags, quantize)
    result = None if output is None else Path(output)
    options = fix_options(
        unsafe=unsafe,
        diff=diff,
        quantize=quantize,
        calibrate=calibrate,
        calibration=calibration,
        tolerance=tolerance,
    )
    refuse(paths or ["."], output, format, diff=diff, color=color, is_reconversion=reconvert)
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
    given = None if reconvert else from_stdin(paths or (), stdin_filename)
    progress = Progress()
    try:
        if reconvert:
            jobs = found_jobs(paths or ["."], flags, settings, result, options.calibrate)
            require_tensorflow()
            repaired = run_reconvert(settings, jobs, options, how, say=progress.say)
        else:
            repaired = run_fix(settings, paths or ["."], options, given=given, say=progress.say)
    finally:
        progress.clear()
    report = publish(
        repaired,
        format,
        diff=diff,
        output=result,
        in_place=in_place,
        to_stdout=given is not None,
        color=color,
    )
    if any(report.failures):
        raise typer.Exit(ExitCode.USAGE)
    would_change = diff and any(file.is_changed for file in report.files)
    raise typer.Exit(ExitCode.FINDINGS if report.fails or would_change else ExitCode.OK)
