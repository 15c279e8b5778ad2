"""The folder in which trainings keep what they need to go on after an interruption.

It lies in the folder of the results, is held by one call at a time, and goes when nothing in it is
needed any more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from tflint.errors import UsageError
from tflint.printable import printable

STATES = ".training"
_LOCK, _IGNORE = "lock", ".gitignore"


@contextlib.contextmanager
def held_by_this_call(output: Path) -> Iterator[None]:
    """Make the folder of the results, and have it to oneself.

    Raises `UsageError` where another call trains there, and for what cannot be made.
    """
    folder = output / STATES
    was_there = output.exists()
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Whoever commits the results does not commit this.
            (folder / _IGNORE).write_text("*\n", encoding="ascii")
            stream = (folder / _LOCK).open("ab")
        except OSError as error:
            raise _unwritable(output, error) from error
        with stream:
            if not _lock(stream):
                shown = printable(str(output), 400)
                raise UsageError(f"another call trains in `{shown}`: name another --output")
            if _is_there(stream, folder / _LOCK):
                try:
                    yield
                finally:
                    _remove_empty(folder)
                    if not was_there:
                        with contextlib.suppress(OSError):  # There are results in it.
                            output.rmdir()
                return
        # Between opening and locking, another call came to its end and removed the file.


def refuse_output(output: Path) -> None:
    """Raise `UsageError` for what can be no folder of results, as far as that shows beforehand."""
    try:
        if output.exists() and not output.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is a file")
        there = output.absolute()
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"`{printable(str(there), 400)}` is a file")
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(output, error) from error


def _unwritable(output: Path, error: OSError) -> UsageError:
    shown = printable(str(output), 400)
    return UsageError(f"no results can be written to `{shown}`: {error.strerror or error}")


def forget(output: Path, trained: Iterable[str]) -> None:
    """Remove what trainings have kept, by the names that `state_name` gives without the key."""
    gone = set(trained)
    for path in _states(output):
        if path.name.rpartition("-")[0] in gone:
            shutil.rmtree(path, ignore_errors=True)


def is_something_kept(output: Path) -> bool:
    """Whether the same call could go on with something."""
    return any(any(path.iterdir()) for path in _states(output))


def _states(output: Path) -> list[Path]:
    try:
        return [path for path in (output / STATES).iterdir() if path.is_dir()]
    except OSError:
        return []


def _remove_empty(folder: Path) -> None:
    """Remove the folder and the lock that is held on it, unless a state is in it."""
    for path in _states(folder.parent):
        with contextlib.suppress(OSError):  # It is not empty.
            path.rmdir()
    with contextlib.suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {_LOCK, _IGNORE}:
            shutil.rmtree(folder)


def _is_there(stream: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.stat(path))
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> bool:
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # A file system without locks.
            return True
        return True
