"""`tflint bench --compare`: its formats, and what becomes of its report."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial

from tflint.api import run_bench_comparison
from tflint.bench.options import BenchOptions
from tflint.cli.bench_output import TEXT, BenchOutput, publish_all
from tflint.cli.interrupts import INTERRUPTED, two_interrupts
from tflint.cli.output import emit, print_lines
from tflint.cli.progress import Progress
from tflint.config.settings import Settings
from tflint.errors import ExitCode
from tflint.report.bench_compare_result import BenchComparison


def compare_models(
    settings: Settings,
    models: Sequence[str],
    options: BenchOptions,
    output: BenchOutput,
    progress: Progress,
) -> int:
    """Measure two models in turns, and publish what comes of it; the exit code.

    Raises `UsageError` for anything but two models.
    """
    with two_interrupts():
        try:
            found = run_bench_comparison(
                settings, models, options, say=progress.say, accept=output.refuse_overwriting
            )
        finally:
            progress.clear()
        publish_all(
            [(path, partial(document, found, format.name)) for format, path in output.files],
            partial(_show, found, output),
        )
    if found.report.is_interrupted:
        return INTERRUPTED
    return ExitCode.FINDINGS if found.fails else ExitCode.OK


def document(found: BenchComparison, format: str) -> str | bytes:
    """The comparison in a format of `--export`, by its name."""
    made: str | bytes = importlib.import_module(f"tflint.report.bench_compare_{format}").render(
        found
    )
    return made


def _show(found: BenchComparison, output: BenchOutput) -> None:
    if output.format != TEXT:
        made = document(found, output.format)
        assert isinstance(made, str), "stdout gets texts only"
        emit(made)
        return
    from tflint.report.bench_compare_text import render

    print_lines(render(found, details=output.details), color=output.color)
