"""Where output goes and whether it has colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from tflint.errors import UnknownName
from tflint.report.style import Line, write

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
    write(lines, sys.stdout, color=use_color(color))


def note(message: str) -> None:
    """Say something beside the document, on stderr."""
    print(f"tflint: {message}", file=sys.stderr)
