"""Time limits that hold on a busy machine: the processor's time, next to a smaller run's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tflint.model.garbage import uncollected

T = TypeVar("T")
# Below this, a clock's ticks and a collection of garbage are more than the work.
LEAST_SECONDS = 0.005
TIMES = 16


def cpu_seconds(work: Callable[[], object]) -> float:
    """The processor's time that this process spends on some work.

    Searches for garbage are left out: they walk over the objects of all tests so far, and come
    with the larger of two runs.
    """
    with uncollected():
        start = time.process_time()
        work()
        return time.process_time() - start


def assert_linear(work: Callable[[T], object], make: Callable[[int], T], size: int) -> None:
    """Work on `make(size)` takes about 16 times as long as on a 16th of it.

    Up to 64 times is let pass; what is quadratic takes 256 times as long.
    """
    small, large = make(size // TIMES), make(size)
    work(small)
    reference = max(cpu_seconds(lambda: work(small)), LEAST_SECONDS)
    assert cpu_seconds(lambda: work(large)) < 4 * TIMES * reference
