"""Pausing Python's search for reference cycles where a great many objects are made to stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles until the end of the block, if there was one before.

    A model of 10,000 operators is half a million objects that all stay while it is looked at.
    The collector walks over them again and again as they become more, which takes as long as
    reading the model.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
