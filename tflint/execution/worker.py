"""What every worker process begins with: limits, and an end when whoever started it ends.

A worker is a module with a function `answer` that takes a request and yields frames. It must be
started by `tflint.execution.process.run_worker`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tflint.execution.frames import Array, Json, read_frame, write_frame

_ON_LINUX = sys.platform.startswith("linux")

Answer = Callable[[Json, Sequence[Array]], Iterator[tuple[Json, Sequence[Array]]]]


def serve(
    answer: Answer, seconds: float, memory_bytes: int, file_bytes: int, lifeline: int
) -> None:
    """Answer the one request on standard input with frames on standard output.

    `file_bytes` is the most that a file may take, the log among them; -1 for no limit.
    `lifeline` is the reading end of a pipe that whoever started this process holds open; -1
    where there is none.
    """
    _end_with(lifeline)
    _limit(seconds, memory_bytes, file_bytes)
    # What runtimes print must not get between the frames.
    frames = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = read_frame(sys.stdin.buffer)
    if request is None:
        return
    for head, arrays in answer(*request):
        write_frame(frames, head, arrays)
    frames.flush()
    # Interpreters may crash when they are taken down, and have nothing left to say.
    os._exit(0)


def take_log() -> str:
    """What was printed to standard error since the last time."""
    sys.stderr.flush()
    try:
        size = os.fstat(2).st_size
        data = os.pread(2, min(size, 1 << 16), 0)
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)
    except (OSError, AttributeError):  # No file, or no `pread`, on Windows.
        return ""
    return data.decode(errors="replace")


def _end_with(lifeline: int) -> None:
    if lifeline < 0:
        return
    if _ON_LINUX:
        import fcntl

        # The kernel ends the whole group, also while a kernel of the runtime holds Python's lock:
        # SIGIO, when the other end closes, unless caught ends a process.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            os.read(lifeline, 1)
            os._exit(1)  # It was closed before the kernel was told.
        return

    def wait() -> None:
        os.read(lifeline, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _limit(seconds: float, memory_bytes: int, file_bytes: int) -> None:
    # For where nobody else can end it; whoever started it does so before.
    faulthandler.dump_traceback_later(seconds + 5, exit=True)
    try:
        import resource
    except ImportError:  # On Windows.
        return
    # Threads count each for itself.
    cpu = int(seconds * (os.cpu_count() or 1)) + 2
    limits: list[tuple[str, int]] = [
        ("RLIMIT_AS", memory_bytes),
        ("RLIMIT_CPU", cpu),
        ("RLIMIT_CORE", 0),
    ]
    if file_bytes >= 0:
        limits.append(("RLIMIT_FSIZE", file_bytes))
    for name, most in limits:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            if hard != resource.RLIM_INFINITY:
                most = min(most, hard)
            resource.setrlimit(kind, (most, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def main(module: Any, arguments: Sequence[str]) -> None:
    """Serve with a module's `answer`; called by the command that `run_worker` puts together."""
    seconds, memory_bytes, file_bytes, lifeline = arguments
    serve(module.answer, float(seconds), int(memory_bytes), int(file_bytes), int(lifeline))
