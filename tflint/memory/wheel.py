"""Ask TFLM itself, as the PyPI wheel `tflite-micro` brings it, what a model takes.

The wheel runs in a process of its own: a model can take it down, and it prints to the process'
standard error, from C++.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tflint.errors import MissingExtra

PACKAGE = "tflite_micro"
# As much as the wheel is given to measure a model in, for each byte of the estimate, and more.
_ROOM = 1 << 20
# Nobody measures an arena of gigabytes; the wheel would be given it at once.
MAX_ARENA_BYTES = 1 << 30
TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Measurement:
    """What TFLM reported for one model, in bytes; with `log` where it could not allocate.

    `by_type` is what the recording allocator tells apart. `min_arena_bytes` is a multiple of 16
    with which `AllocateTensors()` succeeded, and with 16 bytes less did not; None when it was
    not looked for. It is the smallest, but where a kernel overwrites its own temporaries in an
    arena that is too small, which some happen to survive: then it is the one that is nearest
    to the estimate.
    """

    ran: bool
    nonpersistent_bytes: int = 0
    persistent_bytes: int = 0
    by_type: Mapping[str, int] | None = None
    min_arena_bytes: int | None = None
    log: str = ""

    @property
    def arena_bytes(self) -> int:
        """What `arena_used_bytes()` reports."""
        return self.nonpersistent_bytes + self.persistent_bytes


def is_installed() -> bool:
    """Whether the wheel is there; it is not loaded."""
    return importlib.util.find_spec(PACKAGE) is not None


def measure(model: bytes, estimate: int, *, smallest: bool = True) -> Measurement:
    """What TFLM takes for a model, whose arena is about `estimate` bytes.

    Raises `MissingExtra` when the wheel is not installed.
    """
    return measure_all([(model, estimate)], smallest=smallest)[0]


def measure_all(models: Sequence[tuple[bytes, int]], *, smallest: bool = True) -> list[Measurement]:
    """Each model's measurement, in order; a model that takes the process down has its log."""
    if not is_installed():
        raise MissingExtra("measuring on this host", "tflm")
    results: list[Measurement] = []
    while len(results) < len(models):
        results += _run(models[len(results) :], smallest=smallest)
    return results


def _run(models: Sequence[tuple[bytes, int]], *, smallest: bool) -> Iterator[Measurement]:
    """The measurements up to the one that ends the process."""
    import numpy as np

    from tflint.execution.process import Limits, run_worker

    jobs = []
    for _, estimate in models:
        room = min(2 * estimate + _ROOM, MAX_ARENA_BYTES)
        jobs.append((room // 16 * 16, estimate))
    ended = run_worker(
        "tflint.memory.wheel_worker",
        {"smallest": smallest, "jobs": jobs},
        [np.frombuffer(data, np.uint8) for data, _ in models],
        Limits(TIMEOUT_SECONDS + 2 * len(jobs)),
    )
    for head, _ in ended.frames:
        yield Measurement(**head)
    if len(ended.frames) < len(models):
        yield Measurement(ran=False, log=f"TFLM was brought down: {ended.fault or 'it ended'}")
