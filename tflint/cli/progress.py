"""How far a check has come, on a terminal, when it takes long enough to wonder."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from tflint.printable import printable

# A person starts to wonder after about a second; more often than this is a flicker.
FIRST_AFTER_S = 1.0
EVERY_S = 0.1
# A longer line would break, and could not be written over.
_MOST_COLUMNS = 76
_MOST_IN_LOG = 300


class Progress:
    """A line on stderr that is written over and, at the end, taken away.

    Only where stderr is a terminal: in a log it would be noise, unless it is known to take minutes,
    when `log_every_s` has a line there each so many seconds.
    """

    def __init__(self, log_every_s: float | None = None) -> None:
        self._on = sys.stderr.isatty()
        self._next = time.monotonic() + FIRST_AFTER_S
        self._width = 0
        self._log_every_s = log_every_s
        self._next_log = time.monotonic() + (log_every_s or 0)

    def __call__(self, done: int, of: int) -> None:
        """Say that `done` of `of` files are checked, if it is time to."""
        now = time.monotonic()
        if not self._on or now < self._next:
            return
        self._next = now + EVERY_S
        self._write(f"checked {done:,} of {of:,} files")

    def say(self, text: str) -> None:
        """Say what takes its time, at once unless something else was said right before."""
        now = time.monotonic()
        if self._on and (not self._width or now >= self._next):
            self._next = now + EVERY_S
            self._write(printable(text, _MOST_COLUMNS))
        elif not self._on and self._log_every_s is not None and now >= self._next_log:
            self._next_log = now + self._log_every_s
            print(printable(text, _MOST_IN_LOG), file=sys.stderr, flush=True)

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = max(len(text), self._width)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            sys.stderr.write(f"\r{'':<{self._width}}\r")
            sys.stderr.flush()
            self._width = 0


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """Say on stderr what takes its time, as long as it does; nothing for nothing.

    Only where stderr is a terminal.
    """
    text = f"{what}..." if what and sys.stderr.isatty() else ""
    if not text:
        yield
        return
    sys.stderr.write(text)
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write(f"\r{'':<{len(text)}}\r")
        sys.stderr.flush()
