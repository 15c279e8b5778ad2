"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from tflint.errors import UsageError
from tflint.printable import printable


def write_text(path: Path, text: str) -> None:
    r"""Replace the file's contents: a reader sees the old ones or the new, nothing between.

    What cannot be encoded is written as `\udc80` and the like. Raises `UsageError` when the
    file cannot be written; it is then as it was.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """The same for bytes."""
    shown = printable(str(path), 400)
    # What a link leads to is meant, not the link.
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode & 0o7777 if target.exists() else _usual_mode()
        if target.is_dir():
            raise UsageError(f"`{shown}` is a folder")
        if target.exists() and not target.is_file():
            # A device or a pipe, such as /dev/stdout: there is nothing to replace.
            target.write_bytes(data)
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, mode)
            os.replace(name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except FileNotFoundError as error:
        raise UsageError(
            f"`{shown}` cannot be written: the folder `{printable(str(path.parent), 400)}` "
            f"does not exist"
        ) from error
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be written: {error.strerror or error}") from error


def _usual_mode() -> int:
    """The mode that `open` would give a new file."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
