"""Waiting for a worker process while another one works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Beside(Generic[Found]):
    """A call in a thread of its own, for calls that wait for a process.

    The thread is a daemon: whoever is interrupted does not wait for it, and its process ends with
    this one.
    """

    def __init__(self, call: Callable[[], Found]) -> None:
        self._found: list[Found] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], Found]) -> None:
        try:
            self._found.append(call())
        except BaseException as error:
            self._error = error

    def result(self) -> Found:
        """What the call returns, when it has; raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]
