"""Where output goes and whether it has colour."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tflint.errors import UnknownName, UsageError
from tflint.printable import printable
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
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Python would try once more to write what is left when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def write_files(files: Sequence[tuple[Path, str]]) -> None:
    """Write all of the texts, as UTF-8 with LF; raises `UsageError` and then leaves no part.

    Each goes to a file beside the one it replaces, and takes its place when all are there: nobody
    sees half of one. What is no regular file, such as a pipe, is written to as it is.
    """
    ready: list[tuple[Path, str, str]] = []
    path = Path()
    try:
        for i, (path, text) in enumerate(files):
            data = text.encode("utf-8", "backslashreplace")
            target = os.path.realpath(path)  # A link stays a link.
            if os.path.exists(target) and not os.path.isfile(target):
                with open(target, "wb") as stream:
                    stream.write(data)
                continue
            beside = os.path.join(os.path.dirname(target), f".tflint-{os.getpid()}-{i}.tmp")
            with open(beside, "xb") as stream:
                ready.append((path, beside, target))
                stream.write(data)
            if os.path.exists(target):
                os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
        while ready:
            path, beside, target = ready[0]
            os.replace(beside, target)
            del ready[0]
    except OSError as error:
        shown = printable(str(path), 400)
        raise UsageError(f"`{shown}` cannot be written: {error.strerror or error}") from error
    finally:
        for _, beside, _ in ready:
            with contextlib.suppress(OSError):
                os.unlink(beside)
