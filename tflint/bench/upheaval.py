"""What disturbs the runs, as far as the system says: seen by the process that makes them."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

if sys.platform != "win32":
    import resource


# Some systems count the time of threads in steps of 10 ms and more: of so many it says something.
_STEPS = 50
_LONGEST_STEP = 50_000_000


class Watch:
    """Counts from its start on; it is made, and so reads files, some time before."""

    def __init__(self) -> None:
        self._throttled = _throttled()
        self._step = _step_of_the_threads_clock()
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self._interruptions = interruptions()
        self._wall, self._own = time.perf_counter_ns(), time.thread_time_ns()

    def seen(self) -> dict[str, float | int | None]:
        """`waiting`: the part of the time in which this thread did not run. `interruptions`: how
        often the kernel took a core away. `throttled`: how often the quota of the control group
        was used up. None where the system does not say.
        """
        wall, own = time.perf_counter_ns() - self._wall, time.thread_time_ns() - self._own
        is_told = wall > _STEPS * self._step
        return {
            "waiting": min(max(1 - own / wall, 0.0), 1.0) if is_told else None,
            "interruptions": _since(self._interruptions, interruptions()),
            "throttled": _since(self._throttled, _throttled()),
        }


def control_group_file(name: str) -> Path | None:
    """A file of this process's control group that rules over the processor; None without one.

    Of a container the group that it sees as the root.
    """
    found = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(errors="replace").splitlines():
            _, controllers, path = [*line.split(":", 2), "", ""][:3]
            if not controllers or "cpu" in controllers.split(","):
                # Controllers that are mounted as one have a link for each, on most systems.
                for mounted in dict.fromkeys((controllers, controllers and "cpu")):
                    root = Path("/sys/fs/cgroup", mounted)
                    found += [root / path.lstrip("/") / name, root / name]
    return next((path for path in found if path.is_file()), None)


def interruptions() -> int | None:
    """How often the kernel has taken a core away from this process so far."""
    return None if sys.platform == "win32" else resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _step_of_the_threads_clock() -> int:
    """Nanoseconds by which it goes on; it is read until it has done so twice."""
    end = time.perf_counter_ns() + _LONGEST_STEP
    changes = [time.thread_time_ns()]
    while len(changes) < 3:
        now = time.thread_time_ns()
        if now != changes[-1]:
            changes.append(now)
        elif time.perf_counter_ns() > end:
            return _LONGEST_STEP
    return max(changes[2] - changes[1], 1)


def _throttled() -> int | None:
    path = control_group_file("cpu.stat")
    with contextlib.suppress(OSError, ValueError):
        if path is not None:
            for line in path.read_text(errors="replace").splitlines():
                key, _, value = line.partition(" ")
                if key == "nr_throttled":
                    return int(value)
    return None


def _since(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(after - before, 0)
