"""What becomes of repaired files: written, printed, or shown as a diff."""

from __future__ import annotations

import dataclasses
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tflint.atomic_file import write_files
from tflint.cli.output import emit, emit_bytes, print_lines, use_color
from tflint.cli.reporting import is_one_file, output_file, shown
from tflint.errors import TflintError, UsageError
from tflint.fix.result_file import (
    MODEL_SUFFIX,
    converted_path,
    fixed_path,
    refuse_other_weights,
    refuse_others,
)
from tflint.lint.discover import SAVED_MODEL, shown_path
from tflint.printable import printable
from tflint.report import diff_text
from tflint.report.fix_result import FileFix, FixReport
from tflint.report.style import Line, Span, line, plain
from tflint.rule import ARCHIVES, Kind

if TYPE_CHECKING:
    from tflint.fix.repaired import Repaired, RepairRun


def refuse(
    paths: Sequence[str],
    output: str | None,
    format: str,
    *,
    diff: bool,
    color: str,
    is_reconversion: bool = False,
) -> None:
    """Raise `UsageError` for options that contradict each other."""
    if "-" in paths and format == "json" and not diff and output is None:
        raise UsageError("the source on stdin goes to stdout: --format json needs --diff or -o")
    if output is not None and diff:
        raise UsageError("--diff writes nothing, so there is nothing for -o")
    if output is not None:
        output_file(format, Path(output))
        is_folder = Path(paths[0]).is_dir()
        if is_reconversion and (Path(paths[0]) / SAVED_MODEL).is_file():
            is_folder = False
        if len(paths) > 1 or is_folder:
            raise UsageError("-o takes the result of a single source or model")
        if is_reconversion and Path(output).suffix.lower() != MODEL_SUFFIX:
            raise UsageError(f"-o is the .tflite to write, not `{shown(Path(output))}`")
    if color == "always" and format == "json":
        raise UsageError("--color always and --format json contradict each other")


def publish(
    run: RepairRun,
    format: str,
    *,
    diff: bool,
    output: Path | None,
    in_place: bool,
    to_stdout: bool,
    color: str,
) -> FixReport:
    """Write what was repaired and print the report; returns it, with what was written.

    What could not be repaired at all goes to stderr, a line each, whatever the format.

    Raises `UsageError` if a file cannot be written; then none is, and nothing is printed.
    """
    from tflint.report import fix_json, fix_text

    report = run.report
    if not diff:
        report = _written(run, output, in_place=in_place, to_stdout=to_stdout)
    for _, why in report.failures:
        print(f"tflint: {printable(why, 4000)}", file=sys.stderr)
    if format == "json":
        emit(fix_json.render(report, with_diff=diff))
        return report
    lines = list(fix_text.render(report, is_dry=diff))
    if diff:
        for file in report.files:
            _print_difference(file, color)
        sys.stderr.write(plain(lines))
    elif to_stdout and output is None:
        for repaired in run.files:
            emit_bytes(repaired.after)
        sys.stderr.write(plain(lines))
    else:
        print_lines(lines, color=color)
    return report


def _written(run: RepairRun, output: Path | None, *, in_place: bool, to_stdout: bool) -> FixReport:
    """Write the files; the report of that."""
    writes: list[tuple[Path, bytes]] = []
    modes: dict[Path, int] = {}
    files = []
    for repaired in run.files:
        target = _target(repaired, output, in_place=in_place, to_stdout=to_stdout)
        if target is None:
            files.append(repaired.fix)
            continue
        fix = dataclasses.replace(repaired.fix, output=shown_path(target))
        writes.append((target, repaired.after))
        if not to_stdout:
            # Whom the original is hidden from shall not read its copy, which the next run replaces.
            modes[target] = _mode_of_unchanged(repaired) | stat.S_IWUSR
        source = repaired.source
        if source is not None:
            path = source.artifact.path
            writes.append((path, source.after))
            modes[path] = _mode_of_unchanged(source) | stat.S_IWUSR
            fix = dataclasses.replace(fix, source_output=shown_path(path))
        if repaired.weights is not None:
            path, data = repaired.weights
            refuse_other_weights(path)
            writes.append((path, data))
            modes[path] = modes[target]
        files.append(fix)
    write_files(writes, modes)
    return dataclasses.replace(run.report, files=tuple(files))


def _target(
    repaired: Repaired, output: Path | None, *, in_place: bool, to_stdout: bool
) -> Path | None:
    """The file to write; None for none.

    Whoever reads the file of `-o` next finds it there, changed or not, but not in place of a
    result that there is none of.
    """
    fix, path = repaired.fix, repaired.artifact.path
    if fix.failure is not None or not fix.is_proved:
        return None
    if output is not None and not is_one_file(output, path):
        return output
    if not fix.is_changed or (to_stdout and output is None):
        return None
    if not fix.is_model or in_place or output is not None:
        return output or path
    target = fixed_path(path) if fix.kind is Kind.TFLITE else converted_path(path)
    refuse_others(target)
    return target


def _mode_of_unchanged(repaired: Repaired) -> int:
    """The permissions of a file that was repaired.

    Raises `TflintError` where it is gone or was changed meanwhile.
    """
    path = repaired.artifact.path
    inside = path / SAVED_MODEL if path.is_dir() else path
    try:
        # What an archive was converted to does not take its place: nothing can be lost.
        if repaired.fix.kind in ARCHIVES or path.read_bytes() == repaired.before:
            return stat.S_IMODE(inside.stat().st_mode)
    except OSError:
        pass
    raise TflintError(f"`{shown(path)}` was changed while it was repaired: nothing is written")


def _print_difference(file: FileFix, color: str) -> None:
    """What would change: of a source a unified diff, of a model what `tflint diff` shows."""
    if file.comparison is not None:
        print_lines(diff_text.render(file.comparison), color=color)
    elif use_color(color):
        print_lines(_coloured(file.diff), color=color)
    else:
        emit(file.diff)


def _coloured(diff: str) -> list[Line]:
    roles = {"+": "good", "-": "error", "@": "info"}
    return [
        line(Span(printable(text, 4000), roles.get(text[:1], ""))) for text in diff.splitlines()
    ]
