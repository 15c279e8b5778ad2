"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from tflint.errors import UsageError
from tflint.printable import printable


def write_files(files: Sequence[tuple[Path, str | bytes]]) -> None:
    """Write all of the documents, texts as UTF-8 with LF.

    Raises `UsageError`, also for files that are read-only, and then leaves no part. Each goes to a
    file beside the one it replaces, and takes its place when all are there: nobody sees half of
    one. What is no regular file, such as a pipe, is written to as it is.
    """
    ready: list[tuple[Path, str, str]] = []
    path = Path()
    try:
        for i, (path, text) in enumerate(files):
            data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
            target = os.path.realpath(path)  # A link stays a link.
            if os.path.exists(target) and not os.path.isfile(target):
                with open(target, "wb") as stream:
                    stream.write(data)
                continue
            if os.path.exists(target):
                _refuse_read_only(target)
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
        with contextlib.suppress(ValueError):
            path = path.relative_to(Path.cwd())
        shown = printable(str(path), 400)
        raise UsageError(f"`{shown}` cannot be written: {error.strerror or error}") from error
    finally:
        for _, beside, _ in ready:
            with contextlib.suppress(OSError):
                os.unlink(beside)


def _refuse_read_only(target: str) -> None:
    """Raise `PermissionError`: a file could be replaced where it must not be written to."""
    mode = stat.S_IMODE(os.stat(target).st_mode)
    is_for_nobody = not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    if is_for_nobody or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only")
