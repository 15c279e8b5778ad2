"""`tflint memory --against`: its formats, and what becomes of its report."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.cli.output import emit, print_lines
from tflint.cli.reporting import is_one_file, output_file, shown
from tflint.errors import ExitCode, UnknownName, UsageError
from tflint.lint.memory_diff import compare_memory_of_files
from tflint.memory.growth import GrowthLimit, parse_growth
from tflint.printable import printable
from tflint.report.memory_diff_result import MemoryDiffReport
from tflint.report.memory_formats import NAMES as FORMATS_OF_ONE
from tflint.target.target import Target

FORMATS = ("text", "markdown", "json")


@dataclass(frozen=True, slots=True)
class ComparedOutput:
    """One format to stdout, and each of `files`."""

    format: str
    files: tuple[tuple[str, Path], ...]
    color: str
    limit: GrowthLimit | None

    def publish(self, model: str, against: str, target: Target) -> ExitCode:
        """Compare, render all formats, write the files, then print to stdout; the exit code."""
        report = compare_memory_of_files(model, against, target, self.limit)
        written = [(path, _document(report, format)) for format, path in self.files]
        document = "" if self.format == "text" else _document(report, self.format)
        write_files(written)
        if self.format == "text":
            from tflint.report.memory_diff_text import render

            print_lines(render(report), color=self.color)
        else:
            emit(document)
        return ExitCode.FINDINGS if report.failures else ExitCode.OK


def compared_output(
    format: str,
    outputs: Sequence[str],
    color: str,
    models: Sequence[str],
    max_growth: str | None,
) -> ComparedOutput:
    """The options put together. Raises `UsageError` or `UnknownName`."""
    _check_format(format)
    if color == "always" and format != "text":
        raise UsageError(f"--color always and --format {format} contradict each other")
    files = tuple(_file(text) for text in outputs)
    for i, (_, path) in enumerate(files):
        if any(is_one_file(path, other) for _, other in files[:i]):
            raise UsageError(f"two outputs to `{shown(path)}`")
        if any(is_one_file(path, Path(model)) for model in models):
            raise UsageError(f"--output would overwrite `{shown(path)}`, which is compared")
    limit = None if max_growth is None else parse_growth(max_growth)
    return ComparedOutput(format, files, color, limit)


def _check_format(name: str) -> None:
    known = ", ".join(FORMATS)
    if name in FORMATS_OF_ONE and name not in FORMATS:
        raise UsageError(f"--against has no format {name}; its formats are {known}")
    if name not in FORMATS:
        raise UnknownName("format", name, FORMATS, f"formats with --against are {known}")


def _file(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path:
        known = ", ".join(FORMATS)
        raise UsageError(f"`{printable(text)}` is not FORMAT=FILE, with a format of {known}")
    _check_format(name)
    return name, output_file(name, Path(os.path.expanduser(path)))


def _document(report: MemoryDiffReport, format: str) -> str:
    if format == "text":
        from tflint.report.memory_diff_text import render
        from tflint.report.style import plain

        return plain(render(report))
    document: str = importlib.import_module(f"tflint.report.memory_diff_{format}").render(report)
    return document
