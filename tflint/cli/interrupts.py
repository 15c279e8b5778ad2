"""Ctrl-C, and being asked to end, where work that is done should not be lost."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

# The end of the process as shells tell it after Ctrl-C; also for the other signals here.
INTERRUPTED = 130
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def two_interrupts() -> Iterator[None]:
    """The first signal raises `KeyboardInterrupt`, for what is underway to be left.

    Each that follows raises `SystemExit`, which nobody takes for the first: files that are being
    written are removed on its way out. Signals that are ignored, as after `nohup`, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 1:
            raise KeyboardInterrupt
        raise SystemExit(INTERRUPTED)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {}
    for number in numbers:
        handler = signal.getsignal(number)
        if handler not in (signal.SIG_IGN, None):
            before[number] = handler
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
