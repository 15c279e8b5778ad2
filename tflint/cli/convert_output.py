"""What becomes of a conversion: written, and told."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from tflint.atomic_file import write_files
from tflint.cli.output import emit, print_lines
from tflint.lint.discover import shown_path
from tflint.report.convert_report import ConvertReport

if TYPE_CHECKING:
    from tflint.convert.run import ConvertRun


def publish(run: ConvertRun, output: Path, format: str, *, color: str) -> ConvertReport:
    """Write the result, if there is one, and print the report; returns it.

    Raises `UsageError` if the file cannot be written; then nothing is printed.
    """
    report = run.report
    if run.data is not None:
        write_files([(output, run.data)])
        report = dataclasses.replace(report, output=shown_path(output))
    if format == "json":
        from tflint.report.convert_json import render

        emit(render(report))
    else:
        from tflint.report import convert_text

        print_lines(convert_text.render(report), color=color)
    return report
