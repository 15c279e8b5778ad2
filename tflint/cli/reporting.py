"""`--format`, `--output` and `--statistics`: what becomes of a report.

Everything about the call that can be wrong is said before anything is checked, and everything
is rendered before anything is written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.cli.output import emit, print_lines
from tflint.errors import UsageError
from tflint.lint.discover import shown_path
from tflint.printable import printable
from tflint.report.formats import FORMATS, NAMES, Format, find_format
from tflint.report.result import LintReport
from tflint.report.style import Line

FORMAT_HELP = f"Output format: {', '.join(NAMES)}."
OUTPUT_HELP = "Write FORMAT=FILE as well, such as sarif=tflint.sarif. Repeatable."
STATISTICS_HELP = "Count findings by rule instead of listing them, in text and json."


@dataclass(frozen=True, slots=True)
class Reporting:
    """Where a report goes: one format to stdout, and each of `outputs` to its file."""

    format: Format
    outputs: tuple[tuple[Format, Path], ...]
    statistics: bool
    color: str


def reporting(
    format: str,
    outputs: Sequence[tuple[str, Path]],
    *,
    statistics: bool = False,
    color: str = "auto",
) -> Reporting:
    """The options put together, `outputs` being names of formats and files.

    Raises `UsageError` or `UnknownName`.
    """
    chosen = find_format(format)
    if color == "always" and not chosen.styled:
        raise UsageError(f"--color always and --format {format} contradict each other")
    if statistics and not chosen.has_statistics:
        listed = " and ".join(name for name in NAMES if FORMATS[name].has_statistics)
        raise UsageError(f"--statistics is for {listed}, not for --format {format}")
    parsed = tuple((find_format(name), output_file(name, path)) for name, path in outputs)
    for i, (_, path) in enumerate(parsed):
        if any(is_one_file(path, other) for _, other in parsed[:i]):
            raise UsageError(f"two outputs to `{shown(path)}`")
    return Reporting(chosen, parsed, statistics, color)


def output_file(name: str, path: Path, option: str = "--output") -> Path:
    """The file for a format, if it can be one; raises `UsageError`."""
    # A file is replaced as a whole, so a name for what is open already would be lost with it.
    if path.name == "-" or path in (Path("/dev/stdout"), Path("/dev/stderr")):
        raise UsageError(f"stdout is for --format {name}; {option} needs a file")
    if path.is_dir():
        raise UsageError(f"`{shown(path)}` is a folder; {option} needs a file in it")
    if not path.parent.is_dir():
        raise UsageError(
            f"`{shown(path.parent)}` is no folder: make it before {option} writes there"
        )
    return path


def shown(path: Path) -> str:
    """The path as messages show it."""
    return printable(shown_path(path), 400)


def refuse_overwriting(chosen: Reporting, inputs: Iterable[Path]) -> None:
    """Raise `UsageError` if an output would be written over one of the inputs."""
    if not chosen.outputs:
        return
    names = {os.path.realpath(path) for path in inputs}
    files = {identity for path in names if (identity := _identity(path)) is not None}
    for _, path in chosen.outputs:
        if os.path.realpath(path) in names or _identity(path) in files:
            raise UsageError(f"--output would overwrite `{shown(path)}`, which is checked")


def is_one_file(path: Path, other: Path) -> bool:
    """Whether one would be written over the other; into a device or pipe both can go."""
    if path.exists() and not path.is_file():
        return False
    identity = _identity(path)
    same = identity is not None and identity == _identity(other)
    return same or os.path.realpath(path) == os.path.realpath(other)


def _identity(path: str | Path) -> tuple[int, int] | None:
    """What makes two names one regular file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if os.path.isfile(path) else None


def publish(report: LintReport, chosen: Reporting) -> None:
    """Render all formats, write the files, then print to stdout.

    Raises `UsageError` if a file cannot be written; then nothing has been printed.
    """
    files = [(path, format.document(report)) for format, path in chosen.outputs]
    to_stdout = _rendered(report, chosen)
    write_files(files)
    if isinstance(to_stdout, str):
        emit(to_stdout)
    else:
        print_lines(to_stdout, color=chosen.color)
    if not chosen.format.has_notes:
        _print_notes(report)


def _rendered(report: LintReport, chosen: Reporting) -> str | list[Line]:
    """What goes to stdout: a document, or lines that may get colour."""
    if chosen.statistics:
        from tflint.report.statistics import render_json, render_text

        return render_json(report) if chosen.format.name == "json" else list(render_text(report))
    if chosen.format.styled:
        return list(chosen.format.lines(report))
    return chosen.format.document(report)


def _print_notes(report: LintReport) -> None:
    """What the format has no place for."""
    for file in report.files:
        for note in file.notes:
            print(f"{printable(file.path, 400)}: note: {printable(note, 4000)}", file=sys.stderr)
    for note in report.notes:
        print(f"note: {printable(note, 4000)}", file=sys.stderr)
