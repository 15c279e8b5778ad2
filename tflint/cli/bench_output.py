"""Where the report of `tflint bench` goes: to stdout, and to each file of `--export`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.cli.output import emit, print_lines
from tflint.cli.reporting import is_one_file, output_file, shown
from tflint.errors import UsageError
from tflint.report.bench_formats import BY_SUFFIX, BenchFormat
from tflint.report.bench_result import BenchReport


@dataclass(frozen=True, slots=True)
class BenchOutput:
    """One format to stdout, and each of `files`."""

    format: str
    files: tuple[tuple[BenchFormat, Path], ...]
    color: str

    def publish(self, report: BenchReport) -> None:
        """Write the files, then print to stdout."""
        write_files([(path, format.document(report)) for format, path in self.files])
        if self.format == "json":
            from tflint.report.bench_json import render

            emit(render(report))
        else:
            from tflint.report import bench_text

            print_lines(bench_text.render(report), color=self.color)


def bench_output(
    format: str, exports: Sequence[str], color: str, models: Sequence[str]
) -> BenchOutput:
    """The options put together. Raises `UsageError`."""
    files = tuple(_file(text) for text in exports)
    for i, (_, path) in enumerate(files):
        if any(is_one_file(path, other) for _, other in files[:i]):
            raise UsageError(f"two exports to `{shown(path)}`")
        if any(is_one_file(path, Path(model)) for model in models):
            raise UsageError(f"--export would overwrite `{shown(path)}`, which is measured")
    return BenchOutput(format, files, color)


def _file(text: str) -> tuple[BenchFormat, Path]:
    path = Path(os.path.expanduser(text))
    found = BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        known = ", ".join(BY_SUFFIX)
        raise UsageError(f"`{shown(path)}` has no suffix of a format that is known ({known})")
    return found, output_file("export", path)
