"""Starting workers: processes with limits, that a model may take down without harm.

A worker is killed, with all that it started, when its time is up, when the caller is interrupted,
and by the kernel or itself when this process ends, in whatever way.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias

from tflint.errors import HostFailed
from tflint.execution.frames import Array, FrameParser, Json, write_frame

_START = """\
import sys
sys.path[:] = sys.argv[6:]
from importlib import import_module
import_module("tflint.execution.worker").main(import_module(sys.argv[1]), sys.argv[2:6])
"""
_LOG_BYTES = 4096  # What is kept of the last words of a worker.
# How long what a worker started may hold on to its pipes after its end.
_GRACE = 0.25

Frame: TypeAlias = tuple[Json, list[Array]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take: seconds by the clock, bytes of address space and of each file.

    The address space is limited where the platform can; what is sent back may be no more. With
    `file_bytes` None a worker may write what it likes, but its log is cut to the end of it.
    """

    seconds: float = 120.0
    memory_bytes: int = 4 << 30
    file_bytes: int | None = 16 << 20


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Ended:
    """What a worker sent before it ended. `fault` says what ended it, None where it came to its
    end by itself; `log` is what it printed last. `is_time_out` tells a worker that was too slow.
    """

    frames: tuple[Frame, ...]
    fault: str | None = None
    log: str = ""
    is_time_out: bool = False


def run_worker(
    module: str,
    request: Mapping[str, Any],
    arrays: Sequence[Array] = (),
    limits: Limits = DEFAULT_LIMITS,
    on_frame: Callable[[Json], None] = lambda head: None,
) -> Ended:
    """Let a worker answer a request: `module` names it, see `tflint.execution.worker`.

    `on_frame` is called with the head of each frame as it comes, in the thread of the caller.
    Raises `HostFailed` where no process can be started.
    """
    with contextlib.ExitStack() as stack:
        try:
            log: _Log = _Tail() if limits.file_bytes is None else _LogFile()
            stack.callback(log.close)
            reading, writing = _lifeline()
            stack.callback(_close, writing)
            try:
                process = _start(module, limits, log.file, reading)
            finally:
                _close(reading)
        except OSError as error:
            raise HostFailed(f"no worker process can be started: {error.strerror}") from error
        stack.callback(_end, process)
        frames, size, is_time_out = _converse(process, request, arrays, limits, on_frame)
        if is_time_out:
            fault: str | None = f"it was ended after {limits.seconds:.3g} seconds"
        elif size > limits.memory_bytes:
            fault = "it was ended: its outputs take too much memory"
        else:
            fault = _fault(process.returncode)
        return Ended(tuple(frames), fault, log.last_words(), is_time_out)


def _converse(
    process: subprocess.Popen[bytes],
    request: Mapping[str, Any],
    arrays: Sequence[Array],
    limits: Limits,
    on_frame: Callable[[Json], None],
) -> tuple[list[Frame], int, bool]:
    """What the worker sent before it ended or was killed, in how many bytes, and whether it was
    too slow.
    """
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise AssertionError("both were asked for")
    deadline = time.monotonic() + limits.seconds
    arrived: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
    frames: list[Frame] = []
    size = 0

    def send() -> None:
        # A worker that has ended reads no more.
        with contextlib.suppress(OSError), stdin:
            write_frame(stdin, request, arrays)

    def receive() -> None:
        nonlocal size
        parser = FrameParser()
        try:
            with stdout:
                while size <= limits.memory_bytes and (part := os.read(stdout.fileno(), 1 << 20)):
                    size += len(part)
                    for frame in parser.feed(part):
                        arrived.put(frame)
        finally:
            arrived.put(None)

    def take(timeout: float) -> bool:
        frame = arrived.get(timeout=max(timeout, 0))
        if frame is not None:
            frames.append(frame)
            on_frame(frame[0])
        return frame is not None

    threads = [threading.Thread(target=target, daemon=True) for target in (send, receive)]
    for thread in threads:
        thread.start()
    is_time_out = False
    has_ended = False
    while True:
        left = deadline - time.monotonic()
        try:
            if not take(min(left, _GRACE)):
                break
        except queue.Empty:
            # What it started may still hold the pipe open.
            if has_ended:
                break
            has_ended = process.poll() is not None
            if left <= 0 and not has_ended:
                is_time_out = True
                break
    if not is_time_out and size <= limits.memory_bytes:
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            is_time_out = True
    # Also what a worker left behind that has ended by itself.
    _kill(process)
    process.wait()
    for thread in threads:
        thread.join(5)
    with contextlib.suppress(queue.Empty):
        while take(0):
            pass
    return frames, size, is_time_out


def _start(module: str, limits: Limits, log: IO[bytes], lifeline: int) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    # Not the current folder, which Python puts first for `-m`: it may hold anything.
    paths = dict.fromkeys([*(os.path.abspath(path) for path in sys.path if path), root])
    command = [sys.executable, "-c", _START, module, f"{limits.seconds}"]
    most = -1 if limits.file_bytes is None else limits.file_bytes
    command += [f"{limits.memory_bytes}", f"{most}", f"{lifeline}", *paths]
    # One thread: more of them take address space, and are not wanted.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        pass_fds=() if lifeline < 0 else (lifeline,),
        start_new_session=os.name == "posix",
    )


def _lifeline() -> tuple[int, int]:
    return os.pipe() if os.name == "posix" else (-1, -1)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


class _Log(Protocol):
    """What a worker prints goes to `file`; its end is kept."""

    file: IO[bytes]

    def close(self) -> None: ...

    def last_words(self) -> str: ...


class _LogFile:
    """What a worker prints, in a file without a name: in memory where the platform can, as a disk
    may be full.
    """

    def __init__(self) -> None:
        self.file = _unnamed_file()

    def close(self) -> None:
        """Let go of it."""
        self.file.close()

    def last_words(self) -> str:
        """The end of it."""
        with contextlib.suppress(OSError):
            size = self.file.seek(0, os.SEEK_END)
            self.file.seek(max(size - _LOG_BYTES, 0))
            return self.file.read().decode(errors="replace")
        return ""


class _Tail:
    """The end of what a worker prints, read as it comes: there may be any amount of it."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.file: IO[bytes] = os.fdopen(writing, "wb", buffering=0)
        self._words = bytearray()
        self._thread = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of it."""
        self.file.close()

    def _read(self, reading: int) -> None:
        with os.fdopen(reading, "rb", buffering=0) as stream:
            while part := stream.read(1 << 16):
                self._words += part
                del self._words[:-_LOG_BYTES]

    def last_words(self) -> str:
        """The end of it; the worker must have ended."""
        self.file.close()
        self._thread.join(1)
        return bytes(self._words).decode(errors="replace")


def _unnamed_file() -> IO[bytes]:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.fdopen(os.memfd_create("tflint-log"), "w+b", buffering=0)
    return tempfile.TemporaryFile(prefix="tflint-", buffering=0)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _kill(process)
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started, which is a group that keeps its number while one is left."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _fault(code: int) -> str | None:
    if code == 0:
        return None
    if code > 0:
        return f"it ended with {code}"
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code).name
        if name == "SIGKILL":
            return "it was killed (SIGKILL), as systems do that have no memory left"
        if name == "SIGXCPU":
            return "it took too much processor time"
        return f"it crashed ({name})"
    return f"it was ended by signal {-code}"
