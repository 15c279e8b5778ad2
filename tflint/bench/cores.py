"""The cores that are measured on: chosen once, and the workers are kept to them."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_CPUS = "/sys/devices/system/cpu"
# How long it is looked which cores are busy. The kernel counts in hundredths of a second.
_LOOK = 0.2
# The fields of `/proc/stat` that are no work: idle and waiting for disks (man 5 proc).
_IDLE = (3, 4)
# Guests are counted among user time too.
_COUNTED = 8


def allowed_cores() -> tuple[int, ...] | None:
    """The cores that this process may run on; None where the system does not say."""
    if sys.platform == "win32" or not hasattr(os, "sched_getaffinity"):
        return None
    return tuple(sorted(os.sched_getaffinity(0)))


def quiet_cores(threads: int, seconds: float = _LOOK) -> tuple[int, ...] | None:
    """As many of the allowed cores as there are threads: the fastest, and of these the quietest.

    Those that share a physical core with another of them come last, and core 0, which most
    interrupts go to, after others that are as quiet. All of them where there are no more; None
    where the system cannot keep a process to some.
    """
    allowed = allowed_cores()
    if allowed is None:
        return None
    if len(allowed) <= threads:
        return allowed
    before = _work()
    time.sleep(seconds)
    after = _work()
    busy = {core: after.get(core, 0.0) - before.get(core, 0.0) for core in allowed}
    siblings = {core: _siblings(core) for core in allowed}
    speed = _speeds(allowed)
    chosen: list[int] = []

    def worse(core: int) -> tuple[int, bool, float, bool, int]:
        shared = siblings[core]
        # A tenth of the time at most is what looking on itself and its like make.
        work = sum(busy.get(other, 0.0) for other in shared)
        is_taken = any(other in chosen for other in shared)
        return -speed[core], is_taken, round(work / seconds, 1), core == 0, core

    while len(chosen) < threads:
        chosen.append(min((core for core in allowed if core not in chosen), key=worse))
    return tuple(sorted(chosen))


def keep_to(cores: Sequence[int] | None) -> tuple[int, ...] | None:
    """Keep this process, and the threads that it will start, to some cores: those that it is
    kept to then. None where it cannot be.
    """
    if cores is None or sys.platform == "win32" or not hasattr(os, "sched_setaffinity"):
        return None
    try:
        os.sched_setaffinity(0, cores)
    except (OSError, ValueError):
        return None
    return allowed_cores()


def _work() -> dict[int, float]:
    """Seconds of work of each core so far; nothing where the system does not say."""
    found: dict[int, float] = {}
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        tick = os.sysconf("SC_CLK_TCK")
        for line in Path("/proc/stat").read_text(errors="replace").splitlines():
            if match := re.match(r"cpu(\d+)\s", line):
                fields = [int(field) for field in line.split()[1 : 1 + _COUNTED]]
                work = sum(fields) - sum(fields[place] for place in _IDLE)
                found[int(match[1])] = work / tick
    return found


def _siblings(core: int) -> frozenset[int]:
    """The cores that share its physical core, itself among them."""
    text = _read(f"{_CPUS}/cpu{core}/topology/thread_siblings_list")
    found = {core}
    for part in re.findall(r"(\d{1,5})(?:-(\d{1,5}))?", text):
        found |= set(range(int(part[0]), int(part[1] or part[0]) + 1))
    return frozenset(found)


def _speeds(cores: Sequence[int]) -> dict[int, int]:
    """How fast each is, in quarters of the fastest: cores of one kind differ by less."""
    for name in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        texts = {core: _read(f"{_CPUS}/cpu{core}/{name}").strip() for core in cores}
        if all(text.isdecimal() and len(text) < 12 for text in texts.values()):
            most = max(int(text) for text in texts.values()) or 1
            return {core: round(4 * int(text) / most) for core, text in texts.items()}
    return dict.fromkeys(cores, 0)


def _read(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(errors="replace")
    return ""
