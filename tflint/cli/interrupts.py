"""Ctrl-C, and being asked to end, where work that is done should not be lost."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

# The end of the process as shells tell it after Ctrl-C; also for the other signals here.
INTERRUPTED = 130
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def two_interrupts() -> Iterator[None]:
    """For what a program does last: the first signal raises `KeyboardInterrupt`, for what is
    underway to be left.

    The second raises `SystemExit`, which nobody takes for the first: files that are being written
    are removed on its way out, which no third one cuts short. Signals that are ignored, as after
    `nohup`, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}
    count = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 1:
            raise KeyboardInterrupt
        _ignore(before)
        raise SystemExit(INTERRUPTED)

    for number in [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]:
        handler = signal.getsignal(number)
        if handler not in (signal.SIG_IGN, None):
            before[number] = handler
            signal.signal(number, handle)
    try:
        yield
    finally:
        if count:
            _ignore(before)
        else:
            for number, handler in before.items():
                signal.signal(number, handler)


def _ignore(numbers: Iterable[int]) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
