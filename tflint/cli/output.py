"""Where output goes and whether it has colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from tflint.errors import UnknownName
from tflint.report.style import Line, plain, styled

COLOR_CHOICES = ("auto", "always", "never")


def check_color(choice: str) -> None:
    """Raise `UnknownName` for anything but auto, always or never."""
    if choice not in COLOR_CHOICES:
        raise UnknownName("colour choice", choice, COLOR_CHOICES, ", ".join(COLOR_CHOICES))


def use_color(choice: str) -> bool:
    """Whether stdout gets colour.

    On its own accord only on a terminal, and not where NO_COLOR (no-color.org) is set.
    """
    if choice != "auto":
        return choice == "always"
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def print_lines(lines: Iterable[Line], *, color: str = "auto") -> None:
    """Print styled lines to stdout."""
    emit(styled(lines) if use_color(color) else plain(lines))


def emit(text: str) -> None:
    """Write to stdout; that whoever reads it has seen enough is no error and ends nothing."""
    _write(lambda: sys.stdout.write(text))


def emit_bytes(data: bytes) -> None:
    """Write a binary document to stdout, as `emit` does a text."""
    _write(lambda: sys.stdout.buffer.write(data))


def _write(write: Callable[[], object]) -> None:
    try:
        write()
        sys.stdout.flush()
    except OSError as error:
        # Python would try once more to write what is left when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise
