"""Where the report of `tflint memory` goes: `--format` to stdout, each `--output` to its file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.cli.output import emit, emit_bytes, use_color
from tflint.cli.reporting import is_one_file, output_file, shown
from tflint.errors import UsageError
from tflint.printable import printable
from tflint.report.memory_formats import FORMATS, NAMES, MemoryFormat, find_format
from tflint.report.memory_result import MemoryReport

# What a picture made of characters is made of: where stdout cannot print it, ASCII can.
_UNICODE = "▒░▓█╱▁┤│└─▲"
# On wider terminals lines would be too long to read.
_WIDEST = 200


@dataclass(frozen=True, slots=True)
class MemoryOutput:
    """One format to stdout, and each of `files`."""

    format: MemoryFormat
    files: tuple[tuple[MemoryFormat, Path], ...]
    color: str

    def publish(self, report: MemoryReport) -> None:
        """Render all formats, write the files, then print to stdout."""
        written = [(path, format.document(report)) for format, path in self.files]
        document = self._on_terminal(report) if self.format.name == "text" else None
        rendered = self.format.document(report) if document is None else document
        write_files(written)
        if isinstance(rendered, bytes):
            emit_bytes(rendered)
        else:
            emit(rendered)

    def _on_terminal(self, report: MemoryReport) -> str:
        """The text for this terminal: its width, its characters, its colours."""
        from tflint.report.memory_text import WIDTH, render
        from tflint.report.memory_timeline import ASCII, UNICODE
        from tflint.report.style import plain, styled

        width = WIDTH
        if sys.stdout.isatty():
            width = min(shutil.get_terminal_size((WIDTH, 24)).columns, _WIDEST)
        lines = render(report, width, UNICODE if _prints(_UNICODE) else ASCII)
        return styled(lines) if use_color(self.color) else plain(lines)


def memory_output(format: str, outputs: Sequence[str], color: str, model: Path) -> MemoryOutput:
    """The options put together. Raises `UsageError` or `UnknownName`."""
    chosen = find_format(format)
    if color == "always" and chosen.name != "text":
        raise UsageError(f"--color always and --format {format} contradict each other")
    if chosen.is_binary and sys.stdout.isatty():
        raise UsageError(
            f"a {chosen.name} is no text for a terminal: write it with "
            f"--output {chosen.name}=FILE, or redirect the output"
        )
    files = tuple(_file(text) for text in outputs)
    for i, (_, path) in enumerate(files):
        if any(is_one_file(path, other) for _, other in files[:i]):
            raise UsageError(f"two outputs to `{shown(path)}`")
        if is_one_file(path, model):
            raise UsageError(f"--output would overwrite `{shown(path)}`, which is the model")
    return MemoryOutput(chosen, files, color)


def _file(text: str) -> tuple[MemoryFormat, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(
            f"`{printable(text)}` is not FORMAT=FILE, with a format of {', '.join(NAMES)}"
        )
    find_format(name)
    return FORMATS[name], output_file(name, Path(os.path.expanduser(path)))


def _prints(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
