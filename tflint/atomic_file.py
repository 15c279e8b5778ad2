"""Writing files whole or not at all.

What is to be written goes to `.tflint-<pid>-<number>.tmp` beside the file that it replaces. That
file is locked for as long as the process lives that writes it, so whoever writes to the same
folder next can tell what a process that was killed has left there, and removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from tflint.errors import UsageError
from tflint.printable import printable

_TEMPORARY = re.compile(r"\.tflint-(\d{1,10})-\d{1,10}\.tmp")


def write_files(
    files: Sequence[tuple[Path, str | bytes]], modes: Mapping[Path, int] | None = None
) -> None:
    """Write all of the documents, texts as UTF-8 with LF.

    A file that is replaced keeps its permissions; a new one gets those in `modes`, if any.

    Raises `UsageError`, also for files that are read-only, and then leaves no part. Each goes to a
    file beside the one it replaces, is read again, and takes its place when all are there: nobody
    sees half of one, whenever the process or the machine stops. What is no regular file, such as
    a pipe, is written to as it is.
    """
    ready: list[tuple[Path, str, str, BinaryIO]] = []
    folders: dict[str, None] = {}
    path = Path()
    try:
        for i, (path, text) in enumerate(files):
            data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
            target = os.path.realpath(path)  # A link stays a link.
            if os.path.exists(target) and not os.path.isfile(target):
                with open(target, "wb") as device:
                    device.write(data)
                continue
            if os.path.exists(target):
                _refuse_read_only(target)
            folder = os.path.dirname(target)
            if folder not in folders:
                _remove_leftovers(folder)
                folders[folder] = None
            beside = os.path.join(folder, f".tflint-{os.getpid()}-{i}.tmp")
            stream: BinaryIO = open(beside, "xb")  # noqa: SIM115 - stays open, as it holds the lock
            ready.append((path, beside, target, stream))
            _write(stream, beside, data)
            mode = (modes or {}).get(path)
            if os.path.exists(target):
                mode = stat.S_IMODE(os.stat(target).st_mode)
            if mode is not None:
                os.chmod(beside, mode)
        while ready:
            path, beside, target, stream = ready[0]
            if sys.platform == "win32":
                stream.close()  # What is open there cannot be renamed.
            os.replace(beside, target)
            stream.close()
            del ready[0]
        for folder in folders:
            _sync_folder(folder)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        for _, beside, _, stream in ready:
            with contextlib.suppress(OSError):
                stream.close()
            with contextlib.suppress(OSError):
                os.unlink(beside)


def refuse_unwritable(path: Path) -> None:
    """Raise `UsageError` where `write_files` could not write this file, as far as modes tell."""
    target = os.path.realpath(path)
    try:
        if os.path.isfile(target):
            _refuse_read_only(target)
        if os.path.isfile(target) or not os.path.exists(target):
            if not os.access(os.path.dirname(target), os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "its folder is read-only")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    shown = printable(str(path), 400)
    return UsageError(f"`{shown}` cannot be written: {error.strerror or error}")


def _write(stream: BinaryIO, path: str, data: bytes) -> None:
    """Write, have it on the disk, and read it again. Raises `OSError`."""
    _lock(stream)
    stream.write(data)
    stream.flush()
    os.fsync(stream.fileno())
    with open(path, "rb") as again:
        if again.read() != data:
            raise OSError(errno.EIO, "what was written reads differently")


def _sync_folder(folder: str) -> None:
    """Have the new names on the disk as well, where folders can be synchronised."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_leftovers(folder: str) -> None:
    """Remove what processes that were killed have left of their files in a folder."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            match = _TEMPORARY.fullmatch(name)
            if match is not None:
                with contextlib.suppress(OSError):
                    _remove_leftover(os.path.join(folder, name), int(match[1]))


def _remove_leftover(path: str, process: int) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return  # Not ours.
    if sys.platform == "win32":
        os.unlink(path)  # Fails while the process that writes it has it open.
        return
    # A number says little: processes of other containers have the same ones. So both have to
    # tell that it is over, the number first, as a file is there a moment before it is locked.
    if process != os.getpid() and _is_running(process):
        return
    with open(path, "rb") as stream:
        if _lock(stream):
            os.unlink(path)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # Someone else's.
    return True


def _lock(stream: BinaryIO) -> bool:
    """Lock an open file for this process; False where another one has it."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # A file system without locks.
    return True


def _refuse_read_only(target: str) -> None:
    """Raise `PermissionError`: a file could be replaced where it must not be written to."""
    mode = stat.S_IMODE(os.stat(target).st_mode)
    is_for_nobody = not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    if is_for_nobody or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only")
