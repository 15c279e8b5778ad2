"""Where the report of `tflint bench` goes: to stdout, and to each file of `--export`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tflint.atomic_file import refuse_unwritable, write_files
from tflint.cli.output import emit, print_lines
from tflint.cli.progress import working
from tflint.cli.reporting import is_one_file, output_file, shown
from tflint.errors import UnknownName, UsageError
from tflint.report.bench_formats import BY_SUFFIX, FORMATS, BenchFormat
from tflint.report.bench_result import BenchReport

TEXT = "text"
# What stdout can be: a workbook and a page are no text to look at.
STDOUT_FORMATS = (TEXT, "json", "csv", "markdown")


@dataclass(frozen=True, slots=True)
class BenchOutput:
    """One format to stdout, and each of `files`; `details` is None for what the models call for."""

    format: str
    files: tuple[tuple[BenchFormat, Path], ...]
    color: str
    details: bool | None = None

    def refuse_overwriting(self, inputs: Iterable[Path]) -> None:
        """Raise `UsageError` if an export would be written over what is measured or read."""
        if not self.files:
            return
        for other in inputs:
            for _, path in self.files:
                if is_one_file(path, other):
                    raise UsageError(f"--export would overwrite `{shown(path)}`, which is read")

    def publish(self, report: BenchReport) -> None:
        """Print to stdout, write the files, then say which of them could not be written.

        What was measured is not lost with one of them. An interrupt before there was anything
        leaves earlier files as they are.
        """
        files = self.files if report.models or not report.is_interrupted else ()
        publish_all(
            [(path, partial(format.document, report)) for format, path in files],
            partial(self._print, report),
        )

    def _print(self, report: BenchReport) -> None:
        if self.format != TEXT:
            document = FORMATS[self.format].document(report)
            assert isinstance(document, str), "stdout gets texts only"
            emit(document)
            return
        from tflint.report.bench_text import WIDTH, render

        width = WIDTH
        if sys.stdout.isatty():
            width = shutil.get_terminal_size((WIDTH, 24)).columns
        print_lines(render(report, width, details=self.details), color=self.color)


def publish_all(
    files: Iterable[tuple[Path, Callable[[], str | bytes]]], show: Callable[[], None]
) -> None:
    """`show` what goes to stdout, make and write each document, then raise what went wrong."""
    failed: list[Exception] = []
    try:
        show()
    except Exception as error:  # Also a fault of ours: the files are written all the same.
        failed.append(error)
    for path, document in files:
        try:
            with working(f"writing {shown(path)}"):
                write_files([(path, document())])
        except Exception as error:
            failed.append(error)
    for fault in failed:
        if not isinstance(fault, UsageError):
            raise fault
    if failed:
        raise UsageError("\n  ".join(map(str, failed)))


def bench_output(
    format: str, exports: Sequence[str], color: str, *, details: bool | None = None
) -> BenchOutput:
    """The options put together. Raises `UsageError`, `UnknownName` or `MissingExtra`."""
    if format not in STDOUT_FORMATS:
        hint = f"formats are {', '.join(STDOUT_FORMATS)}; --export FILE writes the others"
        raise UnknownName("format", format, STDOUT_FORMATS, hint)
    if format != TEXT and color == "always":
        raise UsageError(f"--color always and --format {format} contradict each other")
    if format != TEXT and details is not None:
        raise UsageError(f"--details and --no-details are for text, not for --format {format}")
    files = tuple(_file(text) for text in exports)
    for i, (_, path) in enumerate(files):
        if any(is_one_file(path, other) for _, other in files[:i]):
            raise UsageError(f"two exports to `{shown(path)}`")
    return BenchOutput(format, files, color, details)


def _file(text: str) -> tuple[BenchFormat, Path]:
    path = Path(os.path.expanduser(text))
    found = BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        known = ", ".join(BY_SUFFIX)
        raise UsageError(f"`{shown(path)}` has no suffix of a format that is known ({known})")
    found.require()
    output_file(found.name, path, "--export")
    refuse_unwritable(path)
    return found, path
