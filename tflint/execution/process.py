"""Starting workers: processes with limits, that a model may take down without harm.

A worker is killed, with all that it started, when its time is up, when the caller is interrupted,
and by the kernel or itself when this process ends, in whatever way.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tflint.errors import HostFailed
from tflint.execution.frames import Array, Json, read_frame, write_frame

_START = """\
import sys
sys.path[:] = sys.argv[5:]
from importlib import import_module
import_module("tflint.execution.worker").main(import_module(sys.argv[1]), sys.argv[2:5])
"""
_LOG_BYTES = 4096  # What is kept of the last words of a worker.


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take: seconds by the clock, and bytes of address space.

    The address space is limited where the platform can; what is sent back may be no more.
    """

    seconds: float = 120.0
    memory_bytes: int = 4 << 30


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Ended:
    """What a worker sent before it ended. `fault` says what ended it, None where it came to its
    end by itself; `log` is what it printed last. `is_time_out` tells a worker that was too slow.
    """

    frames: tuple[tuple[Json, list[Array]], ...]
    fault: str | None = None
    log: str = ""
    is_time_out: bool = False


def run_worker(
    module: str,
    request: Mapping[str, Any],
    arrays: Sequence[Array] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Ended:
    """Let a worker answer a request: `module` names it, see `tflint.execution.worker`.

    Raises `HostFailed` where no process can be started.
    """
    with contextlib.ExitStack() as stack:
        try:
            log = stack.enter_context(_log_file())
            reading, writing = _lifeline()
            stack.callback(_close, writing)
            try:
                process = _start(module, limits, log, reading)
            finally:
                _close(reading)
        except OSError as error:
            raise HostFailed(f"no worker process can be started: {error.strerror}") from error
        stack.callback(_end, process)
        received, is_time_out = _converse(process, request, arrays, limits)
        frames = []
        stream = io.BytesIO(received)
        while (frame := read_frame(stream)) is not None:
            frames.append(frame)
        if is_time_out:
            fault: str | None = f"it was ended after {limits.seconds:.3g} seconds"
        elif len(received) > limits.memory_bytes:
            fault = "it was ended: its outputs take too much memory"
        else:
            fault = _fault(process.returncode)
        return Ended(tuple(frames), fault, _last_words(log), is_time_out)


def _converse(
    process: subprocess.Popen[bytes],
    request: Mapping[str, Any],
    arrays: Sequence[Array],
    limits: Limits,
) -> tuple[bytes, bool]:
    """What the worker sent before it ended or was killed, and whether it was too slow."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise AssertionError("both were asked for")
    deadline = time.monotonic() + limits.seconds
    received = bytearray()

    def send() -> None:
        # A worker that has ended reads no more.
        with contextlib.suppress(OSError), stdin:
            write_frame(stdin, request, arrays)

    def receive() -> None:
        with stdout:
            while len(received) <= limits.memory_bytes and (
                part := os.read(stdout.fileno(), 1 << 20)
            ):
                received.extend(part)

    threads = [threading.Thread(target=target, daemon=True) for target in (send, receive)]
    for thread in threads:
        thread.start()
    threads[1].join(max(deadline - time.monotonic(), 0))
    with contextlib.suppress(subprocess.TimeoutExpired):
        if not threads[1].is_alive() and len(received) <= limits.memory_bytes:
            process.wait(max(deadline - time.monotonic(), 0.1))
    is_time_out = process.poll() is None and len(received) <= limits.memory_bytes
    _end(process)
    for thread in threads:
        thread.join(5)
    return bytes(received), is_time_out


def _start(module: str, limits: Limits, log: IO[bytes], lifeline: int) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    # Not the current folder, which Python puts first for `-m`: it may hold anything.
    paths = dict.fromkeys([*(os.path.abspath(path) for path in sys.path if path), root])
    command = [sys.executable, "-c", _START, module, f"{limits.seconds}"]
    command += [f"{limits.memory_bytes}", f"{lifeline}", *paths]
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


def _log_file() -> IO[bytes]:
    """A file without a name, in memory where the platform can: a disk may be full."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.fdopen(os.memfd_create("tflint-log"), "w+b", buffering=0)
    return tempfile.TemporaryFile(prefix="tflint-", buffering=0)


def _last_words(log: IO[bytes]) -> str:
    with contextlib.suppress(OSError):
        size = log.seek(0, os.SEEK_END)
        log.seek(max(size - _LOG_BYTES, 0))
        return log.read().decode(errors="replace")
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _kill(process)
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
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
